/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every input format: each reader is given the bytes, whatever the probes say,
 * then all of them in their order. What comes out must pass the check and be
 * possible to write.
 */
#include <stdlib.h>

#include "core/analysis/format.h"
#include "core/base/buf.h"
#include "tests/fuzz/fuzz.h"

static void
judge(int status, evprof_pprof_t *p, const evprof_error_t *err)
{
    if (status != EVPROF_OK) {
        if (p != NULL || (status != EVPROF_ENOTSUP &&
                          (err->status != status || err->message[0] == '\0'))) {
            abort();
        }
        return;
    }
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    if (evprof_pprof_check(p, NULL) != EVPROF_OK ||
        evprof_pprof_encode(p, 0, &out, NULL) != EVPROF_OK) {
        abort();
    }
    evprof_buf_free(&buf);
    evprof_pprof_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    evprof_error_t err = { 0 };
    evprof_pprof_t *p = NULL;
    for (size_t i = 0; evprof_formats[i] != NULL && len > 0; i++) {
        p = NULL;
        int status = evprof_formats[i]->read((const char *)data, len, &p, &err);
        judge(status, p, &err);
    }
    p = NULL;
    int status = evprof_format_read(evprof_formats, data, len, &p, &err);
    judge(status, p, &err);
    return 0;
}
