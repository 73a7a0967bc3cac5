/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles of threads and locks over HTTP: codes, texts, deltas, the index,
 * and that nobody in the loop waits. */
#include "tests/e2e/locks/profile.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/e2e/evhttp/server.h"
#include "tests/thread_state.h"

#define PREFIX "/debug/pprof/"

static evprof_t *prof;
static server_t server;

static int
open_server(void **state)
{
    (void)state;
    prof = evprof_new(NULL, NULL);
    server_open(&server);
    if (evprof_evhttp_mount(prof, server.http, NULL) != EVPROF_OK) {
        return -1;
    }
    server_run(&server);
    return 0;
}

static int
close_server(void **state)
{
    (void)state;
    evprof_free(prof);
    server_close(&server);
    return 0;
}

static reply_t
get(const char *target)
{
    char request[256];
    reply_t reply;
    snprintf(request, sizeof(request), "GET %s", target);
    client_ask(server.port, request, NULL, NULL, &reply);
    return reply;
}

static void
test_codes_and_files(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int code;
        const char *file; /* NULL: text */
    } rows[] = {
        { PREFIX "goroutine", 200, "goroutine" },
        { PREFIX "goroutine?debug=1", 200, NULL },
        { PREFIX "goroutine?debug=2", 200, NULL },
        { PREFIX "goroutine?seconds=1", 200, "goroutine-delta" },
        { PREFIX "threads", 200, "goroutine" },
        { PREFIX "threads?debug=2", 200, NULL },
        { PREFIX "threadcreate", 200, "threadcreate" },
        { PREFIX "threadcreate?debug=1", 200, NULL },
        { PREFIX "block", 200, "block" },
        { PREFIX "block?debug=1", 200, NULL },
        { PREFIX "block?seconds=1", 200, "block-delta" },
        { PREFIX "mutex", 200, "mutex" },
        { PREFIX "mutex?debug=-1", 200, NULL },
        { PREFIX "mutex?seconds=x", 400, NULL },
        { PREFIX "mutex?seconds=1&debug=1", 400, NULL },
        { PREFIX "wall?seconds=1", 200, "wall" },
        { "/debug/fgprof?seconds=1", 200, "wall" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char disposition[128];
        reply_t reply = get(rows[i].target);
        if (reply.code != rows[i].code) {
            fail_msg("%s: %d, not %d", rows[i].target, reply.code,
                     rows[i].code);
        }
        assert_string_equal(reply_header(&reply, "X-Content-Type-Options"),
                            "nosniff");
        if (rows[i].file != NULL) {
            snprintf(disposition, sizeof(disposition),
                     "attachment; filename=\"%s\"", rows[i].file);
            assert_string_equal(reply_header(&reply, "Content-Disposition"),
                                disposition);
            assert_string_equal(reply_header(&reply, "Content-Type"),
                                "application/octet-stream");
        } else {
            assert_null(reply_header(&reply, "Content-Disposition"));
        }
        reply_free(&reply);
    }
}

static void
test_empty_profiles_are_valid_and_say_why(void **state)
{
    (void)state;
    static const char *const names[] = { "block", "mutex" };
    for (int i = 0; i < 2; i++) {
        evprof_pprof_t *p = take_profile(prof, names[i]);
        assert_int_equal(p->sample_count, 0);
        assert_int_equal(p->type_count, 2);
        assert_string_equal(p->types[0].type, "contentions");
        assert_string_equal(p->types[1].type, "delay");
        assert_string_equal(p->types[1].unit, "nanoseconds");
        evprof_pprof_free(p);
    }
    reply_t index = get(PREFIX);
    assert_non_null(strstr(index.body, "while the rate is 0"));
    assert_non_null(strstr(index.body, "while the fraction is 0"));
    reply_free(&index);
    assert_int_equal(evprof_set_block_rate(prof, 1), EVPROF_OK);
    assert_int_equal(evprof_set_mutex_fraction(prof, 1), 0);
    index = get(PREFIX);
    assert_null(strstr(index.body, "while the rate is 0"));
    assert_null(strstr(index.body, "while the fraction is 0"));
    reply_free(&index);
}

