/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines are drawn below each other and redrawn in place by moving the
 * cursor up. Many sources would scroll the terminal, so the first few are shown
 * and the rest counted.
 */
#include "adapters/fetch/progress.h"

#include <stdio.h>

#define MAX_LINES 8
#define LINE_WIDTH 79
#define REDRAW_NS 200000000

static void
print_line(char *out, size_t size, const evprof_transfer_t *t, int64_t now_ns)
{
    unsigned waited = (unsigned)((now_ns - t->started_ns) / 1000000000);
    unsigned asked = (unsigned)t->target.duration_s;
    size_t bytes = t->answer.body.len;
    if (bytes > 0) {
        snprintf(out, size, "%.40s: %zu kB received", t->target.host,
                 (bytes + 1023) / 1024);
    } else if (asked > waited) {
        snprintf(out, size, "%.40s: %u s of %u s to go", t->target.host,
                 asked - waited, asked);
    } else {
        snprintf(out, size, "%.40s: waiting, %u s", t->target.host, waited);
    }
}

void
evprof_progress_clear(evprof_progress_t *p)
{
    for (; p->is_on && p->lines > 0; p->lines--) {
        fputs("\x1b[1A\r\x1b[2K", stderr);
    }
    fflush(stderr);
}

void
evprof_progress_draw(evprof_progress_t *p, const evprof_transfer_t *transfers,
                     size_t count)
{
    int64_t now = evprof_fetch_now_ns();
    if (!p->is_on || now - p->drawn_ns < REDRAW_NS) {
        return;
    }
    evprof_progress_clear(p);
    p->drawn_ns = now;
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        char line[LINE_WIDTH + 1];
        if (transfers[i].is_done || transfers[i].started_ns == 0) {
            continue;
        }
        if (++running <= MAX_LINES) {
            print_line(line, sizeof(line), &transfers[i], now);
            fprintf(stderr, "%s\n", line);
            p->lines++;
        }
    }
    if (running > MAX_LINES) {
        fprintf(stderr, "and %zu more\n", running - MAX_LINES);
        p->lines++;
    }
    fflush(stderr);
}
