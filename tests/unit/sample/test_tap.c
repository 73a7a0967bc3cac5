/* SPDX-License-Identifier: Apache-2.0 */
/* Taps, rings and drainer: what is recorded arrives once, whole and in order.
 */
#include "core/sample/ask.h"
#include "core/sample/tap.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/sample/sig_handler.h"
#include "core/sample/sig_ring.h"

static struct {
    uint64_t count;
    uint64_t bad;
    int64_t last_value;
    uint64_t last_weight;
    uint8_t last_flags;
    int32_t last_tid;
    const evprof_label_set_t *last_labels;
    uintptr_t last_pcs[8];
} seen;

static void
look_at(void *ctx, const evprof_record_t *record)
{
    seen.count++;
    seen.bad += record->value != seen.last_value + 1 && ctx == &seen;
    seen.bad += record->count == 0 || record->pcs[0] == 0;
    seen.last_value = record->value;
    seen.last_weight = record->weight;
    seen.last_flags = record->flags;
    seen.last_tid = record->tid;
    seen.last_labels = record->labels;
    memcpy(seen.last_pcs, record->pcs,
           sizeof(*record->pcs) * (record->count < 8 ? record->count : 8));
}

static void
open_tap(enum evprof_tap_kind kind, bool uses_signals, void *ctx)
{
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find("fp"),
                               .depth = 32,
                               .uses_signals = uses_signals,
                               .sink = look_at,
                               .ctx = ctx };
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(evprof_tap_open(kind, &tap, NULL), EVPROF_OK);
}

static void
test_bad_taps_are_refused(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_tap_t tap = { .unwinder = evprof_unwinder_find("fp"),
                         .depth = 0,
                         .uses_signals = true,
                         .sink = look_at };
    assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, &err),
                     EVPROF_EINVAL);
    tap.depth = EVPROF_TAP_DEPTH_MAX + 1;
    assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, &err),
                     EVPROF_EINVAL);
    tap.depth = 64;
    tap.unwinder = evprof_unwinder_find("libunwind");
    assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, &err),
                     EVPROF_EINVAL);
    assert_non_null(strstr(err.message, "libunwind"));
    open_tap(EVPROF_TAP_WALL, true, NULL);
    tap.unwinder = evprof_unwinder_find("fp");
    assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, &err),
                     EVPROF_EBUSY);
    evprof_tap_close(EVPROF_TAP_WALL);
    evprof_tap_close(EVPROF_TAP_WALL);
}

/* Writes a record as the handler does, but with a value that tells it from
 * others; its stack begins with the caller. */
static __attribute__((noinline)) bool
tap_here(enum evprof_tap_kind kind, uint64_t weight, int64_t value)
{
    const evprof_thread_t *thread = evprof_thread_self();
    evprof_ring_claim_t slot;
    size_t depth;
    if (evprof_sig_record_begin(kind, thread, &slot, &depth) !=
        EVPROF_SIG_TAKEN) {
        return false;
    }
    slot.record->weight = weight;
    slot.record->value = value;
    evprof_walk_t walk = { .pcs = slot.record->pcs,
                           .max = depth,
                           .bounds = thread->bounds };
    evprof_walk_here(evprof_unwinder_find("fp"), &walk, 0);
    evprof_sig_record_end(&slot, &walk, 0);
    return true;
}

static __attribute__((noinline)) void
record_here(int64_t value)
{
    assert_true(tap_here(EVPROF_TAP_WALL, 3, value));
}

