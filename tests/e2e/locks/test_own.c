/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of the application's own, as Go's pprof.NewProfile has them. */
#include "tests/e2e/locks/profile.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static evprof_t *prof;

static int
open_profiler(void **state)
{
    (void)state;
    prof = evprof_new(NULL, NULL);
    return prof == NULL;
}

static int
close_profiler(void **state)
{
    (void)state;
    evprof_free(prof);
    return 0;
}

__attribute__((noinline)) static int
open_file(evprof_profile_t *p, const void *value)
{
    int status = evprof_profile_add(p, value, 0);
    __asm__ volatile("");
    return status;
}

__attribute__((noinline)) static int
open_for_somebody(evprof_profile_t *p, const void *value)
{
    int status = evprof_profile_add(p, value, 1);
    __asm__ volatile("");
    return status;
}

__attribute__((noinline)) static int
somebody(evprof_profile_t *p, const void *value)
{
    int status = open_for_somebody(p, value);
    __asm__ volatile("");
    return status;
}

static void
test_add_count_remove(void **state)
{
    (void)state;
    char values[3];
    evprof_profile_t *p = evprof_profile_new(prof, "my.files", NULL);
    assert_non_null(p);
    assert_string_equal(evprof_profile_name(p), "my.files");
    assert_ptr_equal(evprof_lookup(prof, "my.files"), p);
    assert_int_equal(evprof_profile_count(p), 0);
    /* One call site: unrolled, the loop would give two stacks. */
    volatile int files = 2;
    for (int i = 0; i < files; i++) {
        assert_int_equal(open_file(p, &values[i]), EVPROF_OK);
    }
    assert_int_equal(somebody(p, &values[2]), EVPROF_OK);
    assert_int_equal(evprof_profile_count(p), 3);

    evprof_pprof_t *served = take_profile(prof, "my.files");
    assert_int_equal(served->type_count, 1);
    assert_string_equal(served->types[0].type, "my.files");
    assert_string_equal(served->types[0].unit, "count");
    assert_string_equal(served->period_type.type, "my.files");
    assert_int_equal(sum_of(served, "open_file", 0), 2);
    assert_int_equal(sum_of(served, "open_for_somebody", 0), 0);
    assert_int_equal(sum_of(served, "somebody", 0), 1);
    assert_no_frame_of_ours(served, "open_file");
    for (size_t i = 0; i < served->sample_count; i++) {
        assert_true(sample_leaf_is(served, &served->samples[i], "open_file") ||
                    sample_leaf_is(served, &served->samples[i], "somebody"));
    }
    evprof_pprof_free(served);

    evprof_buf_t text = take_text(prof, "my.files", 1);
    const char head[] = "my.files profile: total 3\n2 @ 0x";
    assert_memory_equal(text.data, head, sizeof(head) - 1);
    assert_non_null(strstr(text.data, "\topen_file"));
    evprof_buf_free(&text);

    assert_int_equal(evprof_profile_remove(p, &values[0]), EVPROF_OK);
    assert_int_equal(evprof_profile_remove(p, &values[0]), EVPROF_OK);
    assert_int_equal(evprof_profile_count(p), 2);
    assert_int_equal(open_file(p, &values[0]), EVPROF_OK);
}

