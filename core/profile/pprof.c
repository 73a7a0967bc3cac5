/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a profile: everything it points to lives in its two arenas, so
 * that freeing it does not walk it.
 */
#include "core/profile/pprof.h"

#include <stdlib.h>

evprof_pprof_t *
evprof_pprof_new(void)
{
    evprof_pprof_t *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    const char *empty = evprof_strings_intern(&p->strings, "");
    if (empty == NULL) {
        evprof_pprof_free(p);
        return NULL;
    }
    p->period_type = (evprof_value_type_t){ empty, empty };
    p->drop_frames = empty;
    p->keep_frames = empty;
    p->default_type = empty;
    p->doc_url = empty;
    return p;
}

void
evprof_pprof_free(evprof_pprof_t *p)
{
    if (p == NULL) {
        return;
    }
    evprof_strings_free(&p->strings);
    evprof_arena_free(&p->arena);
    free(p);
}

int
evprof_pprof_comment(evprof_pprof_t *p, const char *text)
{
    const char *own = evprof_strings_intern(&p->strings, text);
    const char **comments = evprof_arena_extend(
        &p->arena, p->comments, p->comment_count, 1, sizeof(*comments));
    if (own == NULL || comments == NULL) {
        return EVPROF_ENOMEM;
    }
    comments[p->comment_count++] = own;
    p->comments = comments;
    return EVPROF_OK;
}

bool
evprof_sample_is_zero(const evprof_sample_t *sample, size_t type_count)
{
    int64_t any = 0;
    for (size_t i = 0; i < type_count; i++) {
        any |= sample->values[i];
    }
    return any == 0;
}

size_t
evprof_samples_drop_zero(evprof_sample_t *samples, size_t count,
                         size_t type_count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!evprof_sample_is_zero(&samples[i], type_count)) {
            samples[kept++] = samples[i];
        }
    }
    return kept;
}