static void
test_a_record_of_ones_own(void **state)
{
    (void)state;
    open_tap(EVPROF_TAP_WALL, false, NULL);
    const int token = evprof_label_push("route", "/a");
    record_here(42);
    evprof_label_restore(token);
    evprof_tap_flush();
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last_value, 42);
    assert_int_equal(seen.last_weight, 3);
    assert_int_equal(seen.last_flags & EVPROF_RECORD_EXACT, 0);
    assert_string_equal(seen.last_labels->items[0].text, "/a");
    /* The first frame is in the function that asked. */
    uintptr_t function;
    void (*const pointer)(int64_t) = record_here;
    memcpy(&function, &pointer, sizeof(function));
    assert_true(seen.last_pcs[0] > function &&
                seen.last_pcs[0] < function + 4096);
    evprof_tap_stats_t stats;
    evprof_tap_stats(EVPROF_TAP_WALL, &stats);
    assert_int_equal(stats.records, 1);
    assert_int_equal(stats.weight, 3);
    evprof_tap_close(EVPROF_TAP_WALL);
}

/* Sixteen times what the rings hold. */
static void
test_records_keep_their_order(void **state)
{
    (void)state;
    enum { RECORDS = 20000 };
    cpu_set_t before;
    cpu_set_t one;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    /* There is an order within a ring, and a thread that stays on its CPU stays
     * on its ring. */
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    open_tap(EVPROF_TAP_WALL, false, &seen);
    for (int64_t i = 1; i <= RECORDS; i++) {
        while (!tap_here(EVPROF_TAP_WALL, 1, i)) {
            evprof_tap_flush();
        }
    }
    evprof_tap_close(EVPROF_TAP_WALL);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
    assert_int_equal(seen.count, RECORDS);
    assert_int_equal(seen.bad, 0);
}

