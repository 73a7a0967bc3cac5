/* SPDX-License-Identifier: Apache-2.0 */
/* Input that is no profile, or a broken one: one clear line. */
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

#include "tests/unit/formats/tests.h"

static void
test_what_is_no_profile(void **state)
{
    (void)state;
    static const char unrecognized[] =
        "unrecognized profile format";
    assert_not_read("", "empty input file");
    assert_not_read("hello, world\n", unrecognized);
    assert_not_read("<html><body>404</body></html>\n", unrecognized);
    assert_not_read("\x7f"
                    "ELF\x02\x01\x01",
                    unrecognized);
    assert_not_read("heap profile: nonsense\n", unrecognized);
    assert_not_read("--- contentionz 1 ---\nunknown = 1\n1 2 @ 0x1\n",
                    unrecognized);
    assert_not_read("--- heapz 1 ---\nformat = c\n", unrecognized);
    assert_not_read("--- threadz 1 ---\n-oops\n", unrecognized);
}

static void
test_broken_samples(void **state)
{
    (void)state;
    assert_not_read("heap profile: 1: 1 [1: 1] @ heapprofile\nbroken\n",
                    "unexpected number of sample values: "
                    "got 0, want 6");
    assert_not_read("heap profile: 1: 1 [1: 1] @ heapprofile\n"
                    "0: 5 [0: 0] @ 0x1\n",
                    "inuse count was 0 but inuse bytes was 5");
    assert_not_read("work profile: total 1\n1 @ nowhere\n",
                    "a line does not fit its kind");
    assert_not_read("work profile: total 1\n1 @ 0x11111111111111111\n",
                    "malformed sample:  0x11111111111111111");
    assert_not_read("work profile: total 1\n1 @ 0x1f 0x2 and\n",
                    "a line does not fit its kind");
    assert_not_read("--- heapz 1 ---\nformat = java\n 5 1 @ 0x1\n",
                    "it has samples, but no sample types");
    assert_not_read("--- heapz 1 ---\nresolution = bytes\n 5 0 @ 0x1\n",
                    "parsing sample 5 0 @ 0x1: second value "
                    "must be non-zero");
    assert_not_read("main;work 1\nmain;idle 2\n"
                    "1 2\n1 2\n1 2\n1 2\n1 2\n1 2\nno number\n",
                    "malformed sample: no number");
    assert_not_read("a 1 2.5: cycles:\n  nothing\n",
                    "line 2 is neither an event nor a frame "
                    "of perf script");
}

static void
assert_bytes_refused(const char *bytes, size_t len, const char *message)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_not_equal(
        evprof_format_read(evprof_formats, bytes, len, &p, &err), EVPROF_OK);
    assert_string_equal(err.message, message);
}

/* Bytes that are no message may be of any format; a message that contradicts
 * itself is said to do so. Of several faults that of the samples comes first.
 */
static void
test_broken_protos(void **state)
{
    (void)state;
    static const char cut[] = "\x32\x00\x12\x05\x08";
    assert_bytes_refused(cut, sizeof(cut) - 1,
                         "unrecognized profile format");
    static const char no_text[] = "\x0a\x02\x08\x07\x32\x00";
    assert_bytes_refused(no_text, sizeof(no_text) - 1,
                         "unrecognized profile format");
    static const char mapping[] = "\x0a\x00\x1a\x02\x10\x01\x32\x00";
    assert_bytes_refused(
        mapping, sizeof(mapping) - 1,
        "the profile contradicts itself: a mapping has the id 0");
    static const char location[] =
        "\x0a\x00\x22\x02\x18\x01\x12\x05\x0a\x01\x00\x10\x01\x32\x00";
    assert_bytes_refused(location, sizeof(location) - 1,
                         "the profile contradicts itself: a location has the "
                         "id 0");
    static const char both[] = "\x0a\x00\x1a\x02\x10\x01\x12\x00\x32\x00";
    assert_bytes_refused(both, sizeof(both) - 1,
                         "the profile contradicts itself: a sample has 0 "
                         "values for 1 sample types");
    static const char fixed[] = "\x0a\x05\x0d\x01\x00\x00\x00\x32\x00";
    assert_bytes_refused(fixed, sizeof(fixed) - 1,
                         "unrecognized profile format");
}

static void
test_many_mappings_and_locations_are_refused(void **state)
{
    (void)state;
    /* Every location would be looked for in every mapping. */
    enum { MAPPINGS = 90000, LOCATIONS = 90000 };
    evprof_buf_t text = { 0 };
    evprof_buf_puts(&text, "work profile: total 1\n1 @");
    for (unsigned i = 0; i < LOCATIONS; i++) {
        evprof_buf_printf(&text, " 0x%x", 0x1000000 + i);
    }
    evprof_buf_puts(&text, "\n--- Memory map: ---\n");
    for (unsigned i = 0; i < MAPPINGS; i++) {
        evprof_buf_printf(&text, "%x-%x f\n", 2 * i + 1, 2 * i + 2);
    }
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(
        evprof_format_read(evprof_formats, text.data, text.len, &p, &err),
        EVPROF_ELIMIT);
    assert_string_equal(err.message,
                        "90000 mappings for 90000 locations "
                        "are too many");
    evprof_buf_free(&text);
}

static void
test_probes_do_not_overlap(void **state)
{
    (void)state;
    static const char *const examples[][2] = {
        { "heap", "heap profile: 1: 1 [1: 1] @ heapprofile\n" },
        { "count", "work profile: total 1\n" },
        { "thread", "--- threadz 1 ---\n" },
        { "contention", "--- mutex:\n" },
        { "java", "--- heapz 1 ---\n" },
        { "jemalloc", "heap_v2/1\n" },
        { "perf_script", "a 1 2.5: cycles:\n" },
        { "folded", "a;b 1\n" },
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const char *text = examples[i][1];
        const char *first = "";
        for (size_t n = 0; evprof_formats[n] != NULL && *first == '\0'; n++) {
            if (evprof_formats[n]->probe(text, strlen(text))) {
                first = evprof_formats[n]->name;
            }
        }
        assert_string_equal(first, examples[i][0]);
    }
}

int
run_refusal_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_profile),
        cmocka_unit_test(test_broken_samples),
        cmocka_unit_test(test_broken_protos),
        cmocka_unit_test(test_many_mappings_and_locations_are_refused),
        cmocka_unit_test(test_probes_do_not_overlap),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
