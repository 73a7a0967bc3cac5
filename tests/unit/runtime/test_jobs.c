/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs, windows, deltas and the profiler's life, on modules made for it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/base/error.h"
#include "core/profile/pprof.h"
#include "core/runtime/catalog.h"
#include "core/runtime/job.h"
#include "core/runtime/recording.h"
#include "core/runtime/worker.h"
#include "core/sample/hooks.h"
#include "core/sample/labels.h"

/* ---- Modules ---- */

static _Atomic int begun;
static _Atomic int taken;
static _Atomic int canceled;
static _Atomic long stock; /* what "stock" counts */
static pthread_t hook_thread;
static bool is_hook_thread_known;

/* Every hook must run on one and the same thread, which is not the caller's. */
static void
note_thread(void)
{
    assert_true(evprof_worker_is_me());
    if (!is_hook_thread_known) {
        hook_thread = pthread_self();
        is_hook_thread_known = true;
    }
    assert_true(pthread_equal(hook_thread, pthread_self()));
}

static int
fill(evprof_builder_t *out, const char *type, int64_t value)
{
    static const uintptr_t pcs[] = { 0x11, 0x22 };
    evprof_stack_t stack = { .pcs = pcs, .count = 2 };
    int status = evprof_builder_type(out, type, "count");
    return status == EVPROF_OK
               ? evprof_builder_add(out, &stack, NULL, 0, &value)
               : status;
}

static int
begin_window(void *state, const evprof_ask_t *ask, void **window,
             evprof_error_t *err)
{
    (void)state;
    (void)ask;
    (void)window;
    (void)err;
    note_thread();
    atomic_fetch_add(&begun, 1);
    return EVPROF_OK;
}

static int
end_window(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
           evprof_error_t *err)
{
    (void)state;
    (void)ask;
    (void)err;
    note_thread();
    atomic_fetch_add(&taken, 1);
    return fill(out, "samples", 1);
}

static void
cancel_window(void *state, void *window)
{
    (void)window;
    (void)state;
    atomic_fetch_add(&canceled, 1);
}

static int
take_stock(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
           evprof_error_t *err)
{
    (void)state;
    (void)ask;
    (void)err;
    note_thread();
    return fill(out, "stock", atomic_load(&stock));
}

/* Stands for one of our wrappers. */
EVPROF_HOOK static int
wrap(int number)
{
    return number + 1;
}

/* A stack below a wrapper, and one with a label that found no room. */
static int
take_wrapped(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
             evprof_error_t *err)
{
    (void)state;
    (void)ask;
    (void)err;
    note_thread();
    int (*function)(int) = wrap;
    uintptr_t in_wrapper;
    memcpy(&in_wrapper, &function, sizeof(in_wrapper));
    const uintptr_t pcs[] = { 0x11, in_wrapper + 2, 0x22, 0x33 };
    const evprof_stack_t wrapped = { .pcs = pcs, .count = 3 };
    const evprof_stack_t plain = { .pcs = pcs + 2, .count = 2 };
    const evprof_sample_label_t full = { .key = "user",
                                         .text = EVPROF_LABEL_OVERFLOW };
    const int64_t one = 1;
    int status = evprof_builder_type(out, "threads", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_add(out, &wrapped, NULL, 0, &one);
    }
    return status == EVPROF_OK ? evprof_builder_add(out, &plain, &full, 1, &one)
                               : status;
}

static long
count_stock(void *state)
{
    (void)state;
    note_thread();
    return atomic_load(&stock);
}

static int
say_hello(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
          evprof_error_t *err)
{
    (void)state;
    (void)ask;
    (void)err;
    note_thread();
    return out->write(out->ctx, "hello", 5);
}

static int
refuse(const void *conf, void **state, evprof_error_t *err)
{
    (void)conf;
    (void)state;
    return evprof_fail(err, EVPROF_ENOTSUP, "needs what is not here");
}

static const evprof_module_t cpu_module = {
    .abi = EVPROF_MODULE_ABI,
    .name = "cpu",
    .summary = "A window.",
    .flags = EVPROF_MODULE_TIMED | EVPROF_MODULE_EXCLUSIVE,
    .begin = begin_window,
    .snapshot = end_window,
    .cancel = cancel_window,
};