static void
test_wrong_use_is_a_status(void **state)
{
    (void)state;
    char value;
    evprof_error_t err;
    assert_null(evprof_profile_new(prof, "", &err));
    assert_int_equal(err.status, EVPROF_EINVAL);
    assert_null(evprof_profile_new(prof, NULL, &err));
    assert_int_equal(err.status, EVPROF_EINVAL);
    assert_null(evprof_profile_new(prof, "my.files", &err));
    assert_int_equal(err.status, EVPROF_EBUSY);
    assert_null(evprof_profile_new(prof, "heap", &err));
    assert_int_equal(err.status, EVPROF_EBUSY);
    /* Served under that name is something else. */
    static const char *const taken[] = { "profile",   "threads", "fgprof",
                                         "status",  "trace",
                                         "symbol",    "cmdline", "goroutine" };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        err.status = EVPROF_OK;
        assert_null(evprof_profile_new(prof, taken[i], &err));
        assert_int_equal(err.status, EVPROF_EBUSY);
        assert_non_null(strstr(err.message, taken[i]));
    }
    evprof_profile_t *own = evprof_profile_new(prof, "twice", NULL);
    assert_int_equal(evprof_profile_add(own, &value, 0), EVPROF_OK);
    assert_int_equal(evprof_profile_add(own, &value, 0), EVPROF_EBUSY);
    assert_int_equal(evprof_profile_add(own, NULL, -1), EVPROF_EINVAL);
    assert_int_equal(evprof_profile_count(own), 1);
    evprof_profile_t *heap = evprof_lookup(prof, "goroutine");
    assert_int_equal(evprof_profile_add(heap, &value, 0), EVPROF_EINVAL);
    assert_int_equal(evprof_profile_remove(heap, &value), EVPROF_EINVAL);
    assert_int_equal(evprof_profile_add(NULL, &value, 0), EVPROF_EINVAL);
}

/* Go's TestEmptyStack: more frames left out than there are. */
static void
test_a_stack_may_be_empty(void **state)
{
    (void)state;
    char value;
    evprof_profile_t *p = evprof_profile_new(prof, "empty", NULL);
    assert_int_equal(evprof_profile_add(p, &value, 100000), EVPROF_OK);
    evprof_pprof_t *served = take_profile(prof, "empty");
    assert_int_equal(served->sample_count, 1);
    assert_int_equal(served->samples[0].location_count, 0);
    evprof_pprof_free(served);
}

enum { ROUNDS = 2000, THREADS = 3 };

static void *
come_and_go(void *arg)
{
    char values[16];
    for (int i = 0; i < ROUNDS; i++) {
        const void *value = &values[i % 16];
        if (evprof_profile_add(arg, value, 0) != EVPROF_OK ||
            evprof_profile_remove(arg, value) != EVPROF_OK) {
            return arg;
        }
    }
    return NULL;
}

static void
test_threads_add_and_remove_at_once(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    evprof_profile_t *p = evprof_profile_new(prof, "busy", NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, p), 0);
    }
    for (int i = 0; i < 5; i++) {
        evprof_pprof_free(take_profile(prof, "busy"));
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(evprof_profile_count(p), 0);
}

static void
test_a_forked_child_has_its_own(void **state)
{
    (void)state;
    char value;
    evprof_profile_t *p = evprof_lookup(prof, "busy");
    assert_int_equal(evprof_profile_add(p, &value, 0), EVPROF_OK);
    pid_t child = fork();
    if (child == 0) {
        char other;
        int bad = evprof_profile_add(p, &other, 0) != EVPROF_OK ||
                  evprof_profile_count(p) != 2;
        _exit(bad);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(evprof_profile_count(p), 1);
}

static void
test_listed_by_name(void **state)
{
    (void)state;
    evprof_profile_t *all[64];
    size_t count = evprof_profiles(prof, all, 64);
    bool is_there = false;
    for (size_t i = 0; i < count; i++) {
        is_there |= strcmp(evprof_profile_name(all[i]), "my.files") == 0;
        assert_true(i == 0 || strcmp(evprof_profile_name(all[i - 1]),
                                     evprof_profile_name(all[i])) < 0);
    }
    assert_true(is_there);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_count_remove),
        cmocka_unit_test(test_wrong_use_is_a_status),
        cmocka_unit_test(test_a_stack_may_be_empty),
        cmocka_unit_test(test_threads_add_and_remove_at_once),
        cmocka_unit_test(test_a_forked_child_has_its_own),
        cmocka_unit_test(test_listed_by_name),
    };
    return cmocka_run_group_tests_name("own", tests, open_profiler,
                                       close_profiler);
}
