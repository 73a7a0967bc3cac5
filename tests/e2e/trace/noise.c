/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: noise SEED FILE
 * Events in an order that no program would have, as when some are lost: threads
 * that return without waiting, end twice, make others that never begin. Cut
 * into generations, some of which are dropped from the front, they must still
 * be a trace that Go's reader takes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sample/contention.h"
#include "core/trace/order.h"
#include "core/trace/tables.h"

#define THREADS 12u
#define GENERATIONS 6u
#define EVENTS 400u

static uint64_t state;
static uint64_t last_task;

static uint32_t
dice(uint32_t sides)
{
    state =
        state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % sides;
}

static void
put_event(evprof_trace_ring_t *ring, int64_t ns)
{
    static const char text[] = "key\0value";
    enum evprof_trace_type type =
        (enum evprof_trace_type)dice(EVPROF_TRACE_IN + 1);
    size_t args = 4;
    size_t depth = dice(3);
    size_t len = type >= EVPROF_TRACE_TASK_BEGIN && type < EVPROF_TRACE_HEAP
                     ? sizeof(text)
                     : 0;
    uint64_t head = ring->head;
    uint64_t words[16] = {
        (uint64_t)type | args << 8 | depth << 16 | (uint64_t)len << 32,
        (uint64_t)ns,
        dice(EVPROF_WAIT_NETWORK + 1),
        dice(4),
        dice(5),
        0,
        UINT64_C(0x1000) + dice(50),
        UINT64_C(0x2000),
    };
    if (type == EVPROF_TRACE_TASK_BEGIN) {
        words[2] = ++last_task; /* numbers are never used again */
    } else if (type == EVPROF_TRACE_TASK_END) {
        words[2] = dice((uint32_t)last_task + 5);
    } else if (type == EVPROF_TRACE_CREATE) {
        words[2] = dice(THREADS);
        words[3] = dice(2);
    } else if (type == EVPROF_TRACE_END && dice(4) != 0) {
        return;
    }
    memcpy(&words[2 + args + depth], text, sizeof(text));
    for (size_t i = 0; i < 2 + args + depth + (len + 7) / 8; i++) {
        ring->words[head++ % EVPROF_TRACE_RING_WORDS] = words[i];
    }
    ring->head = head;
}

static evprof_trace_ring_t *
make_rings(void)
{
    evprof_trace_ring_t *rings = calloc(THREADS, sizeof(*rings));
    for (uint32_t i = 0; rings != NULL && i < THREADS; i++) {
        rings[i].tid = (pid_t)(100 + i);
        rings[i].record = i;
        rings[i].generation = dice(2);
    }
    return rings;
}

static int
no_names(evprof_pprof_t *p, evprof_error_t *err)
{
    (void)p;
    (void)err;
    return 0;
}

int
main(int argc, char **argv)
{
    evprof_trace_order_t order = { 0 };
    evprof_trace_generation_t *all[GENERATIONS];
    evprof_trace_ring_t *rings = make_rings();
    int64_t ns = 1000000;
    if (argc != 3 || rings == NULL) {
        return 2;
    }
    state = strtoull(argv[1], NULL, 10);
    for (uint32_t i = 0; i < dice(THREADS); i++) {
        const uint64_t pc = 0x3000;
        evprof_trace_order_seed(&order, (pid_t)(100 + i), dice(2) != 0, &pc, 1);
    }
    for (unsigned g = 0; g < GENERATIONS; g++) {
        all[g] = evprof_trace_generation_new(ns, g + 1);
        for (unsigned i = 0; i < EVENTS; i++) {
            ns += dice(1000);
            put_event(&rings[dice(THREADS)], ns - (int64_t)dice(3) * 500);
        }
        for (uint32_t i = 0; i < THREADS; i++) {
            evprof_trace_order_drain(&order, &rings[i]);
        }
        evprof_trace_order_add(&order, EVPROF_TRACE_HEAP, ns, ns & 0xffff);
        evprof_trace_order_encode(&order, all[g], ns);
        all[g]->next = NULL;
        if (g > 0) {
            all[g - 1]->next = all[g];
        }
    }
    const evprof_trace_notes_t notes = { .ways = "by chance", .lost = 1 };
    evprof_trace_generation_t *end =
        evprof_trace_generation_new(ns, GENERATIONS + 1);
    evprof_trace_order_close(&order, end, &notes);
    all[GENERATIONS - 1]->next = end;
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    evprof_writer_t out = evprof_writer_fd(fd);
    evprof_error_t err = { 0 };
    evprof_pprof_t *named = NULL;
    int status = evprof_trace_tables_name(&order, no_names, &named, &err);
    if (status == 0) {
        status = evprof_trace_tables_write(&order, all[dice(GENERATIONS)], 0,
                                           named, &out, &err);
    }
    evprof_pprof_free(named);
    for (unsigned g = 0; g < GENERATIONS; g++) {
        evprof_trace_generation_free(all[g]);
    }
    evprof_trace_generation_free(end);
    evprof_trace_order_free(&order);
    free(rings);
    return status != 0 || close(fd) != 0;
}