static const evprof_module_t stock_module = {
    .abi = EVPROF_MODULE_ABI,
    .name = "stock",
    .summary = "A number.",
    .flags = EVPROF_MODULE_DELTA,
    .snapshot = take_stock,
    .count = count_stock,
};

static const evprof_module_t wrapped_module = {
    .abi = EVPROF_MODULE_ABI,
    .name = "goroutine",
    .summary = "Stacks with a frame that is left out.",
    .snapshot = take_wrapped,
};

static const evprof_module_t hello_module = {
    .abi = EVPROF_MODULE_ABI,
    .name = "hello",
    .summary = "A text.",
    .flags = EVPROF_MODULE_TEXT_ONLY,
    .text = say_hello,
};

static const evprof_module_t absent_module = {
    .abi = EVPROF_MODULE_ABI,
    .name = "absent",
    .summary = "Cannot be had.",
    .init = refuse,
    .snapshot = take_stock,
};

const evprof_module_t *const evprof_profile_modules[] = {
    &stock_module,  &cpu_module,     &hello_module,
    &absent_module, &wrapped_module, NULL,
};

/* ---- Asking ---- */

struct wait {
    _Atomic uint32_t count; /* of calls of `done` */
};

static void
on_done(void *ctx, evprof_job_t *job)
{
    struct wait *wait = ctx;
    assert_true(evprof_worker_is_me());
    assert_non_null(evprof_job_result(job));
    atomic_fetch_add(&wait->count, 1);
    evprof_futex_wake(&wait->count);
}

static void
await(struct wait *wait)
{
    while (atomic_load(&wait->count) == 0) {
        evprof_futex_wait(&wait->count, 0, 0);
    }
    assert_int_equal(atomic_load(&wait->count), 1);
}

static evprof_job_t *
start(evprof_t *prof, const char *name, double seconds, struct wait *wait)
{
    evprof_job_t *job = NULL;
    evprof_error_t err = { .message = "" };
    evprof_ask_t ask = { .seconds = seconds };
    atomic_store(&wait->count, 0);
    if (evprof_job_start(prof, name, &ask, on_done, NULL, wait, &job, &err) !=
        0) {
        fail_msg("%s: %s", name, err.message);
    }
    assert_non_null(job);
    return job;
}

static void
expect_refusal(evprof_t *prof, const char *name, double seconds, int debug,
               int status, const char *message)
{
    evprof_job_t *job = NULL;
    evprof_error_t err;
    evprof_ask_t ask = { .seconds = seconds, .debug = debug };
    assert_int_equal(
        evprof_job_start(prof, name, &ask, on_done, NULL, NULL, &job, &err),
        status);
    assert_int_equal(evprof_job_check(prof, name, &ask, NULL), status);
    assert_int_equal(err.status, status);
    assert_string_equal(err.message, message);
    assert_null(job);
}

static evprof_t *
open_profiler(void)
{
    evprof_error_t err = { .message = "" };
    evprof_t *prof = evprof_new(NULL, &err);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
    is_hook_thread_known = false;
    atomic_store(&begun, 0);
    atomic_store(&taken, 0);
    atomic_store(&canceled, 0);
    return prof;
}

static evprof_pprof_t *
decode(evprof_job_t *job)
{
    evprof_pprof_t *p = NULL;
    evprof_result_t *result = evprof_job_result(job);
    assert_int_equal(result->status, 0);
    assert_false(result->is_text);
    assert_int_equal(evprof_pprof_decode(result->body.data, result->body.len,
                                         1u << 20, &p, NULL),
                     0);
    return p;
}

/* ---- Tests ---- */

