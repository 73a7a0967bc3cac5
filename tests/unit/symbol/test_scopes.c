/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and names in C++: every instruction of a lambda, and of what was made
 * for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/elf/names.h"
#include "core/symbol/query.h"
#include "core/symbol/readable.h"

typedef struct range {
    uint64_t start;
    uint64_t size;
} range_t;

/* The code of all functions together, by the symbol table. */
static range_t
range_of_code(const char *path, const char *wanted)
{
    evprof_elf_reader_t elf;
    evprof_buf_t text = { 0 };
    range_t out = { 0, 0 };
    assert_true(evprof_elf_reader_open(&elf, path));
    const Elf64_Shdr *s = evprof_elf_reader_typed(&elf, SHT_SYMTAB);
    assert_non_null(s);
    for (uint64_t i = 0; i < s->sh_size / sizeof(Elf64_Sym); i++) {
        Elf64_Sym sym;
        assert_true(evprof_elf_reader_get(&elf, s->sh_offset + i * sizeof(sym),
                                          &sym, sizeof(sym)));
        if (sym.st_size > 0 &&
            evprof_elf_reader_text(&elf, evprof_elf_reader_linked(&elf, s),
                                   sym.st_name, &text) &&
            strstr(text.data, wanted) != NULL) {
            out = (range_t){ sym.st_value, sym.st_size };
        }
    }
    evprof_buf_free(&text);
    evprof_elf_reader_close(&elf);
    assert_int_not_equal(out.size, 0);
    return out;
}

/* Counts the frames of that name over all addresses of a range; the outermost
 * of each must be `outermost`. */
static size_t
count_frames(range_t range, const char *outermost, const char *name)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    static const char path[] = SAMPLE_OBJECTS "/sample_lambda.so";
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, path);
    evprof_query_t *queries = calloc((size_t)range.size, sizeof(*queries));
    evprof_elf_file_t own;
    size_t found = 0;
    assert_true(evprof_elf_open_path(path, &own));
    for (uint64_t i = 0; i < range.size; i++) {
        queries[i].vaddr = range.start + i;
    }
    assert_int_equal(evprof_symbol_resolve(&own, path, NULL, true, queries,
                                           (size_t)range.size, file),
                     0);
    for (size_t i = 0; i < evprof_symbol_file_count(file); i++) {
        const evprof_symbol_t *s = evprof_symbol_file_at(file, i);
        assert_true(s->count > 0);
        for (uint32_t k = 0; k < s->count; k++) {
            evprof_buf_t text = { 0 };
            evprof_readable_name(&text, s->frames[k].function->name, &how);
            if (k + 1 == s->count) {
                assert_string_equal(text.data, outermost);
            }
            found += strcmp(text.data, name) == 0;
            assert_true(s->frames[k].function->file[0] == '/');
            evprof_buf_free(&text);
        }
    }
    evprof_elf_close(&own);
    evprof_symbol_cache_free(&cache);
    free(queries);
    return found;
}

static void
test_lambda_keeps_its_inlined_calls(void **state)
{
    (void)state;
    range_t range = range_of_code(SAMPLE_OBJECTS "/sample_lambda.so", "_FUN");
    static const char entry[] = "counter::run::{lambda#1}::_FUN";
    assert_true(
        count_frames(range, entry, "counter::run::{lambda#1}::operator()") > 0);
    assert_true(count_frames(range, entry, "mix_twice") > 0);
    assert_true(count_frames(range, entry, "mix") > 0);
}

static void
test_templates_over_a_lambda_have_scopes(void **state)
{
    (void)state;
    range_t range =
        range_of_code(SAMPLE_OBJECTS "/sample_lambda.so", "__introsort_loop");
    assert_true(count_frames(range, "std::__introsort_loop",
                             "std::__unguarded_partition_pivot") > 0);
    assert_true(count_frames(range, "std::__introsort_loop",
                             "sample_count::{lambda#1}::operator()") > 0);
    assert_int_equal(count_frames(range, "std::__introsort_loop", "operator()"),
                     0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lambda_keeps_its_inlined_calls),
        cmocka_unit_test(test_templates_over_a_lambda_have_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
