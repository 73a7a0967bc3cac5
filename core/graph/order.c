/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of nodes. Reports by number sort by one weight, then by name, then by
 * the other weight; drawings by a score that favours nodes where paths fork or
 * join over those that only pass samples on. What is still equal is ordered by
 * every field of the place, so that equal input gives equal output.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph/internal.h"

#include "core/base/sum.h"

/* The place as Go's fmt prints the structure pprof compares. */
static void
spell(evprof_buf_t *out, const evprof_node_info_t *info)
{
    evprof_buf_printf(out, "{%s  %llu %s %lld %lld %lld %s}", info->name,
                      (unsigned long long)info->address, info->file,
                      (long long)info->start_line, (long long)info->line,
                      (long long)info->column, info->object);
}

static int
compare_places(const evprof_node_t *l, const evprof_node_t *r)
{
    evprof_buf_t left = { 0 };
    evprof_buf_t right = { 0 };
    spell(&left, &l->info);
    spell(&right, &r->info);
    int order = 0;
    if (!left.failed && !right.failed) {
        order = strcmp(left.data, right.data);
    }
    evprof_buf_free(&left);
    evprof_buf_free(&right);
    return order;
}

static int
compare_by_key(const void *a, const void *b)
{
    const evprof_node_t *l = *(evprof_node_t *const *)a;
    const evprof_node_t *r = *(evprof_node_t *const *)b;
    int64_t lk = evprof_magnitude(l->sort_key);
    int64_t rk = evprof_magnitude(r->sort_key);
    if (lk != rk) {
        return lk > rk ? -1 : 1;
    }
    int order = l->name == r->name ? 0 : strcmp(l->name, r->name);
    if (order != 0) {
        return order;
    }
    int64_t lt = evprof_magnitude(l->sort_tie);
    int64_t rt = evprof_magnitude(r->sort_tie);
    if (lt != rt) {
        return lt > rt ? -1 : 1;
    }
    return compare_places(l, r);
}

static double
log2_of(double x)
{
    int exponent;
    double fraction = frexp(x, &exponent);
    if (fraction == 0.5) {
        return exponent - 1;
    }
    return log(fraction) * (1 / M_LN2) + exponent;
}

static double
entropy_term(int64_t weight, int64_t total)
{
    double share = (double)evprof_magnitude(weight) / (double)total;
    return -share * log2_of(share);
}

/* How evenly a node's weight is spread over its callers or callees. */
static double
edge_entropy(evprof_edge_t *const *edges, size_t count, int64_t self)
{
    int64_t total = self;
    for (size_t i = 0; i < count; i++) {
        total = evprof_sum(total, edges[i]->weight > 0 ? edges[i]->weight : 0);
    }
    double score = 0;
    if (total == 0) {
        return score;
    }
    for (size_t i = 0; i < count; i++) {
        score += entropy_term(edges[i]->weight, total);
    }
    return self > 0 ? score + entropy_term(self, total) : score;
}

static int64_t
entropy_score(const evprof_node_t *n)
{
    double score = n->in_count == 0 ? 1 : edge_entropy(n->in, n->in_count, 0);
    score +=
        n->out_count == 0 ? 1 : edge_entropy(n->out, n->out_count, n->flat);
    double scaled = score * (double)n->cum;
    /* What does not fit (an edge of weight 0 makes it NaN) sorts last. */
    int64_t whole = INT64_MIN;
    if (scaled > -9.2e18 && scaled < 9.2e18) {
        whole = (int64_t)scaled;
    }
    return (int64_t)((uint64_t)whole + (uint64_t)n->flat);
}

void
evprof_graph_sort(evprof_graph_t *g, bool by_cum)
{
    for (size_t i = 0; i < g->node_count; i++) {
        evprof_node_t *n = g->nodes[i];
        if (g->options.is_visual) {
            n->sort_key = entropy_score(n);
            n->sort_tie = n->flat;
        } else {
            n->sort_key = by_cum ? n->cum : n->flat;
            n->sort_tie = by_cum ? n->flat : n->cum;
        }
    }
    if (g->node_count > 1) {
        qsort(g->nodes, g->node_count, sizeof(evprof_node_t *), compare_by_key);
    }
}

static int
compare_name(const void *a, const void *b)
{
    const evprof_node_t *l = *(evprof_node_t *const *)a;
    const evprof_node_t *r = *(evprof_node_t *const *)b;
    int order = strcmp(l->info.name, r->info.name);
    return order != 0 ? order : compare_places(l, r);
}

static int
compare_file(const void *a, const void *b)
{
    const evprof_node_t *l = *(evprof_node_t *const *)a;
    const evprof_node_t *r = *(evprof_node_t *const *)b;
    int order = strcmp(l->info.file, r->info.file);
    if (order != 0) {
        return order;
    }
    if (l->info.start_line != r->info.start_line) {
        return l->info.start_line < r->info.start_line ? -1 : 1;
    }
    return compare_places(l, r);
}

static int
compare_address(const void *a, const void *b)
{
    const evprof_node_t *l = *(evprof_node_t *const *)a;
    const evprof_node_t *r = *(evprof_node_t *const *)b;
    if (l->info.address != r->info.address) {
        return l->info.address < r->info.address ? -1 : 1;
    }
    return compare_places(l, r);
}

void
evprof_nodes_sort(evprof_node_t **nodes, size_t count,
                  enum evprof_node_order order)
{
    static int (*const compare[])(const void *, const void *) = {
        [EVPROF_ORDER_NAME] = compare_name,
        [EVPROF_ORDER_FILE] = compare_file,
        [EVPROF_ORDER_ADDRESS] = compare_address,
    };
    if (count > 1) {
        qsort(nodes, count, sizeof(evprof_node_t *), compare[order]);
    }
}