static void
test_refusals(void **state)
{
    (void)state;
    evprof_t *prof = open_profiler();
    expect_refusal(prof, "nope", 1, 1, EVPROF_ENOENT, "Unknown profile");
    expect_refusal(prof, "absent", 0, 0, EVPROF_ENOTSUP,
                   "needs what is not here");
    expect_refusal(prof, "hello", 1, 0, EVPROF_EINVAL,
                   "\"seconds\" parameter is not supported for this profile "
                   "type");
    expect_refusal(prof, "stock", 1, 1, EVPROF_EINVAL,
                   "seconds and debug params are incompatible");
    expect_refusal(prof, "stock", 301, 0, EVPROF_EINVAL,
                   "\"seconds\" must not be above 300 (max_seconds)");
    expect_refusal(prof, "cpu", 301, 0, EVPROF_EINVAL,
                   "\"seconds\" must not be above 300 (max_seconds)");
    expect_refusal(prof, "cpu", 0, 0, EVPROF_ESTATE,
                   "profile cpu: needs a duration");
    evprof_free(prof);
    expect_refusal(prof, "hello", 0, 0, EVPROF_ESTATE,
                   "the profiler is shut down");
}

static void
test_switched_off(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof-test-XXXXXX";
    static const char text[] = "pprof { profile stock off; max_seconds 7; }\n";
    evprof_error_t err;
    evprof_entry_t entry;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    evprof_t *prof = evprof_new(path, &err);
    unlink(path);
    assert_non_null(prof);
    expect_refusal(prof, "stock", 0, 0, EVPROF_EOFF,
                   "this profile is switched off by the configuration");
    assert_null(evprof_lookup(prof, "stock"));
    assert_true(evprof_catalog_find_leaf(prof, "stock", &entry));
    assert_false(entry.is_on);
    expect_refusal(prof, "cpu", 8, 0, EVPROF_EINVAL,
                   "\"seconds\" must not be above 7 (max_seconds)");
    evprof_free(prof);
}

/* A window of minutes is open, and others are served meanwhile. */
static void
test_window_blocks_nobody(void **state)
{
    (void)state;
    struct wait window;
    struct wait other;
    evprof_error_t err;
    evprof_t *prof = open_profiler();
    evprof_job_t *job = start(prof, "cpu", 200, &window);
    evprof_job_t *second = NULL;
    evprof_ask_t ask = { .seconds = 1 };
    assert_int_equal(
        evprof_job_start(prof, "cpu", &ask, on_done, NULL, NULL, &second, &err),
        EVPROF_EBUSY);
    assert_string_equal(err.message, "cpu profiling already in use");
    for (int i = 0; i < 3; i++) {
        evprof_job_t *quick = start(prof, "hello", 0, &other);
        await(&other);
        assert_true(evprof_job_result(quick)->is_text);
        assert_string_equal(evprof_job_result(quick)->body.data, "hello");
        evprof_job_free(quick);
    }
    assert_int_equal(atomic_load(&begun), 1);
    assert_int_equal(atomic_load(&window.count), 0);

    evprof_job_cancel(job);
    evprof_job_cancel(job);
    await(&window);
    assert_int_equal(evprof_job_result(job)->status, EVPROF_ECANCELED);
    assert_int_equal(evprof_job_result(job)->body.len, 0);
    evprof_job_free(job);
    assert_int_equal(atomic_load(&canceled), 1);
    assert_int_equal(atomic_load(&taken), 0);

    job = start(prof, "cpu", 0.001, &window);
    await(&window);
    evprof_pprof_t *p = decode(job);
    assert_int_equal(p->sample_count, 1);
    evprof_pprof_free(p);
    evprof_job_free(job);
    assert_int_equal(atomic_load(&canceled), 1);
    assert_int_equal(atomic_load(&taken), 1);
    evprof_free(prof);
}

/* Cancelled before the worker has looked at it, or while it does. */
static void
test_cancel_at_once(void **state)
{
    (void)state;
    struct wait wait;
    evprof_t *prof = open_profiler();
    for (int i = 0; i < 200; i++) {
        evprof_job_t *job = start(prof, "cpu", 200, &wait);
        evprof_job_cancel(job);
        await(&wait);
        assert_int_equal(evprof_job_result(job)->status, EVPROF_ECANCELED);
        evprof_job_free(job);
    }
    assert_int_equal(atomic_load(&begun), atomic_load(&canceled));
    evprof_free(prof);
}

/* ---- A crowd ---- */

#define CROWD_TURNS 200000

