/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/report/source.h"
#include "core/report/view.h"

typedef struct maker {
    const evprof_view_t *view;
    const evprof_pprof_t *p;        /* the view's profile */
    const evprof_pprof_t *original; /* with all files and lines */
    evprof_graph_t *graph;
    const evprof_node_t *nodes; /* of the places */
    int64_t *start_lines;       /* of the original's functions, 0: unknown */
    evprof_stacks_t *s;
} maker_t;

/* ---- Places ---- */

/* Functions start where the profile says, else at their first sampled line. */
static bool
find_start_lines(maker_t *m)
{
    const evprof_pprof_t *o = m->original;
    m->start_lines = calloc(o->function_count + 1, sizeof(*m->start_lines));
    if (m->start_lines == NULL) {
        return false;
    }
    for (size_t i = 0; i < o->location_count; i++) {
        for (uint32_t j = 0; j < o->locations[i].line_count; j++) {
            const evprof_line_t *line = &o->locations[i].lines[j];
            if (line->function == EVPROF_NO_INDEX || line->line <= 0) {
                continue;
            }
            int64_t *start = &m->start_lines[line->function];
            *start = *start == 0 || line->line < *start ? line->line : *start;
        }
    }
    for (size_t i = 0; i < o->function_count; i++) {
        if (o->functions[i].start_line > 0) {
            m->start_lines[i] = o->functions[i].start_line;
        }
    }
    return true;
}

static const char *
keep_text(maker_t *m, const char *text)
{
    return evprof_strings_intern(&m->s->strings, text);
}

/* Parts that the node leaves out are taken from the original function. */
static bool
describe_source(maker_t *m, const evprof_node_info_t *info, uint32_t function,
                evprof_stack_place_t *out)
{
    const char *file = info->file;
    out->line = info->line;
    if (function < m->original->function_count) {
        file = m->original->functions[function].filename;
        out->line = info->line != 0 ? info->line : m->start_lines[function];
    }
    const evprof_options_t *o = evprof_view_options(m->view);
    file += evprof_source_trim(file, o->trim_path, o->source_path);
    out->file = keep_text(m, file);
    return out->file != NULL;
}

static bool
describe_place(maker_t *m, uint32_t place, const evprof_location_t *loc,
               uint32_t function)
{
    evprof_stack_place_t *out = &m->s->places[place];
    if (out->name != NULL) {
        return true;
    }
    const evprof_node_t *node = &m->nodes[place];
    const char *object = loc->mapping == EVPROF_NO_INDEX
                             ? ""
                             : m->p->mappings[loc->mapping].file;
    out->name = keep_text(m, node->name);
    out->function = keep_text(m, node->info.name);
    out->object = keep_text(m, object);
    return out->name != NULL && out->function != NULL && out->object != NULL &&
           describe_source(m, &node->info, function, out);
}

