/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/metrics.h"

#include <inttypes.h>

#include "core/runtime/gauge.h"

void
evprof_metrics_lines(evprof_buf_t *out)
{
    evprof_usage_t usage;
    evprof_usage_read(&usage);
    evprof_buf_printf(out,
                      "process.threads: %ld\n"
                      "process.resident_bytes: %" PRId64 "\n"
                      "process.cpu_ns: %" PRId64 "\n",
                      usage.threads, usage.rss_bytes, usage.cpu_ns);
}
