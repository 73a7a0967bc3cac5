/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of a binary and their instructions, by a disassembler of the
 * test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/symbol/code.h"
#include "tests/unit/symbol/sample_lines.h"

static const char path[] = SAMPLE_OBJECTS "/sample_lines.so";

static const evprof_disassembler_t *
no_disassembler(evprof_error_t *err)
{
    (void)err;
    return NULL;
}

static void
open_code(evprof_code_t *code)
{
    evprof_mapping_t mapping = { .file = path, .build_id = "" };
    const evprof_code_source_t source = { .search_path = "",
                                          .disassembler = no_disassembler };
    assert_int_equal(evprof_code_open(&mapping, &source, code, NULL),
                     EVPROF_OK);
    assert_true(code->routine_count > 2);
}

/* The only one of that name. */
static const evprof_routine_t *
called(const evprof_routine_t *items, size_t count, const char *name)
{
    const evprof_routine_t *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const evprof_routine_t *r = &items[i];
        for (size_t n = 0; n < r->name_count; n++) {
            if (strcmp(r->names[n], name) == 0) {
                assert_null(found);
                found = r;
            }
        }
    }
    return found;
}

static const evprof_routine_t *
routine_called(const evprof_code_t *code, const char *name)
{
    return called(code->routines, code->routine_count, name);
}

/* Each address belongs to the function around it, and to none between two. */
static void
test_routines(void **state)
{
    (void)state;
    evprof_code_t code;
    open_code(&code);
    uint64_t end = 0;
    for (size_t i = 0; i < code.routine_count; i++) {
        const evprof_routine_t *r = &code.routines[i];
        assert_true(r->start < r->end);
        assert_true(r->start >= end);
        if (r->start > end) {
            assert_null(evprof_code_routine(&code, r->start - 1));
        }
        assert_ptr_equal(evprof_code_routine(&code, r->start), r);
        assert_ptr_equal(evprof_code_routine(&code, r->end - 1), r);
        assert_true(r->name_count > 0);
        end = r->end;
    }
    assert_null(evprof_code_routine(&code, end));
    assert_non_null(routine_called(&code, "sample_outer"));
    assert_non_null(routine_called(&code, "sample_plain"));
    assert_null(routine_called(&code, "sample_inner"));
    const evprof_routine_t *lines =
        called(code.variables, code.variable_count, "sample_lines");
    assert_non_null(lines);
    assert_true(lines->end - lines->start >= SAMPLE_LINE_COUNT * sizeof(int));
    assert_null(routine_called(&code, "sample_lines"));
    assert_null(called(code.variables, code.variable_count, "sample_outer"));
    evprof_code_close(&code);
}

/* ---- A disassembler to which two bytes are an instruction ---- */

static void *
open_pairs(const evprof_disassembler_how_t *how, evprof_error_t *err)
{
    (void)err;
    return (void *)(uintptr_t)how;
}

static size_t
decode_pair(void *opened, const unsigned char *code, size_t len, uint64_t vaddr,
            evprof_buf_t *out)
{
    const evprof_disassembler_how_t *how = opened;
    (void)code;
    evprof_buf_puts(out, how->name_of(how->ctx, vaddr));
    return len < 2 ? 0 : 2;
}

static void
close_pairs(void *opened)
{
    (void)opened;
}

static const evprof_disassembler_t pairs = { .name = "pairs",
                                             .open = open_pairs,
                                             .decode = decode_pair,
                                             .close = close_pairs };

static void
test_instructions(void **state)
{
    (void)state;
    evprof_code_t code;
    evprof_instruction_t *list = NULL;
    size_t count = 0;
    open_code(&code);
    const evprof_routine_t *r = routine_called(&code, "sample_outer");
    assert_int_equal(
        evprof_code_disassemble(&code, r, &pairs, false, &list, &count, NULL),
        EVPROF_OK);
    assert_int_equal(count, (r->end - r->start + 1) / 2);
    assert_non_null(strstr(list[0].text, " <sample_outer>"));
    assert_non_null(strstr(list[1].text, " <sample_outer+0x2>"));
    assert_int_equal(list[1].vaddr, r->start + 2);
    assert_int_equal(list[1].size, 2);
    assert_int_equal(evprof_code_find_places(&code, NULL), EVPROF_OK);
    assert_non_null(list[0].places);
    assert_true(list[0].places->count > 0);
    const evprof_symbol_frame_t *frame = &list[0].places->frames[0];
    assert_non_null(strstr(frame->function->file, "sample_lines.c"));
    assert_string_equal(frame->function->name, "sample_outer");
    assert_true(frame->line > 0);
    assert_true(frame->column > 0);
    evprof_code_close(&code);
}

/* Entries of the linkage table are called after what they lead to. */
static void
test_linkage(void **state)
{
    (void)state;
    evprof_code_t code;
    evprof_instruction_t *list = NULL;
    size_t count = 0;
    size_t entries = 0;
    open_code(&code);
    evprof_routine_t gap = { .start = code.routines[0].start };
    for (size_t i = 0; i < code.binary.segment_count; i++) {
        const evprof_binary_segment_t *s = &code.binary.segments[i];
        if (gap.start >= s->vaddr && gap.start - s->vaddr < s->size) {
            gap.end = s->vaddr + s->size;
            gap.start = s->vaddr;
        }
    }
    assert_int_equal(evprof_code_disassemble(&code, &gap, &pairs, false, &list,
                                             &count, NULL),
                     EVPROF_OK);
    for (size_t i = 0; i < count; i++) {
        entries += strstr(list[i].text, "@plt") != NULL;
    }
    assert_true(entries > 0);
    evprof_code_close(&code);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routines),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_linkage),
    };
    return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