static bool
describe_places(maker_t *m)
{
    m->nodes = evprof_graph_places(m->graph, &m->s->place_count);
    m->s->places = calloc(m->s->place_count + 1, sizeof(*m->s->places));
    if (m->s->places == NULL || !find_start_lines(m)) {
        return false;
    }
    for (size_t i = 0; i < m->p->location_count; i++) {
        const evprof_location_t *loc = &m->p->locations[i];
        size_t count;
        evprof_node_t *const *nodes =
            evprof_graph_location(m->graph, (uint32_t)i, &count);
        for (size_t j = 0; j < count; j++) {
            uint32_t function =
                j < loc->line_count ? loc->lines[j].function : EVPROF_NO_INDEX;
            if (!describe_place(m, (uint32_t)(nodes[j] - m->nodes), loc,
                                function)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- Stacks ---- */

static size_t
count_frames(const maker_t *m)
{
    size_t frames = 0;
    for (size_t i = 0; i < m->p->sample_count; i++) {
        const evprof_sample_t *sample = &m->p->samples[i];
        for (uint32_t j = 0; j < sample->location_count; j++) {
            size_t count;
            evprof_graph_location(m->graph, sample->locations[j], &count);
            frames += count;
        }
    }
    return frames;
}

static void
add_frames(maker_t *m, const evprof_sample_t *sample)
{
    evprof_stacks_t *s = m->s;
    for (uint32_t i = sample->location_count; i-- > 0;) {
        size_t count;
        evprof_node_t *const *nodes =
            evprof_graph_location(m->graph, sample->locations[i], &count);
        for (size_t j = count; j-- > 0;) {
            uint32_t place = (uint32_t)(nodes[j] - m->nodes);
            s->frames[s->frame_count++] = place << 1 | (j + 1 < count);
        }
    }
}

static void
add_stack(maker_t *m, const evprof_sample_t *sample)
{
    evprof_stacks_t *s = m->s;
    evprof_view_stack_t *stack = &s->stacks[s->count++];
    stack->first = (uint32_t)s->frame_count;
    add_frames(m, sample);
    stack->len = (uint32_t)s->frame_count - stack->first;
    stack->value = evprof_view_weight(m->view, sample);
    stack->divisor = s->is_mean ? sample->values[0] : 0;
    s->is_signed = s->is_signed || stack->value < 0;
    s->is_compared =
        s->is_compared || (stack->value < 0 && evprof_view_is_base(sample));
}

static int
add_stacks(maker_t *m, evprof_error_t *err)
{
    evprof_stacks_t *s = m->s;
    size_t frames = count_frames(m);
    if (frames >= UINT32_MAX) {
        return evprof_fail(err, EVPROF_ELIMIT, "too many frames");
    }
    s->frames = calloc(frames + 1, sizeof(*s->frames));
    s->stacks = calloc(m->p->sample_count + 1, sizeof(*s->stacks));
    if (s->frames == NULL || s->stacks == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "stacks: out of memory");
    }
    for (size_t i = 0; i < m->p->sample_count; i++) {
        const evprof_sample_t *sample = &m->p->samples[i];
        if (evprof_view_weight(m->view, sample) != 0) {
            add_stack(m, sample);
        }
    }
    return EVPROF_OK;
}

/* ---- The view's own data ---- */

static bool
describe_view(maker_t *m)
{
    evprof_stacks_t *s = m->s;
    evprof_heading_t labels = { 0 };
    evprof_view_profile_labels(m->view, &labels);
    s->labels = keep_text(
        m, labels.text.len > 0 && !labels.text.failed ? labels.text.data : "");
    evprof_buf_free(&labels.text);
    s->total = evprof_view_total(m->view);
    s->title = keep_text(m, evprof_view_title(m->view));
    s->type = keep_text(m, evprof_view_sample_type(m->view));
    s->unit = keep_text(m, evprof_view_sample_unit(m->view));
    s->output_unit = keep_text(m, evprof_view_options(m->view)->unit);
    s->ratio = evprof_view_ratio(m->view);
    s->is_mean = evprof_view_options(m->view)->mean;
    s->drops_negative = evprof_view_options(m->view)->drop_negative;
    return s->labels != NULL && s->title != NULL && s->type != NULL &&
           s->unit != NULL && s->output_unit != NULL;
}

int
evprof_stacks_make(const evprof_view_t *view, const evprof_pprof_t *original,
                   evprof_stacks_t **out, evprof_error_t *err)
{
    maker_t m = { .view = view,
                  .p = evprof_view_profile(view),
                  .original = original };
    m.s = calloc(1, sizeof(*m.s));
    if (m.s == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "stacks: out of memory");
    }
    int status = evprof_graph_new_places(m.p, &m.graph, err);
    if (status == EVPROF_OK && (!describe_view(&m) || !describe_places(&m))) {
        status = evprof_fail(err, EVPROF_ENOMEM, "stacks: out of memory");
    }
    if (status == EVPROF_OK) {
        status = add_stacks(&m, err);
    }
    evprof_graph_free(m.graph);
    free(m.start_lines);
    if (status != EVPROF_OK) {
        evprof_stacks_free(m.s);
        return status;
    }
    *out = m.s;
    return EVPROF_OK;
}

void
evprof_stacks_free(evprof_stacks_t *s)
{
    if (s == NULL) {
        return;
    }
    evprof_strings_free(&s->strings);
    free(s->places);
    free(s->frames);
    free(s->repeats);
    free(s->stacks);
    free(s);
}

size_t
evprof_stacks_bytes(const evprof_stacks_t *s)
{
    return s->strings.arena.total + s->place_count * sizeof(*s->places) +
           s->frame_count * sizeof(*s->frames) + s->count * sizeof(*s->stacks);
}
