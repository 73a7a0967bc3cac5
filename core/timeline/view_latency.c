/* SPDX-License-Identifier: Apache-2.0 */
/* Times of tasks and regions by name: percentiles, and a histogram in which
 * each bar stands for twice the time of the one before. Tasks and regions that
 * are cut off by the beginning or the end of the part shown are left out. */
#include <stdlib.h>
#include <string.h>

#include "core/timeline/print.h"
#include "core/timeline/views.h"

#define BUCKETS 64
#define BAR 40u

typedef struct length {
    const char *name;
    int64_t ns;
} length_t;

/* Orders by name, then the shorter time first. */
static int
by_name(const void *a, const void *b)
{
    const length_t *one = a;
    const length_t *other = b;
    int order = strcmp(one->name, other->name);
    if (order != 0) {
        return order;
    }
    return one->ns < other->ns ? -1 : one->ns > other->ns;
}

static int64_t
percentile(const length_t *lengths, size_t count, unsigned percent)
{
    size_t at = (count * percent + 99) / 100;
    return lengths[at > 0 ? at - 1 : 0].ns;
}

static unsigned
bucket_of(int64_t ns)
{
    unsigned bucket = 0;
    while (bucket + 1 < BUCKETS - 1 && ns >> (bucket + 1) != 0) {
        bucket++;
    }
    return bucket;
}

static void
put_histogram(const length_t *lengths, size_t count, evprof_buf_t *out)
{
    size_t buckets[BUCKETS] = { 0 };
    size_t most = 1;
    for (size_t i = 0; i < count; i++) {
        size_t *bucket = &buckets[bucket_of(lengths[i].ns)];
        (*bucket)++;
        most = *bucket > most ? *bucket : most;
    }
    unsigned first = bucket_of(lengths[0].ns);
    unsigned last = bucket_of(lengths[count - 1].ns);
    for (unsigned i = first; i <= last; i++) {
        size_t bar = (buckets[i] * BAR + most - 1) / most;
        evprof_timeline_put_time(out, (int64_t)1 << i, 12);
        evprof_buf_puts(out, " to");
        evprof_timeline_put_time(out, (int64_t)1 << (i + 1), 9);
        evprof_buf_printf(out, "%8zu  ", buckets[i]);
        for (size_t j = 0; j < bar; j++) {
            evprof_buf_putc(out, '#');
        }
        while (out->len > 0 && !out->failed && out->data[out->len - 1] == ' ') {
            out->data[--out->len] = '\0';
        }
        evprof_buf_putc(out, '\n');
    }
}

static void
put_name(const length_t *lengths, size_t count, const char *what,
         evprof_buf_t *out)
{
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += lengths[i].ns;
    }
    evprof_buf_printf(out, "%8zu", count);
    evprof_timeline_put_time(out, total, 10);
    evprof_timeline_put_time(out, lengths[0].ns, 10);
    evprof_timeline_put_time(out, percentile(lengths, count, 50), 10);
    evprof_timeline_put_time(out, percentile(lengths, count, 90), 10);
    evprof_timeline_put_time(out, percentile(lengths, count, 99), 10);
    evprof_timeline_put_time(out, lengths[count - 1].ns, 10);
    evprof_buf_printf(out, "  %s ", what);
    evprof_timeline_put_text(out, lengths[0].name);
    evprof_buf_putc(out, '\n');
    put_histogram(lengths, count, out);
}

static void
put_marks(const evprof_timeline_spans_t *s, const evprof_timeline_mark_t *marks,
          size_t mark_count, const char *what, size_t limit, evprof_buf_t *out)
{
    length_t *lengths = calloc(mark_count + 1, sizeof(*lengths));
    size_t count = 0;
    size_t names = 0;
    if (lengths == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < mark_count; i++) {
        const evprof_timeline_mark_t *m = &marks[i];
        if (m->is_begun && m->is_ended && m->end_ns > s->from_ns &&
            m->end_ns <= s->to_ns) {
            lengths[count++] =
                (length_t){ .name = m->name, .ns = m->end_ns - m->start_ns };
        }
    }
    qsort(lengths, count, sizeof(*lengths), by_name);
    if (count > 0) {
        evprof_buf_puts(out, "\n   count     total       min       50%       "
                             "90%       99%       max\n");
    }
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1;
             next < count && lengths[next].name == lengths[i].name; next++) {
        }
        if (names++ < limit) {
            put_name(lengths + i, next - i, what, out);
        }
    }
    if (names > limit) {
        evprof_buf_printf(out, "and %zu more\n", names - limit);
    }
    free(lengths);
}

void
evprof_timeline_view_latency(const evprof_timeline_spans_t *s, size_t limit,
                             evprof_buf_t *out)
{
    put_marks(s, s->tasks, s->task_count, "task", limit, out);
    put_marks(s, s->regions, s->region_count, "region", limit, out);
}