/* ---- Contention on demand ---- */

typedef struct pair {
    pthread_mutex_t mutex;
    _Atomic pid_t waiter;
} pair_t;

static void *
wait_for_pair(void *arg)
{
    pair_t *pair = arg;
    pair->waiter = (pid_t)syscall(SYS_gettid);
    pthread_mutex_lock(&pair->mutex);
    pthread_mutex_unlock(&pair->mutex);
    return NULL;
}

static void
hold_until_waited_for(pair_t *pair, pthread_t *waiter)
{
    pthread_mutex_lock(&pair->mutex);
    assert_int_equal(pthread_create(waiter, NULL, wait_for_pair, pair), 0);
    while (pair->waiter == 0 || thread_state(pair->waiter) != 'S') {
        sched_yield();
    }
}

__attribute__((noinline)) static void
old_contention(void)
{
    pair_t pair = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    pthread_t waiter;
    hold_until_waited_for(&pair, &waiter);
    pthread_mutex_unlock(&pair.mutex);
    pthread_join(waiter, NULL);
}

__attribute__((noinline)) static void
new_contention(void)
{
    pair_t pair = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    pthread_t waiter;
    hold_until_waited_for(&pair, &waiter);
    pthread_mutex_unlock(&pair.mutex);
    pthread_join(waiter, NULL);
    /* Unlike the one above, or the compiler folds both into one function. */
    __asm__ volatile("nop");
}

static evprof_pprof_t *
decode(const reply_t *reply)
{
    evprof_pprof_t *p = NULL;
    assert_int_equal(reply->code, 200);
    assert_int_equal(
        evprof_pprof_decode(reply->body, reply->body_len, 0, &p, NULL), 0);
    return p;
}

typedef struct asker {
    pthread_t thread;
    const char *target;
    reply_t reply;
    atomic_bool is_done;
} asker_t;

static void *
ask_delta(void *arg)
{
    asker_t *asker = arg;
    asker->reply = get(asker->target);
    atomic_store(&asker->is_done, true);
    return NULL;
}

static bool
are_in_flight(int count)
{
    char line[64];
    snprintf(line, sizeof(line), "requests_in_flight: %d\n", count);
    reply_t status = get(PREFIX "status");
    bool are = strstr(status.body, line) != NULL;
    reply_free(&status);
    return are;
}

/* Go's TestDeltaProfile, for two windows at once. */
static void
test_deltas_hold_what_is_new(void **state)
{
    (void)state;
    asker_t askers[2] = { { .target = PREFIX "mutex?seconds=1" },
                          { .target = PREFIX "block?seconds=1" } };
    for (int i = 0; i < 3; i++) {
        old_contention();
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            pthread_create(&askers[i].thread, NULL, ask_delta, &askers[i]), 0);
    }
    /* Both windows and the request that asks. */
    while (!are_in_flight(3)) {
        sched_yield();
    }
    while (!atomic_load(&askers[0].is_done) ||
           !atomic_load(&askers[1].is_done)) {
        new_contention();
        reply_t reply = get(PREFIX "cmdline");
        assert_int_equal(reply.code, 200);
        reply_free(&reply);
    }
    evprof_pprof_t *full = take_profile(prof, "mutex");
    assert_true(sum_of(full, "old_contention", 1) > 0);
    assert_true(sum_of(full, "new_contention", 1) > 0);
    assert_true(sum_of(full, "old_contention", 0) >= 3);
    assert_no_frame_of_ours(full, "old_contention");
    evprof_pprof_free(full);
    for (int i = 0; i < 2; i++) {
        pthread_join(askers[i].thread, NULL);
        evprof_pprof_t *delta = decode(&askers[i].reply);
        assert_true(delta->duration_ns >= 1000000000);
        assert_int_equal(sum_of(delta, "old_contention", 0), 0);
        assert_true(
            sum_of(delta, i == 0 ? "new_contention" : "wait_for_pair", 1) > 0);
        evprof_pprof_free(delta);
        reply_free(&askers[i].reply);
    }
}

