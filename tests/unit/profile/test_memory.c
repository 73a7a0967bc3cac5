/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of building and of writing a profile fails once: the call
 * says so, or did without, and what it gave is whole. */
#include <stdio.h>

#include "core/profile/builder.h"
#include "core/profile/pprof.h"
#include "tests/short_of_memory.h"
#include "tests/unit/profile/tests.h"

/* More stacks and labels than fit into the first of anything that grows. */
enum { SAMPLES = 100, DEPTH = 40 };

static int
add(evprof_builder_t *b, uintptr_t i)
{
    uintptr_t pcs[DEPTH];
    char route[16];
    for (uintptr_t d = 0; d < DEPTH; d++) {
        pcs[d] = 0x10000 * (d + 1) + i;
    }
    (void)snprintf(route, sizeof(route), "/%zu", (size_t)i);
    const evprof_stack_t stack = { pcs, DEPTH, true };
    const evprof_sample_label_t labels[] = {
        { .key = "route", .text = route },
        { .key = "size", .number = (int64_t)i, .unit = "bytes" },
    };
    const int64_t values[] = { 1 };
    return evprof_builder_add(b, &stack, labels, 2, values);
}

/* The profile, or NULL: memory was out. */
static evprof_pprof_t *
build(void)
{
    evprof_pprof_t *p = NULL;
    evprof_builder_t *b = evprof_builder_new(0);
    if (b == NULL) {
        return NULL;
    }
    int status = evprof_builder_type(b, "samples", "count");
    for (uintptr_t i = 0; i < SAMPLES && status == EVPROF_OK; i++) {
        status = add(b, i);
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_finish(b, &p, NULL);
    }
    assert_true(status == EVPROF_OK || status == EVPROF_ENOMEM);
    evprof_builder_free(b);
    return status == EVPROF_OK ? p : NULL;
}

static void
expect_whole(const evprof_pprof_t *p)
{
    assert_int_equal(p->sample_count, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) {
        const evprof_sample_t *s = &p->samples[i];
        assert_int_equal(s->location_count, DEPTH);
        assert_int_equal(p->locations[s->locations[0]].address, 0x10000 + i);
        assert_int_equal(s->label_count, 2);
        assert_string_equal(s->labels[0].key, "route");
        assert_int_equal(s->values[0], 1);
    }
}

static void
test_building(void **state)
{
    (void)state;
    size_t failures = 0;
    bool has_failed = true;
    for (long n = 1; has_failed; n++) {
        test_fail_allocation(n);
        evprof_pprof_t *p = build();
        has_failed = test_failed_allocation();
        failures += p == NULL;
        assert_true(p != NULL || has_failed);
        if (p != NULL) {
            expect_whole(p);
            evprof_pprof_free(p);
        }
    }
    assert_true(failures > 0);
}

static void
test_writing(void **state)
{
    (void)state;
    evprof_pprof_t *p = build();
    evprof_buf_t whole = { 0 };
    evprof_writer_t out = evprof_writer_buf(&whole);
    assert_int_equal(evprof_pprof_encode(p, 0, &out, NULL), EVPROF_OK);
    size_t failures = 0;
    bool has_failed = true;
    for (long n = 1; has_failed; n++) {
        evprof_buf_t again = { 0 };
        out = evprof_writer_buf(&again);
        test_fail_allocation(n);
        int status = evprof_pprof_encode(p, 0, &out, NULL);
        has_failed = test_failed_allocation();
        failures += status != EVPROF_OK;
        if (status == EVPROF_OK) {
            assert_int_equal(again.len, whole.len);
            assert_memory_equal(again.data, whole.data, whole.len);
        } else {
            assert_int_equal(status, EVPROF_ENOMEM);
            assert_true(has_failed);
        }
        evprof_buf_free(&again);
    }
    assert_true(failures > 0);
    evprof_buf_free(&whole);
    evprof_pprof_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_building),
        cmocka_unit_test(test_writing),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
