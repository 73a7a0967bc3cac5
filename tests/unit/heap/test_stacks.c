/* SPDX-License-Identifier: Apache-2.0 */
/* How the stacks of a dump get into a profile. */
#include "core/heap/stacks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/profile/builder.h"
#include "core/sample/labels.h"
#include "core/sample/sig_labels.h"

static evprof_heap_stacks_t
begin(void)
{
    evprof_heap_stacks_t stacks = { .out = evprof_builder_new(0) };
    assert_non_null(stacks.out);
    assert_int_equal(evprof_heap_columns(stacks.out), EVPROF_OK);
    return stacks;
}

static evprof_pprof_t *
end(evprof_heap_stacks_t *stacks)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    assert_int_equal(evprof_builder_finish(stacks->out, &p, &err), EVPROF_OK);
    evprof_builder_free(stacks->out);
    return p;
}

static void
test_only_what_counts(void **state)
{
    (void)state;
    static const evprof_heap_counts_t counts[] = {
        { .objects = 0 },   { .accum_objects = 1 }, { .accum_bytes = 20 },
        { .objects = 300 }, { .bytes = 4000 },      { .accum_bytes = 0 },
    };
    evprof_heap_stacks_t stacks = begin();
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const uint64_t pcs[] = { 0x1000 + i, 0x2000 };
        assert_int_equal(evprof_heap_add(&stacks, pcs, 2, &counts[i], NULL),
                         EVPROF_OK);
    }
    assert_int_equal(stacks.added, 4);
    assert_int_equal(stacks.inuse_bytes, 4000);
    evprof_pprof_t *p = end(&stacks);
    assert_int_equal(p->sample_count, 4);
    assert_int_equal(p->samples[0].values[0], 1);
    assert_int_equal(p->samples[1].values[1], 20);
    assert_int_equal(p->samples[2].values[2], 300);
    assert_int_equal(p->samples[3].values[3], 4000);
    evprof_pprof_free(p);
}

/* The labels of the thread, which the hook puts behind the last frame, are not
 * a frame. */
static void
test_labels_behind_the_stack(void **state)
{
    (void)state;
    static const evprof_heap_counts_t counts = { .objects = 1, .bytes = 8 };
    const evprof_sample_label_t size = { .key = "bytes", .number = 8 };
    evprof_heap_stacks_t stacks = begin();
    const int token = evprof_label_push("tenant", "t1");
    const uint64_t pcs[] = { 0x1000, 0x2000,
                             evprof_label_mark(evprof_sig_labels()) };
    evprof_label_restore(token);
    assert_int_not_equal(pcs[2], 0);
    assert_int_equal(evprof_heap_add(&stacks, pcs, 3, &counts, &size),
                     EVPROF_OK);
    assert_int_equal(evprof_heap_add(&stacks, pcs, 2, &counts, NULL),
                     EVPROF_OK);
    assert_int_equal(evprof_heap_add(&stacks, pcs, 0, &counts, NULL),
                     EVPROF_OK);
    evprof_pprof_t *p = end(&stacks);
    assert_int_equal(p->sample_count, 3);
    const evprof_sample_t *labelled = &p->samples[0];
    assert_int_equal(labelled->location_count, 2);
    assert_int_equal(labelled->label_count, 2);
    assert_string_equal(labelled->labels[0].key, "tenant");
    assert_string_equal(labelled->labels[0].text, "t1");
    assert_string_equal(labelled->labels[1].key, "bytes");
    assert_int_equal(labelled->labels[1].number, 8);
    assert_int_equal(p->samples[1].location_count, 2);
    assert_int_equal(p->samples[1].label_count, 0);
    assert_int_equal(p->samples[2].location_count, 0);
    evprof_pprof_free(p);
}

static void
test_no_count_before_it_is_on(void **state)
{
    (void)state;
    assert_int_equal(evprof_heap_count(), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_counts),
        cmocka_unit_test(test_labels_behind_the_stack),
        cmocka_unit_test(test_no_count_before_it_is_on),
    };
    return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
