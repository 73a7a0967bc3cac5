/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/merge.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/analysis/scale.h"
#include "core/profile/loss.h"

#include "tests/unit/profile/sample_profile.h"
#include "tests/unit/profile/stacks.h"
#include "tests/unit/profile/tests.h"

static void
free_all(evprof_pprof_t **profiles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evprof_pprof_free(profiles[i]);
    }
}

static const char *
text(evprof_pprof_t *p, const char *s)
{
    return evprof_strings_intern(&p->strings, s);
}

static void
test_equal_samples_add_up(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = {
        make_stacks("main;b 1,10\nmain;a 2,20 k=v\nmain;z 0,0\n"),
        make_stacks("main;a 3,30 k=v\nmain;a 4,40\nmain;b 5,50\n"),
    };
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_pprof_merge(sources, 2, &p, NULL), EVPROF_OK);
    assert_stacks(p, "main;b 6,60\nmain;a 5,50 k=v\nmain;a 4,40\n");
    assert_int_equal(p->location_count, 3);
    assert_int_equal(p->function_count, 3);
    assert_int_equal(p->locations[2].id, 3);
    evprof_pprof_free(p);
    free_all(sources, 2);
}

static void
test_what_cancels_out_is_gone(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = { make_stacks("main;a 1\nmain;b 5\n"),
                                  make_stacks("main;a 1\nmain;b 3\n") };
    evprof_pprof_negate(sources[1]);
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_pprof_merge(sources, 2, &p, NULL), EVPROF_OK);
    assert_stacks(p, "main;b 2\n");
    assert_int_equal(p->function_count, 2);
    evprof_pprof_free(p);
    free_all(sources, 2);
}

static void
test_threads_do_not_show(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    evprof_pprof_t *sources[COUNT];
    char line[64];
    for (int i = 0; i < COUNT; i++) {
        snprintf(line, sizeof(line), "main;f%d 1\nmain;f%d %d k=v%d\n", i % 7,
                 (i * 3) % 11, i, i % 2);
        sources[i] = make_stacks(line);
    }
    evprof_pprof_t *all = NULL;
    assert_int_equal(evprof_pprof_merge(sources, COUNT, &all, NULL), EVPROF_OK);
    evprof_pprof_t *sum = evprof_pprof_copy(sources[0]);
    for (int i = 1; i < COUNT; i++) {
        evprof_pprof_t *pair[] = { sum, sources[i] };
        evprof_pprof_t *next = NULL;
        assert_int_equal(evprof_pprof_merge(pair, 2, &next, NULL), EVPROF_OK);
        evprof_pprof_free(sum);
        sum = next;
    }
    char *expected = show_stacks(sum);
    assert_stacks(all, expected);
    free(expected);
    evprof_pprof_free(sum);
    evprof_pprof_free(all);
    free_all(sources, COUNT);
}

static void
test_mappings_meet_at_any_address(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = { make_sample_profile(),
                                  make_sample_profile() };
    const uint64_t moved = 0x10000000;
    evprof_pprof_t *p = sources[1];
    for (size_t i = 0; i < p->mapping_count; i++) {
        p->mappings[i].start += moved;
        p->mappings[i].limit += moved - 100; /* the same after rounding */
    }
    for (size_t i = 0; i < p->location_count; i++) {
        p->locations[i].address += moved;
    }
    p->time_ns -= 5;
    evprof_pprof_t *merged = NULL;
    assert_int_equal(evprof_pprof_merge(sources, 2, &merged, NULL), EVPROF_OK);
    assert_int_equal(merged->mapping_count, 2);
    assert_int_equal(merged->location_count, 3);
    assert_int_equal(merged->sample_count, 2);
    assert_int_equal(merged->samples[0].values[0], 6);
    assert_int_equal(merged->locations[0].address, 0x7f0000000100);
    assert_int_equal(merged->duration_ns, 4000000000);
    assert_int_equal(merged->time_ns, sources[1]->time_ns);
    assert_int_equal(merged->comment_count, 1);
    assert_string_equal(merged->doc_url, "https://shop.example/doc");
    assert_string_equal(merged->mappings[0].file, "/srv/bin/shop");
    evprof_pprof_free(merged);
    free_all(sources, 2);
}

