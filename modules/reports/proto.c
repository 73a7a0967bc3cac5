/* SPDX-License-Identifier: Apache-2.0 */
/* The profile itself, merged and filtered, as profile.proto. */
#include <stdlib.h>

#include "core/analysis/gzip_parallel.h"
#include "core/base/error.h"
#include "core/report/report.h"

#define ENCODE_FLAGS (EVPROF_ENCODE_KEEP_IDS | EVPROF_ENCODE_PLAIN)

static int64_t
scaled(int64_t value, double ratio)
{
    double product = (double)value * ratio;
    return product > -9.2e18 && product < 9.2e18 ? (int64_t)product : INT64_MIN;
}

/* Encodes a shallow copy whose samples have values of their own. */
static int
write_scaled(const evprof_pprof_t *p, double ratio, const evprof_writer_t *out,
             evprof_error_t *err)
{
    evprof_pprof_t copy = *p;
    copy.samples = calloc(p->sample_count + 1, sizeof(*copy.samples));
    int64_t *values =
        calloc(p->sample_count * p->type_count + 1, sizeof(*values));
    int status = EVPROF_ENOMEM;
    if (copy.samples != NULL && values != NULL) {
        int64_t *next = values;
        for (size_t i = 0; i < p->sample_count; i++) {
            copy.samples[i] = p->samples[i];
            copy.samples[i].values = next;
            for (size_t j = 0; j < p->type_count; j++) {
                *next++ = scaled(p->samples[i].values[j], ratio);
            }
        }
        status = evprof_pprof_encode(&copy, ENCODE_FLAGS, out, err);
    } else {
        evprof_fail(err, status, "proto: out of memory");
    }
    free(copy.samples);
    free(values);
    return status;
}

/* Encodes to memory and compresses on all processors: nearly all of the time
 * that a large profile takes goes there. */
static int
compress(const evprof_pprof_t *p, double ratio, const evprof_writer_t *out,
         evprof_error_t *err)
{
    evprof_buf_t plain = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&plain);
    int status = ratio == 1 ? evprof_pprof_encode(p, ENCODE_FLAGS, &writer, err)
                            : write_scaled(p, ratio, &writer, err);
    if (status == EVPROF_OK) {
        status = evprof_gzip_parallel(plain.data, plain.len, out, err);
    }
    evprof_buf_free(&plain);
    return status;
}

static int
write_proto(evprof_view_t *view, const evprof_writer_t *out,
            evprof_error_t *err)
{
    return compress(evprof_view_profile(view), evprof_view_ratio(view), out,
                    err);
}

const evprof_report_t evprof_report_proto = {
    .name = "proto",
    .summary = "What is left of the profile, as a pprof file",
    .flags = EVPROF_REPORT_ADDRESSES | EVPROF_REPORT_UNTRIMMED |
             EVPROF_REPORT_BINARY,
    .suffix = "pb.gz",
    .write = write_proto,
};
