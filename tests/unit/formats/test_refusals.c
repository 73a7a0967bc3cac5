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
    static const char text[] = "it is text, but of no format that evprof reads";
    assert_not_read("", "it is empty");
    assert_not_read("hello, world\n", text);
    assert_not_read("heap profile: nonsense\n", text);
    assert_not_read("--- contentionz 1 ---\nunknown = 1\n1 2 @ 0x1\n", text);
    assert_not_read("--- heapz 1 ---\nformat = c\n", text);
    assert_not_read("--- threadz 1 ---\n-oops\n", text);
    assert_not_read("--- symbol\n0x1 a\n---\n--- heap\n",
                    "it holds symbols and no profile: read the file that they "
                    "were made of");
}

/* Each kind of file by its first bytes, with what to do about it. */
static void
test_what_it_seems_to_be_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = {
#define CASE(bytes, says) { bytes, sizeof(bytes) - 1, says }
        CASE("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0", "a program or"),
        CASE("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\76\0", "gdb reads it"),
        CASE("\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\4\0\76", "gdb reads it"),
        CASE("PERFILE2\150\0", "perf script"),
        CASE("\3757zXZ\0\0", "unxz"),
        CASE("go 1.21 trace\0\0\0", "go tool trace"),
        CASE("<html><body>404</body></html>\n", "a web page"),
        CASE("  <!DOCTYPE html>\n", "a web page"),
        CASE("{\"traceEvents\":[]}", "a trace of Chrome"),
        CASE("[1, 2]\n", "it is JSON"),
        CASE("digraph \"x\" {\n", "Graphviz"),
        CASE(" \n\n", "it is empty"),
        CASE("\1\2\3\4", "of no format"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_pprof_t *p = NULL;
        evprof_error_t err = { 0 };
        assert_int_equal(evprof_format_read(evprof_formats, cases[i].bytes,
                                            cases[i].len, &p, &err),
                         EVPROF_EPARSE);
        if (strstr(err.message, cases[i].says) == NULL) {
            fail_msg("%s, not %s", err.message, cases[i].says);
        }
    }
}

static void
test_broken_samples(void **state)
{
    (void)state;
    assert_not_read("heap profile: 1: 1 [1: 1] @ heapprofile\nbroken\n",
                    "a line of the heap profile has no counts");
    assert_not_read("heap profile: 1: 1 [1: 1] @ heapprofile\n"
                    "0: 5 [0: 0] @ 0x1\n",
                    "a sample has 5 bytes in use in no objects");
    assert_not_read("work profile: total 1\n1 @ nowhere\n",
                    "a line does not fit its kind");
    assert_not_read("work profile: total 1\n1 @ 0x11111111111111111\n",
                    "a line is no sample:  0x11111111111111111");
    assert_not_read("work profile: total 1\n1 @ 0x1f 0x2 and\n",
                    "a line does not fit its kind");
    assert_not_read("--- heapz 1 ---\nformat = java\n 5 1 @ 0x1\n",
                    "it has samples, but no sample types");
    assert_not_read("--- heapz 1 ---\nresolution = bytes\n 5 0 @ 0x1\n",
                    "the sample 5 0 @ 0x1 counts no objects");
    assert_not_read("main;work 1\nmain;idle 2\n"
                    "1 2\n1 2\n1 2\n1 2\n1 2\n1 2\nno number\n",
                    "line 9 has no number at its end: no number");
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
                         "it is of no format that evprof reads");
    static const char no_text[] = "\x0a\x02\x08\x07\x32\x00";
    assert_bytes_refused(no_text, sizeof(no_text) - 1,
                         "it is of no format that evprof reads");
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
                         "it is of no format that evprof reads");
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
    assert_string_equal(err.message, "90000 mappings for 90000 locations "
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
        { "perf_script", "a 1 cycles: \n\t10 f (/a)\n" },
        { "perf_script", "\t10 f (/a)\n" },
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
        cmocka_unit_test(test_what_it_seems_to_be_is_said),
        cmocka_unit_test(test_broken_samples),
        cmocka_unit_test(test_broken_protos),
        cmocka_unit_test(test_many_mappings_and_locations_are_refused),
        cmocka_unit_test(test_probes_do_not_overlap),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