/* The worker has taken profiles, the loop has handed requests over and waited
 * for both all the time: none of that is the application's waiting. */
static void
test_no_wait_of_ours_is_recorded(void **state)
{
    (void)state;
    static const char *const names[] = { "block", "mutex" };
    for (int i = 0; i < 2; i++) {
        evprof_pprof_t *p = take_profile(prof, names[i]);
        assert_true(p->sample_count > 0);
        assert_no_frame_of_ours(p, NULL);
        evprof_pprof_free(p);
    }
}

static void
test_texts_of_block_and_mutex(void **state)
{
    (void)state;
    evprof_buf_t text = take_text(prof, "block", 1);
    const char block_head[] = "--- contention:\ncycles/second=1000000000\n";
    assert_memory_equal(text.data, block_head, sizeof(block_head) - 1);
    assert_non_null(strstr(text.data, " @ 0x"));
    assert_non_null(strstr(text.data, "wait_for_pair"));
    assert_null(strstr(text.data, "#\t0x0"));
    evprof_buf_free(&text);
    text = take_text(prof, "mutex", 1);
    const char mutex_head[] =
        "--- mutex:\ncycles/second=1000000000\nsampling period=1\n";
    assert_memory_equal(text.data, mutex_head, sizeof(mutex_head) - 1);
    assert_non_null(strstr(text.data, "old_contention"));
    evprof_buf_free(&text);
}

/* ---- Threads ---- */

static void
store_tid(server_t *s, void *arg)
{
    (void)s;
    *(long *)arg = syscall(SYS_gettid);
}

static void
test_the_asking_thread_comes_first(void **state)
{
    (void)state;
    long loop = 0;
    char head[64];
    server_call(&server, store_tid, &loop);
    reply_t reply = get(PREFIX "goroutine?debug=2");
    snprintf(head, sizeof(head), "thread %ld \"", loop);
    assert_memory_equal(reply.body, head, strlen(head));
#ifndef __SANITIZE_ADDRESS__ /* whose wrapper of pthread_create calls ours */
    assert_non_null(strstr(reply.body, "created by server_run()\n\t"));
#endif
    reply_free(&reply);
}

/* A semaphore, as a sanitizer lets signals into those who wait for one. */
static sem_t gate;

static void
stand_at_gate(void)
{
    while (sem_wait(&gate) != 0) {
    }
}

__attribute__((noinline)) static void *
stand_here(void *arg)
{
    stand_at_gate();
    return arg;
}

__attribute__((noinline)) static void *
stand_there(void *arg)
{
    EVPROF_LABEL("tenant", arg);
    stand_at_gate();
    return arg;
}

static int64_t
standing_here(void)
{
    evprof_pprof_t *p = take_profile(prof, "goroutine");
    int64_t count = sum_of(p, "stand_here", 0);
    evprof_pprof_free(p);
    return count;
}

enum { HERE = 9, SOME = 6, OTHERS = 4, ALL = HERE + SOME + OTHERS };

/* The threads once all of them stand at the gate: their stacks differ by where
 * they came from and by their labels, and in nothing else. */
static evprof_pprof_t *
take_standing(void)
{
    enum { TRIES = 1000, GROUPS = 3 };
    for (int i = 0; i < TRIES; i++) {
        int groups = 0;
        int64_t threads = 0;
        evprof_pprof_t *p = take_profile(prof, "goroutine");
        for (size_t k = 0; k < p->sample_count; k++) {
            const evprof_sample_t *sample = &p->samples[k];
            if (sample_has(p, sample, "stand_here") ||
                sample_has(p, sample, "stand_there")) {
                groups++;
                threads += sample->values[0];
            }
        }
        if (groups == GROUPS && threads == ALL) {
            return p;
        }
        evprof_pprof_free(p);
    }
    fail_msg("they never stood in %d groups", GROUPS);
    return NULL;
}

