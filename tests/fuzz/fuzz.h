/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTS_FUZZ_H
#define EVPROF_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What each target defines; the name is libFuzzer's. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