/* A part of the time in which nothing happened is no idle whole. */
static void
test_idle_sources(void **state)
{
    (void)state;
    const evprof_lost_t lost = { .what = "0 samples in 1 s" };
    evprof_pprof_t *sources[] = { make_stacks("main;a 0\n"),
                                  make_stacks("main;a 1\n"),
                                  make_stacks("main;a 0\n") };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            evprof_loss_note(sources[i], EVPROF_LOSS_OF_CPU,
                             i == 1 ? EVPROF_LOSS_IDLE - 1 : EVPROF_LOSS_IDLE,
                             &lost),
            EVPROF_OK);
    }
    evprof_pprof_t *busy = NULL;
    evprof_pprof_t *idle = NULL;
    assert_int_equal(evprof_pprof_merge(sources, 2, &busy, NULL), EVPROF_OK);
    assert_int_equal(busy->comment_count, 1);
    assert_string_equal(busy->comments[0], sources[1]->comments[0]);
    sources[1]->sample_count = 0;
    assert_int_equal(evprof_pprof_merge(sources, 3, &idle, NULL), EVPROF_OK);
    assert_int_equal(idle->comment_count, 2);
    assert_string_equal(idle->comments[0], "cpu: idle: 0 samples in 1 s");
    evprof_pprof_free(busy);
    evprof_pprof_free(idle);
    free_all(sources, 3);
}

static void
test_merging_as_they_come(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = { make_stacks("main;b 1\nmain;a 2\n"),
                                  make_stacks("main;a 3\nmain;c 4\n"),
                                  make_stacks("main;c 5\nmain;b -1\n") };
    static const int64_t times[] = { 9, 0, 7 };
    evprof_pprof_t *at_once = NULL;
    evprof_pprof_t *p = NULL;
    evprof_merging_t *m = evprof_merging_new();
    for (int i = 0; i < 3; i++) {
        sources[i]->time_ns = times[i];
        sources[i]->duration_ns = 10;
    }
    assert_int_equal(evprof_pprof_merge(sources, 3, &at_once, NULL), EVPROF_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(evprof_merging_add(m, sources[i], NULL), EVPROF_OK);
        evprof_pprof_free(sources[i]);
    }
    /* What does not fit leaves the rest as it was. */
    evprof_pprof_t *other = make_stacks("main;a 1,2\n");
    assert_int_equal(evprof_merging_add(m, other, NULL), EVPROF_EINVAL);
    assert_int_equal(evprof_merging_end(m, &p, NULL), EVPROF_OK);
    assert_stacks(p, "main;a 5\nmain;c 9\n");
    assert_int_equal(p->time_ns, at_once->time_ns);
    assert_int_equal(p->duration_ns, 30);
    assert_int_equal(p->function_count, at_once->function_count);
    evprof_pprof_free(other);
    evprof_pprof_free(at_once);
    evprof_pprof_free(p);
}

static void
test_unlike_columns_are_refused(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = { make_stacks("a 1\n"),
                                  make_stacks("a 1,2\n") };
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_merge(sources, 2, &p, &err), EVPROF_EINVAL);
    assert_string_equal(
        err.message, "the profiles measure different things: [one/count] and "
                     "[one/count two/count]");
    sources[1]->period_type.type = "cpu";
    assert_int_equal(evprof_pprof_merge(sources, 2, &p, &err), EVPROF_EINVAL);
    assert_string_equal(
        err.message,
        "the profiles were sampled by different clocks: / and cpu/");
    free_all(sources, 2);
}

static void
test_common_columns_are_kept(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = { make_stacks("a 1,2,3\n"),
                                  make_stacks("a 10,20\n") };
    sources[1]->types[0].type = text(sources[1], "three");
    sources[1]->types[1].type = text(sources[1], "one");
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_pprof_combine(sources, 2, &p, NULL), EVPROF_OK);
    assert_stacks(p, "a 21,13\n");
    assert_string_equal(p->types[1].type, "three");
    assert_string_equal(p->default_type, "one");
    evprof_pprof_free(p);

    evprof_pprof_t *strangers[] = { make_stacks("a 1\n"),
                                    make_stacks("a 2\n") };
    strangers[1]->types[0].type = text(strangers[1], "other");
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_combine(strangers, 2, &p, &err),
                     EVPROF_EINVAL);
    assert_string_equal(err.message,
                        "the profiles have no sample type in common");

    /* All columns of the first, in its order. */
    evprof_pprof_t *swapped[] = { make_stacks("a 1,2,3\n"),
                                  make_stacks("a 20,30,10\n") };
    swapped[1]->types[0].type = text(swapped[1], "two");
    swapped[1]->types[1].type = text(swapped[1], "three");
    swapped[1]->types[2].type = text(swapped[1], "one");
    assert_int_equal(evprof_pprof_combine(swapped, 2, &p, NULL), EVPROF_OK);
    assert_stacks(p, "a 11,22,33\n");
    evprof_pprof_free(p);

    /* Which of two columns of one name is meant, nothing tells. */
    evprof_pprof_t *twins = make_stacks("a 1,2,3\n");
    twins->types[2].type = text(twins, "one");
    assert_int_equal(evprof_pprof_combine(&twins, 1, &p, &err), EVPROF_OK);
    assert_stacks(p, "a 2\n");
    assert_string_equal(p->types[0].type, "two");
    evprof_pprof_free(p);
}

