/* SPDX-License-Identifier: Apache-2.0 */
#include "core/profile/loss.h"

#include <string.h>

#include "core/profile/builder.h"
#include "tests/unit/profile/tests.h"

static void
assert_text(evprof_buf_t *buf, const char *expected)
{
    evprof_buf_putc(buf, '\0');
    assert_false(buf->failed);
    assert_string_equal(buf->data, expected);
    evprof_buf_clear(buf);
}

static void
test_numbers_and_texts_fill_the_sentence(void **state)
{
    (void)state;
    evprof_buf_t text = { 0 };
    const evprof_lost_t deep = { .n = 3, .of = 17, .what = "64" };
    evprof_loss_text(EVPROF_LOSS_OF_CPU, EVPROF_LOSS_TOO_DEEP, &deep, &text);
    assert_text(&text,
                "cpu: 3 of 17 stacks are cut at 64 frames and lack their "
                "roots; raise depth (512 at most)");
    const evprof_lost_t off = { .what = "rate", .why = "set it" };
    evprof_loss_text(EVPROF_LOSS_OF_BLOCK, EVPROF_LOSS_SWITCHED_OFF, &off,
                     &text);
    assert_text(&text, "block: rate is 0, nothing is recorded; set it");
    evprof_buf_free(&text);
}

static void
test_unset_texts_are_empty(void **state)
{
    (void)state;
    evprof_buf_t text = { 0 };
    const evprof_lost_t none = { 0 };
    evprof_loss_text(EVPROF_LOSS_OF_HEAP, EVPROF_LOSS_DUMP_REFUSED, &none,
                     &text);
    assert_text(&text, "heap: jemalloc could not write its dump: ; ");
    evprof_loss_text(EVPROF_LOSS_OF_ALLOCS, EVPROF_LOSS_NO_HEAP, &none, &text);
    assert_text(&text, "allocs: there is no heap profile, this one is empty: ");
    evprof_buf_free(&text);
}

static void
test_every_type_has_its_name(void **state)
{
    (void)state;
    for (unsigned who = 0; who < EVPROF_LOSS_OF_COUNT; who++) {
        const char *name = evprof_loss_name((enum evprof_loss_of)who);
        assert_int_equal(evprof_loss_who(name), who);
    }
    assert_int_equal(evprof_loss_who("jobs"), EVPROF_LOSS_OF_OTHER);
    assert_int_equal(evprof_loss_who(""), EVPROF_LOSS_OF_OTHER);
}

static void
finish(evprof_builder_t *b)
{
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    evprof_pprof_free(p);
}

/* Twice in one profile counts as once, and only what was finished counts. */
static void
test_a_profile_counts_once(void **state)
{
    (void)state;
    evprof_buf_t text = { 0 };
    const evprof_lost_t one = { .n = 1, .of = 2 };
    evprof_builder_t *b = evprof_builder_new(0);
    evprof_loss_status("mutex", &text);
    assert_text(&text, "");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(evprof_loss_say(b, EVPROF_LOSS_OF_MUTEX,
                                         EVPROF_LOSS_TABLE_FULL, &one),
                         EVPROF_OK);
    }
    assert_int_equal(
        evprof_loss_say(b, EVPROF_LOSS_OF_MUTEX, EVPROF_LOSS_LABELS_FULL, &one),
        EVPROF_OK);
    evprof_loss_status("mutex", &text);
    assert_text(&text, "");
    finish(b);
    evprof_loss_status("mutex", &text);
    assert_text(&text, "lost_table_full: 1\nlost_labels_full: 1\n");
    finish(b);
    assert_int_equal(
        evprof_loss_say(b, EVPROF_LOSS_OF_MUTEX, EVPROF_LOSS_TABLE_FULL, &one),
        EVPROF_OK);
    finish(b);
    evprof_loss_status("mutex", &text);
    assert_text(&text, "lost_table_full: 2\nlost_labels_full: 1\n");
    evprof_loss_status("block", &text);
    assert_text(&text, "");
    /* What a subtracted snapshot lacked is not lacking in the difference. */
    assert_int_equal(
        evprof_loss_say(b, EVPROF_LOSS_OF_BLOCK, EVPROF_LOSS_TABLE_FULL, &one),
        EVPROF_OK);
    evprof_builder_subtract(b);
    finish(b);
    evprof_loss_status("block", &text);
    assert_text(&text, "");
    evprof_buf_free(&text);
    evprof_builder_free(b);
}

static void
test_a_counter_has_a_meaning(void **state)
{
    (void)state;
    static const char known[] = "lost_folded";
    evprof_buf_t text = { 0 };
    assert_true(evprof_loss_meaning(known, strlen(known), &text));
    assert_text(&text, "Times that profiles said: N samples beyond max_stacks "
                       "have no stack");
    static const char *const unknown[] = { "folded",      "lost_fold",
                                           "lost_foldex", "lost_",
                                           "gone_folded", "lost_foldedd" };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_false(
            evprof_loss_meaning(unknown[i], strlen(unknown[i]), &text));
    }
    assert_int_equal(text.len, 0);
    evprof_loss_shape("@N@ of @OF@ in @WHAT@: @WHY@", &text);
    assert_text(&text, "N of M in ...: ...");
    evprof_buf_free(&text);
}

int
run_loss_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_and_texts_fill_the_sentence),
        cmocka_unit_test(test_unset_texts_are_empty),
        cmocka_unit_test(test_every_type_has_its_name),
        cmocka_unit_test(test_a_profile_counts_once),
        cmocka_unit_test(test_a_counter_has_a_meaning),
    };
    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
