/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perf.data files. Their format follows the kernel and perf that wrote them, so
 * the perf of this machine is asked to print them, and what it prints is read
 * as any output of perf script.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/read_source.h"
#include "core/analysis/format.h"
#include "core/base/error.h"
#include "core/base/process.h"

/* perf looks up names and lines, which may take long. */
#define LIMIT_MS (30 * 60 * 1000)

bool
cli_is_perf_data(const void *data, size_t len)
{
    static const char magic[] = "PERFILE2";
    return len >= sizeof(magic) - 1 &&
           memcmp(data, magic, sizeof(magic) - 1) == 0;
}

/* -f: perf refuses files of other users, even those that may be read. */
static int
run_perf(const char *file, evprof_buf_t *text, evprof_error_t *err)
{
    char perf[] = "perf";
    char script[] = "script";
    char force[] = "-f";
    char input[] = "-i";
    char *name = strdup(file);
    char *argv[] = { perf, script, force, input, name, NULL };
    const evprof_buf_t nothing = { 0 };
    if (name == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    int status = evprof_process_filter(argv, &nothing, LIMIT_MS, text, err);
    free(name);
    return status;
}

int
cli_perf_data_read(const char *file, evprof_pprof_t **out, evprof_error_t *err)
{
    evprof_buf_t text = { 0 };
    evprof_error_t why;
    int status = run_perf(file, &text, &why);
    if (status == EVPROF_ENOENT) {
        evprof_fail(err, status,
                    "it is a perf.data file, and perf is not installed: "
                    "install it (linux-perf in Debian), or give what perf "
                    "script prints");
    } else if (status != EVPROF_OK) {
        evprof_fail(err, status, "perf script cannot print it: %s",
                    why.message);
    } else if (text.len == 0) {
        status = evprof_fail(err, EVPROF_EINVAL,
                             "perf script prints nothing of it: it holds no "
                             "samples");
    } else {
        status =
            evprof_format_read(evprof_formats, text.data, text.len, out, err);
    }
    evprof_buf_free(&text);
    return status;
}