static long
own_sleeps(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

static void
test_a_signal_to_oneself(void **state)
{
    (void)state;
    open_tap(EVPROF_TAP_THREADS, true, NULL);
    evprof_thread_t *self = evprof_thread_self();
    const uint32_t generation = atomic_load(&self->generation);
    const long sleeps = own_sleeps();
    assert_int_equal(evprof_ask_sleeper(EVPROF_TAP_THREADS, self, generation),
                     EVPROF_OK);
    assert_int_equal(
        evprof_ask_sleeper(EVPROF_TAP_THREADS, self, generation + 1),
        EVPROF_ENOENT);
    assert_int_equal(evprof_ask_sleeper(EVPROF_TAP_WALL, self, generation),
                     EVPROF_ESTATE);
    evprof_tap_close(EVPROF_TAP_THREADS);
    assert_int_equal(seen.count, 1);
    /* It did not sleep before it took its own signal. */
    assert_int_equal(seen.last_value, sleeps);
    assert_int_equal(seen.last_tid, atomic_load(&self->tid));
    assert_true(seen.last_flags & EVPROF_RECORD_EXACT);
}

/* Claims all rings as writers do that have lost their CPU, or ends that. */
static void
claim_rings(void)
{
    const uint32_t rings = atomic_load(&evprof_ring_count);
    for (uint32_t i = 0; i < rings; i++) {
        atomic_fetch_add(&evprof_rings[i].claim, 1);
    }
}

/* A writer that finds every ring claimed writes nothing. */
static void
test_claimed_rings_take_nothing(void **state)
{
    (void)state;
    open_tap(EVPROF_TAP_CPU, false, NULL);
    claim_rings();
    assert_false(tap_here(EVPROF_TAP_CPU, 5, 0));
    claim_rings();
    assert_true(tap_here(EVPROF_TAP_CPU, 1, 0));
    evprof_tap_stats_t stats;
    evprof_tap_close(EVPROF_TAP_CPU);
    evprof_tap_stats(EVPROF_TAP_CPU, &stats);
    assert_int_equal(stats.records, 1);
}

static void
ask_oneself(void)
{
    evprof_thread_t *self = evprof_thread_self();
    assert_int_equal(evprof_ask_sleeper(EVPROF_TAP_THREADS, self,
                                        atomic_load(&self->generation)),
                     EVPROF_OK);
}

static atomic_bool may_end_claims;

static void *
end_claims(void *arg)
{
    while (!atomic_load(&may_end_claims)) {
        sched_yield();
    }
    claim_rings();
    return arg;
}

/* Who was asked lets them run who hold the rings, on whichever CPU. */
static void
test_who_is_asked_waits_for_a_ring(void **state)
{
    (void)state;
    cpu_set_t before;
    cpu_set_t one;
    pthread_t holder;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    open_tap(EVPROF_TAP_THREADS, true, NULL);
    assert_int_equal(pthread_create(&holder, NULL, end_claims, NULL), 0);
    claim_rings();
    atomic_store(&may_end_claims, true);
    ask_oneself();
    pthread_join(holder, NULL);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
    evprof_tap_close(EVPROF_TAP_THREADS);
    assert_int_equal(seen.count, 1);
}

static void
test_who_is_asked_in_vain_counts_a_drop(void **state)
{
    (void)state;
    open_tap(EVPROF_TAP_THREADS, true, NULL);
    claim_rings();
    ask_oneself();
    claim_rings();
    evprof_tap_stats_t stats;
    evprof_tap_close(EVPROF_TAP_THREADS);
    evprof_tap_stats(EVPROF_TAP_THREADS, &stats);
    assert_int_equal(stats.dropped, 1);
    assert_int_equal(seen.count, 0);
}

static void *
record_many(void *arg)
{
    uint64_t *taken = arg;
    for (int i = 0; i < 5000; i++) {
        *taken += tap_here(EVPROF_TAP_WALL, 1, i);
    }
    return NULL;
}

/* Each record that was taken arrives, and no other. */
static void
test_many_writers_lose_nothing(void **state)
{
    (void)state;
    enum { WRITERS = 4 };
    pthread_t threads[WRITERS];
    uint64_t taken[WRITERS] = { 0 };
    uint64_t sum = 0;
    open_tap(EVPROF_TAP_WALL, false, NULL);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, record_many, &taken[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        sum += taken[i];
    }
    evprof_tap_close(EVPROF_TAP_WALL);
    evprof_tap_stats_t stats;
    evprof_tap_stats(EVPROF_TAP_WALL, &stats);
    assert_int_equal(seen.count, sum);
    assert_int_equal(seen.bad, 0);
    assert_int_equal(stats.records, sum);
}

/* Whether our handler runs on an alternate stack, when these are the handlers
 * of SIGPROF and SIGURG before it. */
static bool
runs_on_alternate_stack(int flags_of_sigprof, int flags_of_sigurg)
{
    struct sigaction before = { .sa_handler = SIG_IGN,
                                .sa_flags = flags_of_sigprof };
    struct sigaction urgent = { .sa_handler = SIG_IGN,
                                .sa_flags = flags_of_sigurg };
    struct sigaction ours;
    sigaction(SIGPROF, &before, NULL);
    sigaction(SIGURG, &urgent, NULL);
    open_tap(EVPROF_TAP_WALL, true, NULL);
    evprof_tap_close(EVPROF_TAP_WALL);
    assert_int_equal(sigaction(SIGPROF, NULL, &ours), 0);
    assert_null(evprof_tap_intruder());
    return (ours.sa_flags & SA_ONSTACK) != 0;
}

static void
test_the_stack_of_the_handler(void **state)
{
    (void)state;
    assert_false(runs_on_alternate_stack(0, 0));
    assert_true(runs_on_alternate_stack(SA_ONSTACK, 0));
    assert_true(runs_on_alternate_stack(0, SA_ONSTACK));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_taps_are_refused),
        cmocka_unit_test(test_a_record_of_ones_own),
        cmocka_unit_test(test_records_keep_their_order),
        cmocka_unit_test(test_a_signal_to_oneself),
        cmocka_unit_test(test_claimed_rings_take_nothing),
        cmocka_unit_test(test_who_is_asked_waits_for_a_ring),
        cmocka_unit_test(test_who_is_asked_in_vain_counts_a_drop),
        cmocka_unit_test(test_many_writers_lose_nothing),
        cmocka_unit_test(test_the_stack_of_the_handler),
    };
    return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
