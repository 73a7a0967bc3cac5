/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_TESTING_ADD_H
#define TESTS_E2E_TESTING_ADD_H

#ifdef __cplusplus
extern "C" {
#endif

/* Some sum that takes a while. */
long Add(long a, long b);

#ifdef __cplusplus
}
#endif

#endif