/* Go's TestGoroutineCounts: groups by stack and labels, the largest first. */
static void
test_threads_are_grouped_and_ordered(void **state)
{
    (void)state;
    pthread_t threads[ALL];
    static char some[] = "some";
    static char others[] = "a \"b\"";
    sem_init(&gate, 0, 0);
    for (int i = 0; i < ALL; i++) {
        bool is_here = i < HERE;
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        is_here ? stand_here : stand_there,
                                        i < HERE + SOME ? some : others),
                         0);
    }
    evprof_pprof_t *p = take_standing();
    assert_string_equal(p->types[0].type, "goroutine");
    assert_int_equal(sum_of(p, "stand_here", 0), HERE);
    assert_int_equal(sum_of(p, "stand_there", 0), SOME + OTHERS);
    assert_no_frame_of_ours(p, "stand_here");
    int labelled = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        const char *tenant = label_of(&p->samples[i], "tenant");
        if (tenant != NULL) {
            labelled++;
            assert_true(sample_has(p, &p->samples[i], "stand_there"));
            assert_int_equal(p->samples[i].values[0],
                             strcmp(tenant, some) == 0 ? SOME : OTHERS);
        }
    }
    assert_int_equal(labelled, 2);
    evprof_pprof_free(p);

    evprof_buf_t text = take_text(prof, "goroutine", 1);
    const char *here = strstr(text.data, "\n9 @ 0x");
    const char *there = strstr(text.data, "\n6 @ 0x");
    const char *last = strstr(text.data, "\n4 @ 0x");
    assert_memory_equal(text.data, "goroutine profile: total ", 25);
    assert_true(here != NULL && there > here && last > there);
    assert_non_null(strstr(there, "# labels: {\"tenant\":\"some\"}\n"));
    assert_non_null(strstr(last, "# labels: {\"tenant\":\"a \\\"b\\\"\"}\n"));
    evprof_buf_free(&text);

    p = take_profile(prof, "threadcreate");
    assert_int_equal(sum_of(p, "test_threads_are_grouped_and_ordered", 0), ALL);
    assert_no_frame_of_ours(p, "test_threads_are_grouped_and_ordered");
    evprof_pprof_free(p);

    for (int i = 0; i < ALL; i++) {
        sem_post(&gate);
    }
    for (int i = 0; i < ALL; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void *
take_dumps(void *arg)
{
    enum { DUMPS = 10 };
    for (int i = 0; i < DUMPS; i++) {
        evprof_pprof_t *p = take_profile(prof, "goroutine");
        *(int64_t *)arg += sum_of(p, "stand_here", 0);
        evprof_pprof_free(p);
    }
    *(int64_t *)arg /= DUMPS;
    return NULL;
}

/* Go's TestGoroutineProfileConcurrency: dumps at once see everybody, and nobody
 * of the library's own. */
static void
test_dumps_at_once(void **state)
{
    (void)state;
    enum { STANDING = 3, TAKERS = 2 };
    pthread_t standing[STANDING];
    pthread_t takers[TAKERS];
    int64_t seen[TAKERS] = { 0 };
    sem_init(&gate, 0, 0);
    for (int i = 0; i < STANDING; i++) {
        assert_int_equal(pthread_create(&standing[i], NULL, stand_here, NULL),
                         0);
    }
    while (standing_here() < STANDING) {
        sched_yield();
    }
    for (int i = 0; i < TAKERS; i++) {
        assert_int_equal(pthread_create(&takers[i], NULL, take_dumps, &seen[i]),
                         0);
    }
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(takers[i], NULL);
        assert_int_equal(seen[i], STANDING);
    }
    evprof_buf_t text = take_text(prof, "goroutine", 2);
    assert_null(strstr(text.data, "\"evprof"));
    evprof_buf_free(&text);
    for (int i = 0; i < STANDING; i++) {
        sem_post(&gate);
    }
    for (int i = 0; i < STANDING; i++) {
        pthread_join(standing[i], NULL);
    }
}

