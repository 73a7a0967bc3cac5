/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EXPORT_H
#define EVPROF_EXPORT_H

/* Everything is hidden but what carries this mark. */
#define EVPROF_API __attribute__((visibility("default")))

#endif
