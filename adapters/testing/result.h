/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_RESULT_H
#define EVPROF_TESTING_RESULT_H

#include <stdint.h>

#include "adapters/testing/state.h"
#include "core/base/buf.h"

/*
 * The columns of a benchmark's result after its name: iterations, ns/op, MB/s,
 * metrics sorted by unit, and B/op and allocs/op when `with_memory`. The layout
 * is that of golang.org/design/14313-benchmark-format, which benchstat reads.
 */
void evprof_result_format(evprof_buf_t *out, const evprof_bench_t *bench,
                          bool with_memory);

#endif