/* Frames multiply where each location of a deep stack has many lines. */
static void
test_depth_is_bounded(void **state)
{
    (void)state;
    enum { LINES = 1 << 12, LOCATIONS = (1 << 10) + 1 };
    evprof_pprof_t *p = make_stacks("a 1\n");
    evprof_line_t *lines = calloc(LINES, sizeof(*lines));
    uint32_t *stack = calloc(LOCATIONS, sizeof(*stack));
    assert_non_null(lines);
    assert_non_null(stack);
    p->locations[0].lines = lines;
    p->locations[0].line_count = LINES;
    p->samples[0].locations = stack;
    p->samples[0].location_count = LOCATIONS - 1;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_check(p, &err), EVPROF_OK);
    p->samples[0].location_count = LOCATIONS;
    assert_int_equal(evprof_pprof_check(p, &err), EVPROF_ELIMIT);
    assert_string_equal(
        err.message,
        "the profile contradicts itself: sample 0 has a stack of 4198400 "
        "frames, more than 4194304");
    free(lines);
    free(stack);
    evprof_pprof_free(p);
}

static void
test_units_become_the_finest(void **state)
{
    (void)state;
    evprof_pprof_t *sources[] = { make_stacks("a 3\n"), make_stacks("a 7\n") };
    for (size_t i = 0; i < 2; i++) {
        const char *unit = i == 0 ? "ms" : "us";
        sources[i]->types[0].unit = text(sources[i], unit);
        sources[i]->period_type =
            (evprof_value_type_t){ text(sources[i], "cpu"),
                                   text(sources[i], unit) };
        sources[i]->period = 2;
    }
    assert_int_equal(evprof_pprof_unify_units(sources, 2, NULL), EVPROF_OK);
    assert_string_equal(sources[0]->types[0].unit, "us");
    assert_int_equal(sources[0]->samples[0].values[0], 3000);
    assert_int_equal(sources[0]->period, 2000);
    assert_int_equal(sources[1]->samples[0].values[0], 7);

    sources[1]->types[0].unit = text(sources[1], "bytes");
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_unify_units(sources, 2, &err), EVPROF_EINVAL);
    assert_string_equal(err.message, "sample types: incompatible types: "
                                     "{one us 0 0} {one bytes 0 0}");
    free_all(sources, 2);
}

static void
test_scaling(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("a 10,3\nb 1,0\nc 0,5\n");
    const double ratios[] = { 0.25, 1 };
    evprof_pprof_scale(p, ratios);
    assert_stacks(p, "a 3,3\nc 0,5\n");
    evprof_pprof_free(p);

    p = make_stacks("a 1\n");
    p->samples[0].values[0] = INT64_MAX;
    const double huge = 4;
    evprof_pprof_scale(p, &huge);
    assert_true(p->samples[0].values[0] == INT64_MAX);
    evprof_pprof_free(p);
}

static void
test_normalizing(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("a 10,0\nb 30,0\n");
    evprof_pprof_t *base = make_stacks("a 60,5\nz 60,5\n");
    assert_int_equal(evprof_pprof_normalize(p, base, NULL), EVPROF_OK);
    assert_stacks(p, "a 30,0\nb 90,0\n");
    evprof_pprof_free(p);
    evprof_pprof_free(base);
}

static void
test_setting_a_label(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_stacks("a 1 base=old size:bytes=1 who=me\nb 2\n");
    assert_int_equal(evprof_pprof_set_label(p, "base", "true"), EVPROF_OK);
    assert_stacks(p, "a 1 base=true who=me size:bytes=1\nb 2 base=true\n");
    evprof_pprof_free(p);
}

static void
test_a_copy_shares_nothing(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    evprof_pprof_t *copy = evprof_pprof_copy(p);
    assert_non_null(copy);
    evprof_buf_t before = { 0 };
    evprof_buf_t after = { 0 };
    evprof_writer_t out = evprof_writer_buf(&before);
    assert_int_equal(evprof_pprof_encode(p, EVPROF_ENCODE_PLAIN, &out, NULL),
                     EVPROF_OK);
    evprof_pprof_free(p);
    out = evprof_writer_buf(&after);
    assert_int_equal(evprof_pprof_encode(copy, EVPROF_ENCODE_PLAIN, &out, NULL),
                     EVPROF_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    evprof_buf_free(&before);
    evprof_buf_free(&after);
    evprof_pprof_free(copy);
}

int
run_merge_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_samples_add_up),
        cmocka_unit_test(test_what_cancels_out_is_gone),
        cmocka_unit_test(test_threads_do_not_show),
        cmocka_unit_test(test_mappings_meet_at_any_address),
        cmocka_unit_test(test_idle_sources),
        cmocka_unit_test(test_merging_as_they_come),
        cmocka_unit_test(test_unlike_columns_are_refused),
        cmocka_unit_test(test_common_columns_are_kept),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_units_become_the_finest),
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_normalizing),
        cmocka_unit_test(test_setting_a_label),
        cmocka_unit_test(test_a_copy_shares_nothing),
    };
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
