/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_METRICS_H
#define EVPROF_RUNTIME_METRICS_H

#include "core/base/buf.h"

/* Appends what the process uses as lines "process.NAME: NUMBER". Any thread. */
EVPROF_API void evprof_metrics_lines(evprof_buf_t *out);

#endif
