/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/gather/merge.h"

#include <stdio.h>

#include "core/analysis/merge.h"
#include "core/analysis/scale.h"
#include "core/base/error.h"
#include "core/profile/pprof.h"

/* Adds the profile of one worker. A profile that cannot be read counts as no
 * answer. */
static int
add_part(evprof_merging_t *merging, const evprof_part_t *part, size_t *merged)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    char pid[16];
    (void)snprintf(pid, sizeof(pid), "%ld", (long)part->pid);
    if (part->bytes.len == 0 ||
        evprof_pprof_decode(part->bytes.data, part->bytes.len, 0, &p, &err) !=
            EVPROF_OK) {
        return EVPROF_OK;
    }
    int status = evprof_pprof_set_label(p, "pid", pid);
    if (status == EVPROF_OK) {
        status = evprof_merging_add(merging, p, &err);
        *merged += status == EVPROF_OK;
    }
    evprof_pprof_free(p);
    return status == EVPROF_ENOMEM ? status : EVPROF_OK;
}

static int
say_count(evprof_pprof_t *p, size_t merged, size_t count)
{
    char text[96];
    (void)snprintf(text, sizeof(text),
                   merged == count ? "# evprof: gather: %zu of %zu workers"
                                   : "gather: %zu of %zu workers answered",
                   merged, count);
    return evprof_pprof_comment(p, text);
}

int
evprof_parts_merge(const evprof_part_t *parts, size_t count, evprof_buf_t *out,
                   evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    size_t merged = 0;
    evprof_merging_t *merging = evprof_merging_new();
    int status = merging == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = add_part(merging, &parts[i], &merged);
    }
    if (merging != NULL && merged > 0) {
        int ended = evprof_merging_end(merging, &p, err);
        status = status == EVPROF_OK ? ended : status;
    }
    if (status == EVPROF_OK && p == NULL) {
        return evprof_fail(err, EVPROF_EPARSE, "no worker has a profile");
    }
    if (status == EVPROF_OK) {
        status = say_count(p, merged, count);
    }
    if (status == EVPROF_OK) {
        evprof_writer_t writer = evprof_writer_buf(out);
        status = evprof_pprof_encode(p, 0, &writer, err);
    }
    evprof_pprof_free(p);
    return status == EVPROF_ENOMEM
               ? evprof_fail(err, status, "gather: out of memory")
               : status;
}
