/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merges sources one after another. Tables and samples go into the merged
 * profile at once. Headers are merged beside it, since those of all sources
 * together decide.
 */
#include <stdlib.h>

#include "core/analysis/merge.h"
#include "core/analysis/merge_state.h"
#include "core/analysis/types.h"
#include "core/base/error.h"

struct evprof_merging {
    evprof_merger_t merger;
    evprof_pprof_t *head; /* the sources' headers; NULL: none came yet */
    int status;           /* the first failure that spoils the result */
};

evprof_merging_t *
evprof_merging_new(void)
{
    evprof_merging_t *m = calloc(1, sizeof(*m));
    if (m != NULL) {
        m->merger.out = evprof_pprof_new();
    }
    if (m != NULL && m->merger.out == NULL) {
        free(m);
        return NULL;
    }
    return m;
}

/* The headers so far and those of `source`, as those of one profile. */
static int
add_head(evprof_merging_t *m, evprof_pprof_t *source)
{
    evprof_pprof_t *const both[] = { m->head, source };
    size_t skip = m->head == NULL ? 1 : 0;
    evprof_pprof_t *head = evprof_pprof_new();
    int status =
        head == NULL ? EVPROF_ENOMEM : evprof_merge_columns(head, source);
    if (status == EVPROF_OK) {
        status = evprof_merge_headers(head, both + skip, 2 - skip);
    }
    if (status == EVPROF_OK && m->head == NULL) {
        status = evprof_merge_columns(m->merger.out, source);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(head);
        return status;
    }
    evprof_pprof_free(m->head);
    m->head = head;
    return EVPROF_OK;
}

int
evprof_merging_add(evprof_merging_t *m, evprof_pprof_t *source,
                   evprof_error_t *err)
{
    int status = m->status;
    if (status == EVPROF_OK && m->head != NULL) {
        status = evprof_types_check_equal(m->head, source, err);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    if (status == EVPROF_OK) {
        status = add_head(m, source);
    }
    if (status == EVPROF_OK) {
        status = evprof_merger_add(&m->merger, source);
    }
    m->status = status;
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status, "merge: out of memory");
}

int
evprof_merging_end(evprof_merging_t *m, evprof_pprof_t **out,
                   evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    int status = evprof_merger_end(&m->merger, m->status, &p);
    if (status == EVPROF_OK) {
        status = evprof_merge_collect_zeros(&p);
    }
    if (status == EVPROF_OK && m->head != NULL) {
        status = evprof_merge_headers(p, &m->head, 1);
    }
    evprof_pprof_free(m->head);
    free(m);
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return evprof_fail(err, status, "merge: out of memory");
    }
    *out = p;
    return EVPROF_OK;
}