static long
dumps_taken(void)
{
    reply_t status = get(PREFIX "status");
    const char *line = strstr(status.body, "dumps: ");
    assert_non_null(line);
    long count = strtol(line + strlen("dumps: "), NULL, 10);
    reply_free(&status);
    return count;
}

/* Who came and who went between the two dumps of a delta. */
static void
test_a_delta_of_threads_has_both_signs(void **state)
{
    (void)state;
    pthread_t goes;
    pthread_t comes;
    sem_init(&gate, 0, 0);
    assert_int_equal(pthread_create(&goes, NULL, stand_here, NULL), 0);
    while (standing_here() < 1) {
        sched_yield();
    }
    long before = dumps_taken();
    asker_t asker = { .target = PREFIX "goroutine?seconds=2" };
    assert_int_equal(pthread_create(&asker.thread, NULL, ask_delta, &asker), 0);
    while (dumps_taken() == before) {
        sched_yield();
    }
    sem_post(&gate);
    pthread_join(goes, NULL);
    static char tenant[] = "late";
    assert_int_equal(pthread_create(&comes, NULL, stand_there, tenant), 0);
    pthread_join(asker.thread, NULL);
    evprof_pprof_t *delta = decode(&asker.reply);
    assert_int_equal(sum_of(delta, "stand_here", 0), -1);
    assert_int_equal(sum_of(delta, "stand_there", 0), 1);
    assert_true(delta->duration_ns >= 1000000000);
    evprof_pprof_free(delta);
    reply_free(&asker.reply);
    sem_post(&gate);
    pthread_join(comes, NULL);
}

/* What a label could not keep is counted where people look. */
static void
test_labels_that_overflow_are_counted(void **state)
{
    (void)state;
    char value[1024];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    reply_t reply = get(PREFIX "status");
    assert_non_null(strstr(reply.body, "labels_overflowed: 0\n"));
    reply_free(&reply);
    int token = evprof_label_push("tenant", value);
    assert_string_equal(evprof_label_get("tenant"), "(overflow)");
    evprof_label_restore(token);
    reply = get(PREFIX "status");
    assert_non_null(strstr(reply.body, "labels_overflowed: 1\n"));
    reply_free(&reply);
}

/* ---- Own profiles ---- */

static void
test_own_profiles_are_served(void **state)
{
    (void)state;
    char value;
    evprof_profile_t *own = evprof_profile_new(prof, "my~name,x", NULL);
    assert_non_null(own);
    assert_int_equal(evprof_profile_add(own, &value, 0), EVPROF_OK);
    reply_t reply = get(PREFIX);
    assert_non_null(strstr(reply.body, "<h2>my~name,x</h2>"));
    assert_non_null(strstr(reply.body, "href=\"my~name,x?debug=1\""));
    reply_free(&reply);
    /* A path that was mounted before it existed leads there by the index. */
    assert_non_null(evprof_lookup(prof, "my~name,x"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_profiles_are_valid_and_say_why),
        cmocka_unit_test(test_codes_and_files),
        cmocka_unit_test(test_deltas_hold_what_is_new),
        cmocka_unit_test(test_no_wait_of_ours_is_recorded),
        cmocka_unit_test(test_texts_of_block_and_mutex),
        cmocka_unit_test(test_the_asking_thread_comes_first),
        cmocka_unit_test(test_threads_are_grouped_and_ordered),
        cmocka_unit_test(test_dumps_at_once),
        cmocka_unit_test(test_a_delta_of_threads_has_both_signs),
        cmocka_unit_test(test_labels_that_overflow_are_counted),
        cmocka_unit_test(test_own_profiles_are_served),
    };
    return cmocka_run_group_tests_name("http", tests, open_server,
                                       close_server);
}
