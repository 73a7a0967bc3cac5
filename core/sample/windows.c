/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table gives ids in the order of first addition and loses none, so a
 * window's sums are an array by id. Dropping stacks means a new table: the ids
 * that are left move down in their order, and the sums with them.
 */
#include "core/sample/windows.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

enum { FIRST_SUMS = 256 };

static size_t
bytes_of(const evprof_windows_t *windows)
{
    return evprof_stacktable_bytes(windows->table) + windows->sums_bytes;
}

int
evprof_windows_open(evprof_windows_t *windows, evprof_sample_window_t *window)
{
    bool is_first = windows->first == NULL;
    if (is_first) {
        windows->table = evprof_stacktable_new(windows->max_bytes);
    }
    window->sums = calloc(FIRST_SUMS, sizeof(*window->sums));
    if (windows->table == NULL || window->sums == NULL) {
        free(window->sums);
        window->sums = NULL;
        if (is_first) {
            evprof_stacktable_free(windows->table);
            windows->table = NULL;
        }
        return EVPROF_ENOMEM;
    }
    window->room = FIRST_SUMS;
    window->began_unix_ns = evprof_clock_ns(CLOCK_REALTIME);
    window->began_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    window->next = windows->first;
    windows->first = window;
    windows->sums_bytes += window->room * sizeof(*window->sums);
    return EVPROF_OK;
}

bool
evprof_windows_have(const evprof_windows_t *windows,
                    const evprof_sample_window_t *window)
{
    const evprof_sample_window_t *at = windows->first;
    while (at != NULL && at != window) {
        at = at->next;
    }
    return at != NULL;
}

uint32_t
evprof_windows_stack(evprof_windows_t *windows, const evprof_stack_t *stack,
                     const evprof_label_set_t *labels)
{
    size_t sums = windows->sums_bytes;
    evprof_stacktable_limit(windows->table, windows->max_bytes > sums
                                                ? windows->max_bytes - sums
                                                : 1);
    return evprof_stacktable_add(windows->table, stack, labels, 0, 0);
}

/* Room for the sum of `id`; false where there is none. */
static bool
make_room(evprof_windows_t *windows, evprof_sample_window_t *window,
          uint32_t id)
{
    size_t room = window->room;
    while (room <= id) {
        room *= 2;
    }
    size_t more = (room - window->room) * sizeof(*window->sums);
    if (more == 0) {
        return true;
    }
    if (bytes_of(windows) + more > windows->max_bytes) {
        return false;
    }
    int64_t *sums = realloc(window->sums, room * sizeof(*sums));
    if (sums == NULL) {
        return false;
    }
    memset(sums + window->room, 0, more);
    window->sums = sums;
    window->room = room;
    windows->sums_bytes += more;
    return true;
}

void
evprof_windows_add(evprof_windows_t *windows, evprof_sample_window_t *window,
                   uint32_t id, int64_t amount)
{
    const bool has_room = make_room(windows, window, id);
    window->sums[has_room ? id : 0] += amount;
}

int
evprof_windows_write(const evprof_windows_t *windows,
                     const evprof_sample_window_t *window,
                     evprof_window_write_fn *write, evprof_builder_t *out)
{
    int status = EVPROF_OK;
    /* Id 0 is what found no room: it counts, without a stack. */
    for (uint32_t id = 0; id < window->room && status == EVPROF_OK; id++) {
        if (window->sums[id] > 0) {
            const evprof_stack_sums_t stack =
                evprof_stacktable_get(windows->table, id);
            status = write(out, &stack, window->sums[id]);
        }
    }
    return status;
}

/* ---- Dropping stacks ---- */

static void
mark_held(uint32_t *id, void *arg)
{
    uint32_t *moved = arg;
    moved[*id] = 1;
}

static void
move_held(uint32_t *id, void *arg)
{
    const uint32_t *moved = arg;
    *id = moved[*id];
}

static void
mark_counted(const evprof_windows_t *windows, uint32_t *moved, uint32_t count)
{
    for (const evprof_sample_window_t *w = windows->first; w != NULL;
         w = w->next) {
        for (uint32_t id = 1; id < w->room && id <= count; id++) {
            moved[id] |= w->sums[id] != 0;
        }
    }
    if (windows->held != NULL) {
        windows->held(mark_held, moved);
    }
}

/* Fills a new table with what is marked, and the marks with the new ids; false
 * without memory. */
static bool
copy_marked(const evprof_stacktable_t *from, evprof_stacktable_t *to,
            uint32_t *moved, uint32_t count)
{
    moved[0] = 0;
    for (uint32_t id = 1; id <= count; id++) {
        if (moved[id] != 0) {
            const evprof_stack_sums_t stack = evprof_stacktable_get(from, id);
            moved[id] =
                evprof_stacktable_add(to, &stack.stack, stack.labels, 0, 0);
            if (moved[id] == 0) {
                return false;
            }
        }
    }
    return true;
}

static void
move_sums(evprof_sample_window_t *window, const uint32_t *moved, uint32_t count)
{
    for (uint32_t id = 1; id < window->room && id <= count; id++) {
        const int64_t sum = window->sums[id];
        window->sums[id] = 0;
        if (sum != 0) {
            window->sums[moved[id]] = sum;
        }
    }
}

/* Without memory for it the table stays as it is. */
static void
drop_uncounted(evprof_windows_t *windows)
{
    const uint32_t count = evprof_stacktable_size(windows->table);
    evprof_stacktable_t *table = evprof_stacktable_new(windows->max_bytes);
    uint32_t *moved = calloc((size_t)count + 1, sizeof(*moved));
    if (moved != NULL) {
        mark_counted(windows, moved, count);
    }
    if (table == NULL || moved == NULL ||
        !copy_marked(windows->table, table, moved, count)) {
        evprof_stacktable_free(table);
        free(moved);
        return;
    }
    for (evprof_sample_window_t *w = windows->first; w != NULL; w = w->next) {
        move_sums(w, moved, count);
    }
    if (windows->held != NULL) {
        windows->held(move_held, moved);
    }
    evprof_stacktable_free(windows->table);
    windows->table = table;
    free(moved);
}

void
evprof_windows_close(evprof_windows_t *windows, evprof_sample_window_t *window)
{
    evprof_sample_window_t **at = &windows->first;
    while (*at != window) {
        at = &(*at)->next;
    }
    *at = window->next;
    windows->sums_bytes -= window->room * sizeof(*window->sums);
    free(window->sums);
    window->sums = NULL;
    if (windows->first != NULL) {
        drop_uncounted(windows);
        return;
    }
    evprof_stacktable_free(windows->table);
    windows->table = NULL;
}

void
evprof_windows_forget(evprof_windows_t *windows)
{
    windows->table = NULL;
    windows->first = NULL;
    windows->sums_bytes = 0;
}
