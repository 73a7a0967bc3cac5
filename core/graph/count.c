/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights of nodes and edges of a graph. This is the loop that sees every frame
 * of a profile, so it touches small arrays of its own and not the nodes. A node
 * or an edge that occurs twice in a stack counts once; "the last sample that
 * counted here" replaces a set of those seen.
 */
#include <stdlib.h>

#include "core/graph/internal.h"

#include "core/base/sum.h"

typedef struct counter {
    const evprof_graph_t *g;
    int64_t *cum;
    int64_t *cum_div;
    uint32_t *last_sample; /* index + 1 */
} counter_t;

/* Reads the sample's value and divisor. False: it does not count. */
bool
evprof_graph_weigh(const evprof_graph_t *g, const evprof_sample_t *s,
                   int64_t *value, int64_t *divisor)
{
    *value = s->values[g->options.value];
    *divisor = g->options.is_mean ? s->values[0] : 0;
    return *value != 0 || *divisor != 0;
}

static inline void
count_place(counter_t *c, uint32_t place, uint32_t stamp, int64_t value,
            int64_t divisor)
{
    if (c->last_sample[place] == stamp) {
        return;
    }
    c->last_sample[place] = stamp;
    c->cum[place] = evprof_sum(c->cum[place], value);
    if (c->cum_div != NULL) {
        c->cum_div[place] = evprof_sum(c->cum_div[place], divisor);
    }
}

static void
count_stack(counter_t *c, const evprof_sample_t *s, uint32_t stamp,
            int64_t value, int64_t divisor)
{
    const evprof_graph_t *g = c->g;
    for (uint32_t i = 0; i < s->location_count; i++) {
        uint32_t first = g->first_line[s->locations[i]];
        uint32_t end = g->first_line[s->locations[i] + 1];
        for (uint32_t j = first; j < end; j++) {
            count_place(c, g->line_place[j], stamp, value, divisor);
        }
    }
}

static void
count_samples(counter_t *c, evprof_graph_t *g)
{
    const evprof_pprof_t *p = g->profile;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        int64_t value;
        int64_t divisor;
        if (s->location_count == 0 ||
            !evprof_graph_weigh(g, s, &value, &divisor)) {
            continue;
        }
        count_stack(c, s, (uint32_t)i + 1, value, divisor);
        uint32_t leaf = g->line_place[g->first_line[s->locations[0]]];
        evprof_node_t *node = &g->places[leaf];
        node->flat = evprof_sum(node->flat, value);
        node->flat_div = evprof_sum(node->flat_div, divisor);
    }
}

int
evprof_graph_count_places(evprof_graph_t *g)
{
    size_t count = g->place_count + 1;
    counter_t c = { .g = g };
    c.cum = calloc(count, sizeof(*c.cum));
    c.last_sample = calloc(count, sizeof(*c.last_sample));
    if (g->options.is_mean) {
        c.cum_div = calloc(count, sizeof(*c.cum_div));
    }
    bool is_complete = c.cum != NULL && c.last_sample != NULL &&
                       (c.cum_div != NULL || !g->options.is_mean);
    if (is_complete) {
        count_samples(&c, g);
        for (size_t i = 0; i < g->place_count; i++) {
            g->places[i].cum = c.cum[i];
            g->places[i].cum_div = c.cum_div != NULL ? c.cum_div[i] : 0;
        }
    }
    free(c.cum);
    free(c.cum_div);
    free(c.last_sample);
    return is_complete ? EVPROF_OK : EVPROF_ENOMEM;
}

typedef struct call {
    uint32_t parent; /* EVPROF_NO_INDEX: none yet */
    uint32_t stamp;
    int64_t value;
    int64_t divisor;
    bool is_residual;
} call_t;

static bool
is_wanted(const evprof_graph_t *g, uint32_t place)
{
    return g->options.edges != EVPROF_EDGES_INLINED ||
           g->places[place].may_be_inlined;
}

/* False: out of memory. */
static bool
add_call(evprof_graph_t *g, const call_t *call, uint32_t place, bool is_inline)
{
    evprof_edge_t *e = evprof_graph_edge(g, call->parent, place);
    if (e == NULL) {
        return false;
    }
    if (e->last_sample == call->stamp) {
        return true;
    }
    bool is_new = e->last_sample == 0;
    e->last_sample = call->stamp;
    e->weight = evprof_sum(e->weight, call->value);
    e->weight_div = evprof_sum(e->weight_div, call->divisor);
    e->is_residual |= call->is_residual;
    e->is_inline = is_inline && (is_new || e->is_inline);
    return true;
}

static bool
add_location(evprof_graph_t *g, call_t *call, uint32_t location)
{
    uint32_t first = g->first_line[location];
    uint32_t end = g->first_line[location + 1];
    for (uint32_t j = end; j-- > first;) {
        uint32_t place = g->line_place[j];
        if (!g->places[place].is_kept) {
            call->is_residual = true;
            continue;
        }
        if (call->parent != EVPROF_NO_INDEX && call->parent != place &&
            is_wanted(g, place) && !add_call(g, call, place, j + 1 != end)) {
            return false;
        }
        call->parent = place;
        call->is_residual = false;
    }
    return true;
}

int
evprof_graph_make_edges(evprof_graph_t *g)
{
    const evprof_pprof_t *p = g->profile;
    evprof_graph_clear_edges(g);
    if (g->options.edges == EVPROF_EDGES_INLINED && !g->has_inlines) {
        return EVPROF_OK;
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        call_t call = { .parent = EVPROF_NO_INDEX, .stamp = (uint32_t)i + 1 };
        if (!evprof_graph_weigh(g, s, &call.value, &call.divisor)) {
            continue;
        }
        for (uint32_t j = s->location_count; j-- > 0;) {
            if (!add_location(g, &call, s->locations[j])) {
                return EVPROF_ENOMEM;
            }
        }
    }
    return EVPROF_OK;
}