struct crowd {
    evprof_work_t task; /* first: the worker gives it back */
    _Atomic bool is_over;
    long turns;
    struct wait wait;
};

/* There is always one more that wants to be served now. */
static void
take_turn(evprof_work_t *task)
{
    struct crowd *crowd = (struct crowd *)(void *)task;
    if (!atomic_load(&crowd->is_over) && ++crowd->turns < CROWD_TURNS) {
        assert_int_equal(evprof_worker_post(task, 0, NULL), 0);
    } else {
        atomic_store(&crowd->wait.count, 1);
        evprof_futex_wake(&crowd->wait.count);
    }
}

static void
end_crowd(void *ctx, evprof_job_t *job)
{
    struct crowd *crowd = ctx;
    (void)job;
    atomic_store(&crowd->is_over, true);
}

/* A window ends when its time has come, however many others ask meanwhile. */
static void
test_crowd(void **state)
{
    (void)state;
    struct crowd crowd = { .task.run = take_turn };
    evprof_job_t *job = NULL;
    evprof_ask_t ask = { .seconds = 0.001 };
    evprof_t *prof = open_profiler();
    assert_int_equal(evprof_job_start(prof, "cpu", &ask, end_crowd, NULL,
                                      &crowd, &job, NULL),
                     0);
    assert_int_equal(evprof_worker_post(&crowd.task, 0, NULL), 0);
    await(&crowd.wait);
    assert_true(crowd.turns < CROWD_TURNS);
    evprof_free(prof);
    evprof_job_free(job);
}

static int
fail_silently(evprof_t *prof, const evprof_ask_t *ask, evprof_result_t *result)
{
    (void)prof;
    (void)ask;
    (void)result;
    return EVPROF_ENOMEM;
}

/* Whoever asks is told something. */
static void
test_wordless(void **state)
{
    (void)state;
    struct wait wait = { 0 };
    evprof_job_t *job = NULL;
    evprof_t *prof = open_profiler();
    assert_int_equal(evprof_job_call(prof, fail_silently, &(evprof_ask_t){ 0 },
                                     on_done, &wait, &job, NULL),
                     0);
    await(&wait);
    assert_int_equal(evprof_job_result(job)->status, EVPROF_ENOMEM);
    assert_string_equal(evprof_job_result(job)->err.message, "out of memory");
    evprof_job_free(job);
    evprof_free(prof);
}

static void
test_deltas(void **state)
{
    (void)state;
    struct wait waits[3];
    evprof_job_t *jobs[3];
    struct wait barrier;
    evprof_t *prof = open_profiler();
    atomic_store(&stock, 5);
    for (int i = 0; i < 3; i++) {
        jobs[i] = start(prof, "stock", i == 2 ? 0.05 : 0.2, &waits[i]);
    }
    /* The worker keeps the order: by now it has taken the first snapshots. */
    evprof_job_t *job = start(prof, "hello", 0, &barrier);
    await(&barrier);
    evprof_job_free(job);
    atomic_store(&stock, 2);
    await(&waits[2]);
    for (int i = 0; i < 3; i++) {
        await(&waits[i]);
        assert_true(evprof_job_result(jobs[i])->is_delta);
        evprof_pprof_t *p = decode(jobs[i]);
        assert_int_equal(p->sample_count, 1);
        assert_int_equal(p->samples[0].values[0], -3);
        assert_true(p->duration_ns >= 50000000);
        assert_string_equal(p->types[0].type, "stock");
        evprof_pprof_free(p);
        evprof_job_free(jobs[i]);
    }
    /* What did not change is not in it. */
    job = start(prof, "stock", 0.001, &barrier);
    await(&barrier);
    evprof_pprof_t *p = decode(job);
    assert_int_equal(p->sample_count, 0);
    assert_int_equal(p->type_count, 1);
    evprof_pprof_free(p);
    evprof_job_free(job);
    evprof_free(prof);
}

