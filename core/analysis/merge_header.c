/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a merged profile: the earliest start, the sum of the durations
 * (pprof's choice), the longest period, each comment once, and the other fields
 * of the first source that has them. That a source was idle is no comment on
 * the whole, where another one was not.
 */
#include "core/analysis/merge_state.h"
#include "core/profile/loss.h"

int
evprof_merge_text(evprof_pprof_t *p, const char **text)
{
    *text = evprof_strings_intern(&p->strings, *text);
    return *text == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

int
evprof_merge_columns(evprof_pprof_t *p, const evprof_pprof_t *first)
{
    p->type_count = first->type_count;
    p->types = evprof_arena_calloc(&p->arena, p->type_count, sizeof(*p->types));
    if (p->types == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = EVPROF_OK;
    for (size_t i = 0; i < p->type_count && status == EVPROF_OK; i++) {
        p->types[i] = first->types[i];
        status = evprof_merge_text(p, &p->types[i].type);
        status = status != EVPROF_OK ? status
                                     : evprof_merge_text(p, &p->types[i].unit);
    }
    return status;
}

/* Adds a comment unless it is there already. */
static int
add_comment(evprof_pprof_t *p, const char *text, evprof_index_t *seen)
{
    if (evprof_merge_text(p, &text) != EVPROF_OK) {
        return EVPROF_ENOMEM;
    }
    uint64_t hash = (uint64_t)(uintptr_t)text;
    evprof_index_walk_t walk = evprof_index_walk(seen, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && p->comments[row] != text) {
        row = evprof_index_next(&walk);
    }
    if (row != EVPROF_INDEX_END) {
        return EVPROF_OK;
    }
    p->comments[p->comment_count] = text;
    return evprof_index_add(seen, hash, (uint32_t)p->comment_count++);
}

static int
merge_comments(evprof_pprof_t *p, evprof_pprof_t *const *sources, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += sources[i]->comment_count;
    }
    p->comments = evprof_arena_calloc(&p->arena, total, sizeof(*p->comments));
    if (p->comments == NULL) {
        return EVPROF_ENOMEM;
    }
    evprof_index_t seen = { 0 };
    int status = EVPROF_OK;
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < sources[i]->comment_count && status == EVPROF_OK;
             n++) {
            const char *text = sources[i]->comments[n];
            if (p->sample_count == 0 || !evprof_loss_is_idle(text)) {
                status = add_comment(p, text, &seen);
            }
        }
    }
    evprof_index_free(&seen);
    return status;
}

static void
merge_times(evprof_pprof_t *p, evprof_pprof_t *const *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const evprof_pprof_t *s = sources[i];
        if (p->time_ns == 0 || s->time_ns < p->time_ns) {
            p->time_ns = s->time_ns;
        }
        p->duration_ns =
            (int64_t)((uint64_t)p->duration_ns + (uint64_t)s->duration_ns);
        if (p->period == 0 || p->period < s->period) {
            p->period = s->period;
        }
        p->default_type =
            p->default_type[0] == '\0' ? s->default_type : p->default_type;
        p->doc_url = p->doc_url[0] == '\0' ? s->doc_url : p->doc_url;
    }
}

int
evprof_merge_headers(evprof_pprof_t *p, evprof_pprof_t *const *sources,
                     size_t count)
{
    p->period_type = sources[0]->period_type;
    p->drop_frames = sources[0]->drop_frames;
    p->keep_frames = sources[0]->keep_frames;
    merge_times(p, sources, count);
    const char **const texts[] = { &p->period_type.type, &p->period_type.unit,
                                   &p->drop_frames,      &p->keep_frames,
                                   &p->default_type,     &p->doc_url };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (evprof_merge_text(p, texts[i]) != EVPROF_OK) {
            return EVPROF_ENOMEM;
        }
    }
    return merge_comments(p, sources, count);
}
