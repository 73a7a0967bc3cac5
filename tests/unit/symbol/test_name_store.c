/* SPDX-License-Identifier: Apache-2.0 */
/* Answers on disk: they come back whole, or not at all. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/symbol/name_store.h"
#include "core/symbol/symbol_wire.h"

#define ID "0123456789abcdef"

static char top[PATH_MAX];

static int
make_top(void **state)
{
    (void)state;
    strcpy(top, "/tmp/evprof-store-XXXXXX");
    return mkdtemp(top) == NULL ? -1 : 0;
}

static int
remove_top(void **state)
{
    char path[PATH_MAX + 64];
    (void)state;
    snprintf(path, sizeof(path), "%s/names/" ID, top);
    (void)unlink(path);
    snprintf(path, sizeof(path), "%s/names", top);
    (void)rmdir(path);
    return rmdir(top);
}

static const char *
folder(void)
{
    static char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/names", top);
    return path;
}

static void
add(evprof_symbol_file_t *file, uint64_t vaddr, uint32_t frames)
{
    evprof_symbol_frame_t list[3];
    for (uint32_t i = 0; i < frames; i++) {
        list[i] = (evprof_symbol_frame_t){
            .function = evprof_symbol_file_function(
                file, i == 0 ? "inner" : NULL, "_Z5outerv", "/a.c", 7),
            .line = (int64_t)vaddr + i,
            .column = 3,
        };
        assert_non_null(list[i].function);
    }
    const evprof_symbol_t symbol = { .vaddr = vaddr,
                                     .start = vaddr & ~UINT64_C(15),
                                     .frames = list,
                                     .count = frames,
                                     .is_from_dwarf = frames > 1 };
    assert_int_equal(evprof_symbol_file_add(file, &symbol), 0);
}

static void
save(const char *origin)
{
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, "a");
    add(file, 0x1001, 1);
    add(file, 0x1012, 3);
    add(file, 0x1020, 0);
    evprof_name_store_save(folder(), ID, origin, file);
    evprof_symbol_cache_free(&cache);
}

/* How many answers come back. */
static size_t
load(const char *origin)
{
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, "a");
    assert_int_equal(evprof_name_store_load(folder(), ID, origin, file), 0);
    size_t count = evprof_symbol_file_count(file);
    const evprof_symbol_t *s = evprof_symbol_file_find(file, 0x1012);
    if (s != NULL) {
        assert_int_equal(s->count, 3);
        assert_int_equal(s->start, 0x1010);
        assert_true(s->is_from_dwarf);
        assert_string_equal(s->frames[0].function->name, "inner");
        assert_string_equal(s->frames[2].function->name, "_Z5outerv");
        assert_int_equal(s->frames[2].line, 0x1014);
        assert_int_equal(s->frames[2].column, 3);
        assert_int_equal(s->frames[2].function->start_line, 7);
    }
    evprof_symbol_cache_free(&cache);
    return count;
}

static void
test_answers_come_back(void **state)
{
    (void)state;
    assert_int_equal(load("x"), 0);
    save("x");
    assert_int_equal(load("x"), 3);
    assert_int_equal(load("y"), 0);
    save("y");
    assert_int_equal(load("y"), 3);
}

static void
test_others_are_not_trusted(void **state)
{
    char path[PATH_MAX + 64];
    (void)state;
    save("x");
    snprintf(path, sizeof(path), "%s/" ID, folder());
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(load("x"), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(load("x"), 3);
    assert_int_equal(chmod(folder(), 0770), 0);
    assert_int_equal(load("x"), 0);
    assert_int_equal(chmod(folder(), 0700), 0);
}

/* Whatever a file holds, the reader stays inside of it. */
static void
test_broken_bytes(void **state)
{
    (void)state;
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, "a");
    evprof_buf_t bytes = { 0 };
    const uint64_t vaddrs[] = { 0x1001, 0x1012 };
    add(file, 0x1001, 1);
    add(file, 0x1012, 3);
    evprof_symbol_encode(file, vaddrs, 2, &bytes);
    assert_false(bytes.failed);
    for (size_t len = 0; len < bytes.len; len++) {
        evprof_symbol_file_t *out = evprof_symbol_cache_file(&cache, "b");
        char *cut = malloc(len + 1);
        memcpy(cut, bytes.data, len);
        assert_int_equal(evprof_symbol_decode(out, cut, len), EVPROF_EPARSE);
        free(cut);
    }
    for (size_t at = 0; at < bytes.len; at++) {
        evprof_symbol_file_t *out = evprof_symbol_cache_file(&cache, "c");
        char *copy = malloc(bytes.len);
        memcpy(copy, bytes.data, bytes.len);
        copy[at] = (char)~copy[at];
        (void)evprof_symbol_decode(out, copy, bytes.len);
        free(copy);
    }
    evprof_buf_free(&bytes);
    evprof_symbol_cache_free(&cache);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers_come_back, make_top,
                                        remove_top),
        cmocka_unit_test_setup_teardown(test_others_are_not_trusted, make_top,
                                        remove_top),
        cmocka_unit_test(test_broken_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
