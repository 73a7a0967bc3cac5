/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap profile is pushed in two ways at once: what was allocated since the
 * last push, and what is in use now.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "tests/e2e/push/engine.h"

enum { ALLOC_OBJECTS, ALLOC_SPACE, INUSE_OBJECTS, INUSE_SPACE };
enum { BLOCK_BYTES = 4096, BLOCKS_MAX = 32 };

static engine_t engine;
static void *_Atomic blocks[BLOCKS_MAX];

/* Holds blocks `from` to `to`. */
__attribute__((noinline)) static void
hold_for_push(int from, int to)
{
    for (int i = from; i < to; i++) {
        blocks[i] = malloc(BLOCK_BYTES);
    }
}

/* How many the pushes say were allocated, all together. */
static int64_t
count_allocated(int column)
{
    int64_t sum = 0;
    int count = engine_count(&engine, "memory");
    for (int i = 0; i < count; i++) {
        sum += engine_profile(&engine, "memory", i).held[column];
    }
    return sum;
}

/* The one that comes after all that was done until now. */
static engine_profile_t
next_push(void)
{
    int count = engine_count(&engine, "memory");
    /* The first of the two may have been taken already. */
    engine_await(&engine, "memory", count + 2);
    return engine_profile(&engine, "memory", count + 1);
}

static void
check_push(int allocated, int in_use)
{
    engine_profile_t one = next_push();
    assert_int_equal(count_allocated(ALLOC_OBJECTS), allocated);
    assert_int_equal(count_allocated(ALLOC_SPACE), allocated * BLOCK_BYTES);
    assert_int_equal(one.held[INUSE_OBJECTS], in_use);
    assert_int_equal(one.held[INUSE_SPACE], in_use * BLOCK_BYTES);
    /* Engines add up what has a duration. */
    assert_int_equal(one.duration_ns, 0);
}

static void
test_heap(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof_push_conf_XXXXXX";
    evprof_error_t err = { .status = 0 };
    engine_open(&engine);
    FILE *file = fdopen(mkstemp(path), "w");
    (void)fprintf(file,
                  "push { url http://127.0.0.1:%d/; every 1s; profiles heap; }",
                  engine.server.port);
    (void)fclose(file);
    evprof_t *prof = evprof_new(path, &err);
    unlink(path);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
    engine_run(&engine);
    engine_await(&engine, "memory", 1);
    hold_for_push(0, 10);
    check_push(10, 10);
    /* Nothing new: the next ones have no difference, and the same in use. */
    check_push(10, 10);
    for (int i = 0; i < 4; i++) {
        free(blocks[i]);
    }
    hold_for_push(10, 15);
    check_push(15, 11);
    evprof_free(prof);
    engine_close(&engine);
    for (int i = 4; i < 15; i++) {
        free(blocks[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_heap) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