static void
test_free_cancels(void **state)
{
    (void)state;
    struct wait window;
    struct wait delta;
    evprof_t *prof = open_profiler();
    evprof_job_t *one = start(prof, "cpu", 200, &window);
    evprof_job_t *other = start(prof, "stock", 200, &delta);
    evprof_free(prof);
    assert_int_equal(atomic_load(&window.count), 1);
    assert_int_equal(atomic_load(&delta.count), 1);
    assert_int_equal(evprof_job_result(one)->status, EVPROF_ECANCELED);
    assert_int_equal(evprof_job_result(other)->status, EVPROF_ECANCELED);
    assert_int_equal(atomic_load(&begun), atomic_load(&canceled));
    evprof_job_free(one);
    evprof_job_free(other);
}

static int
fail_to_write(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return EVPROF_EIO;
}

static void
test_named_profiles(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_buf_t text = { 0 };
    evprof_writer_t out = evprof_writer_buf(&text);
    evprof_writer_t broken = { .write = fail_to_write };
    evprof_profile_t *list[8];
    evprof_t *prof = open_profiler();
    atomic_store(&stock, 4);
    assert_int_equal(evprof_profiles(prof, NULL, 0), 4);
    assert_int_equal(evprof_profiles(prof, list, 8), 4);
    assert_string_equal(evprof_profile_name(list[0]), "absent");
    assert_string_equal(evprof_profile_name(list[1]), "cpu");
    assert_string_equal(evprof_profile_name(list[2]), "goroutine");
    assert_string_equal(evprof_profile_name(list[3]), "stock");
    assert_null(evprof_lookup(prof, "nope"));

    evprof_profile_t *p = evprof_lookup(prof, "stock");
    assert_ptr_equal(p, list[3]);
    assert_int_equal(evprof_profile_count(p), 4);
    assert_int_equal(evprof_profile_write(p, &out, 1, &err), 0);
    assert_string_equal(text.data, "stock profile: total 4\n"
                                   "4 @ 0x11 0x22\n"
                                   "#\t0x10\n"
                                   "#\t0x21\n"
                                   "\n");
    evprof_buf_clear(&text);
    assert_int_equal(evprof_profile_write(p, &out, 0, &err), 0);
    assert_memory_equal(text.data, "\x1f\x8b", 2);
    assert_int_equal(evprof_profile_write(p, &broken, 0, &err), EVPROF_EIO);
    assert_int_equal(evprof_profile_write(list[1], &out, 0, &err),
                     EVPROF_ESTATE);
    assert_int_equal(evprof_profile_write(list[0], &out, 0, &err),
                     EVPROF_ENOTSUP);
    assert_int_equal(evprof_profile_count(list[0]), -1);
    evprof_buf_free(&text);
    evprof_free(prof);
}

/* On the worker, which such a call would wait for. */
static int
start_region(evprof_t *prof, const evprof_ask_t *ask, evprof_result_t *result)
{
    evprof_writer_t out = evprof_writer_buf(&result->body);
    (void)ask;
    return evprof_recording_start(prof, "cpu", &out, &result->err);
}

static int
stop_region(evprof_t *prof, const evprof_ask_t *ask, evprof_result_t *result)
{
    (void)ask;
    return evprof_recording_stop(prof, "cpu", &result->err);
}

static int
write_part_of_region(evprof_t *prof, const evprof_ask_t *ask,
                     evprof_result_t *result)
{
    evprof_writer_t out = evprof_writer_buf(&result->body);
    (void)ask;
    return evprof_recording_part(prof, "cpu", &out, &result->err);
}

static void
expect_refusal_in_hook(evprof_t *prof, evprof_call_fn call)
{
    struct wait wait = { 0 };
    evprof_job_t *job = NULL;
    assert_int_equal(evprof_job_call(prof, call, &(evprof_ask_t){ 0 }, on_done,
                                     &wait, &job, NULL),
                     0);
    await(&wait);
    assert_int_equal(evprof_job_result(job)->status, EVPROF_ESTATE);
    assert_string_equal(evprof_job_result(job)->err.message,
                        "profile cpu: asked for by a module's hook");
    evprof_job_free(job);
}

