/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_loop goroutine|wall COUNT: becomes itself again and again while another
 * thread takes profiles of it, then says "done". A signal that outlives the
 * exec would end the new program.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/sample/dump.h"
#include "core/sample/wall.h"

/* Long enough for several asks to be on their way. */
#define LIFE_NS INT64_C(8000000)

static atomic_bool has_begun;

static void *
take_dumps(void *unused)
{
    for (;;) {
        evprof_dump_t dump;
        if (evprof_dump_take(&dump, true, NULL) == 0) {
            evprof_dump_free(&dump);
        }
        atomic_store(&has_begun, true);
    }
    return unused;
}

static void *
take_wall(void *unused)
{
    const evprof_sampling_options_t options = {
        .rate_hz = 1000,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = 128,
    };
    for (;;) {
        evprof_sample_window_t *window = NULL;
        if (evprof_wall_begin(&options, &window, NULL) == 0) {
            atomic_store(&has_begun, true);
            usleep(2000);
            (void)evprof_wall_end(window, NULL, NULL);
        }
    }
    return unused;
}

int
main(int argc, char **argv)
{
    char left[16];
    pthread_t thread;
    int count = argc > 2 ? atoi(argv[2]) : 0;
    if (count <= 0) {
        puts("done");
        return 0;
    }
    bool is_wall = strcmp(argv[1], "wall") == 0;
    pthread_create(&thread, NULL, is_wall ? take_wall : take_dumps, NULL);
    while (!atomic_load(&has_begun)) {
        usleep(100);
    }
    int64_t end_ns = evprof_clock_ns(CLOCK_MONOTONIC) + LIFE_NS;
    while (evprof_clock_ns(CLOCK_MONOTONIC) < end_ns) {
    }
    (void)snprintf(left, sizeof(left), "%d", count - 1);
    execl("/proc/self/exe", argv[0], argv[1], left, (char *)NULL);
    return 1;
}