static void
test_region_in_hook(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_buf_t text = { 0 };
    evprof_writer_t out = evprof_writer_buf(&text);
    evprof_t *prof = open_profiler();
    expect_refusal_in_hook(prof, start_region);
    assert_int_equal(evprof_recording_start(prof, "cpu", &out, &err), 0);
    expect_refusal_in_hook(prof, stop_region);
    expect_refusal_in_hook(prof, write_part_of_region);
    /* What is no file has no parts. */
    assert_int_equal(evprof_recording_part(prof, "cpu", &out, NULL),
                     EVPROF_ENOTSUP);
    assert_int_equal(evprof_recording_stop(prof, "cpu", &err), 0);
    assert_memory_equal(text.data, "\x1f\x8b", 2);
    evprof_buf_free(&text);
    evprof_free(prof);
}

static void
test_region(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_buf_t text = { 0 };
    evprof_writer_t out = evprof_writer_buf(&text);
    assert_int_equal(evprof_recording_start(NULL, "cpu", NULL, &err),
                     EVPROF_EINVAL);
    assert_string_equal(err.message, "profile cpu: no writer was given");
    evprof_t *prof = open_profiler();
    assert_int_equal(evprof_recording_stop(prof, "cpu", &err), 0);
    assert_int_equal(evprof_recording_start(prof, "cpu", &out, &err), 0);
    assert_int_equal(atomic_load(&begun), 1);
    assert_int_equal(evprof_recording_start(prof, "cpu", &out, &err),
                     EVPROF_EBUSY);
    assert_int_equal(evprof_recording_stop(prof, "cpu", &err), 0);
    assert_int_equal(atomic_load(&taken), 1);
    assert_memory_equal(text.data, "\x1f\x8b", 2);
    assert_int_equal(evprof_recording_stop(prof, "cpu", &err), 0);
    /* One that is never stopped ends with the profiler. */
    assert_int_equal(evprof_recording_start(prof, "cpu", &out, &err), 0);
    evprof_free(prof);
    assert_int_equal(atomic_load(&canceled), 1);
    evprof_buf_free(&text);
}

struct asker {
    evprof_t *prof;
    _Atomic int finished;
};

static void *
ask_often(void *arg)
{
    struct asker *asker = arg;
    for (int i = 0; i < 50; i++) {
        struct wait wait;
        evprof_job_t *job = start(asker->prof, "stock", i % 2 * 0.001, &wait);
        if (i % 3 == 0) {
            evprof_job_cancel(job);
        }
        await(&wait);
        evprof_job_free(job);
        atomic_fetch_add(&asker->finished, 1);
    }
    return NULL;
}

static void
test_many_askers(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct asker asker = { .prof = open_profiler() };
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, ask_often, &asker);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&asker.finished), 200);
    evprof_free(asker.prof);
}

/* Frames of wrappers are not the program's; what found no room is told. */
static void
test_what_is_taken_out_and_told(void **state)
{
    (void)state;
    struct wait wait;
    evprof_t *prof = open_profiler();
    evprof_job_t *job = start(prof, "goroutine", 0, &wait);
    await(&wait);
    evprof_pprof_t *p = decode(job);
    static const uint64_t addresses[2][2] = { { 0x10, 0x21 }, { 0x21, 0x32 } };
    assert_int_equal(p->sample_count, 2);
    assert_int_equal(p->location_count, 3);
    for (size_t i = 0; i < 2; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        assert_int_equal(sample->location_count, 2);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(p->locations[sample->locations[k]].address,
                             addresses[i][k]);
        }
    }
    bool is_told = false;
    for (size_t i = 0; i < p->comment_count; i++) {
        is_told =
            is_told ||
            strstr(p->comments[i], "1 samples have the label value (overflow)");
    }
    assert_true(is_told);
    evprof_pprof_free(p);
    evprof_job_free(job);
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_switched_off),
        cmocka_unit_test(test_window_blocks_nobody),
        cmocka_unit_test(test_cancel_at_once),
        cmocka_unit_test(test_deltas),
        cmocka_unit_test(test_what_is_taken_out_and_told),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_wordless),
        cmocka_unit_test(test_free_cancels),
        cmocka_unit_test(test_named_profiles),
        cmocka_unit_test(test_region),
        cmocka_unit_test(test_region_in_hook),
        cmocka_unit_test(test_many_askers),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
