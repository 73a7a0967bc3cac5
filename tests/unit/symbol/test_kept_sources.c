/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an object was kept open is told by removing its debug file: only an
 * object that is still open has lines from then on.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/status.h>

#include "core/symbol/kept_sources.h"
#include "tests/unit/symbol/find_symbol.h"

#define OBJECT "sample_linked.so"

/* Two copies of the sample, each with its debug file beside it. */
typedef struct scene {
    char folder[64];
    evprof_kept_sources_t kept;
} scene_t;

static void
copy(const char *from, const char *to)
{
    char bytes[4096];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, bytes, sizeof(bytes))) > 0) {
        assert_int_equal(write(out, bytes, (size_t)n), n);
    }
    close(in);
    close(out);
}

static void
path_of(const scene_t *s, const char *copy_name, const char *suffix, char *out)
{
    (void)snprintf(out, 256, "%s/%s/" OBJECT "%s", s->folder, copy_name,
                   suffix);
}

static void
make_copy(const scene_t *s, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", s->folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(s, name, "", path);
    copy(SAMPLE_OBJECTS "/" OBJECT, path);
    path_of(s, name, ".debug", path);
    copy(SAMPLE_OBJECTS "/" OBJECT ".debug", path);
}

static scene_t
begin(size_t max_bytes)
{
    scene_t s = { .folder = "/tmp/evprof-kept-XXXXXX",
                  .kept.max_bytes = max_bytes };
    assert_non_null(mkdtemp(s.folder));
    make_copy(&s, "a");
    make_copy(&s, "b");
    return s;
}

static void
remove_debug(const scene_t *s, const char *name)
{
    char path[256];
    path_of(s, name, ".debug", path);
    assert_int_equal(unlink(path), 0);
}

static void
end(scene_t *s)
{
    evprof_kept_sources_close(&s->kept);
    for (const char *name = "a"; name != NULL;
         name = *name == 'a' ? "b" : NULL) {
        char path[256];
        path_of(s, name, "", path);
        assert_int_equal(unlink(path), 0);
        path_of(s, name, ".debug", path);
        (void)unlink(path);
        (void)snprintf(path, sizeof(path), "%s/%s", s->folder, name);
        assert_int_equal(rmdir(path), 0);
    }
    assert_int_equal(rmdir(s->folder), 0);
}

static uint64_t
address_of(const char *name)
{
    uint64_t found = find_symbol(SAMPLE_OBJECTS "/" OBJECT, SHT_DYNSYM, name);
    assert_int_not_equal(found, 0);
    return found;
}

/* Asks about one function of a copy; whether the answer has lines. */
static bool
has_lines(scene_t *s, const char *copy_name, const char *function)
{
    char path[256];
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_query_t query = { .vaddr = address_of(function) };
    path_of(s, copy_name, "", path);
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, path);
    assert_int_equal(
        evprof_kept_sources_answer(&s->kept, open(path, O_RDONLY | O_CLOEXEC),
                                   path, &query, 1, file),
        EVPROF_OK);
    const evprof_symbol_t *symbol = evprof_symbol_file_find(file, query.vaddr);
    assert_non_null(symbol);
    assert_int_not_equal(symbol->count, 0);
    assert_string_equal(symbol->frames[symbol->count - 1].function->name,
                        function);
    bool is_from_dwarf = symbol->is_from_dwarf;
    evprof_symbol_cache_free(&cache);
    return is_from_dwarf;
}

/* ---- What is kept ---- */

static void
test_few_descriptors(void **state)
{
    (void)state;
    enum { DESCRIPTORS = 40 };
    scene_t s = begin(SIZE_MAX);
    struct rlimit before;
    char path[256];
    path_of(&s, "a", "", path);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = { DESCRIPTORS, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int i = 0; i < DESCRIPTORS; i++) {
        assert_int_equal(unlink(path), 0);
        copy(SAMPLE_OBJECTS "/" OBJECT, path);
        assert_true(has_lines(&s, "a", "sample_outer"));
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    end(&s);
}

static void
test_an_object_stays_open(void **state)
{
    (void)state;
    scene_t s = begin(SIZE_MAX);
    assert_true(has_lines(&s, "a", "sample_outer"));
    assert_true(has_lines(&s, "b", "sample_outer"));
    remove_debug(&s, "a");
    remove_debug(&s, "b");
    assert_true(has_lines(&s, "a", "sample_plain"));
    assert_true(has_lines(&s, "b", "sample_plain"));
    assert_true(has_lines(&s, "a", "sample_outer"));
    end(&s);
}

static void
test_nothing_is_kept_beyond_the_bound(void **state)
{
    (void)state;
    scene_t s = begin(0);
    assert_true(has_lines(&s, "a", "sample_outer"));
    remove_debug(&s, "a");
    assert_false(has_lines(&s, "a", "sample_outer"));
    end(&s);
}

/* How much memory one copy takes once it was asked about. */
static size_t
bytes_of_one(const scene_t *s)
{
    char path[256];
    evprof_elf_file_t own;
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_query_t query = { .vaddr = address_of("sample_outer") };
    path_of(s, "a", "", path);
    assert_true(evprof_elf_open_path(path, &own));
    evprof_symbol_source_t *source =
        evprof_symbol_source_open(&own, path, NULL, true);
    assert_int_equal(
        evprof_symbol_source_answer(source, &query, 1,
                                    evprof_symbol_cache_file(&cache, path)),
        EVPROF_OK);
    size_t bytes = evprof_symbol_source_bytes(source);
    evprof_symbol_source_close(source);
    evprof_elf_close(&own);
    evprof_symbol_cache_free(&cache);
    return bytes;
}

static void
test_the_object_asked_last_is_kept(void **state)
{
    (void)state;
    scene_t s = begin(0);
    s.kept.max_bytes = bytes_of_one(&s) * 3 / 2;
    assert_true(has_lines(&s, "a", "sample_outer"));
    assert_true(has_lines(&s, "b", "sample_outer"));
    remove_debug(&s, "a");
    remove_debug(&s, "b");
    assert_true(has_lines(&s, "b", "sample_outer"));
    assert_false(has_lines(&s, "a", "sample_outer"));
    end(&s);
}

/* ---- What is opened again ---- */

static void
touch(const char *path)
{
    static const struct timespec times[] = { { 1, 0 }, { 1, 0 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
test_an_object_that_was_written_to(void **state)
{
    (void)state;
    char path[256];
    scene_t s = begin(SIZE_MAX);
    assert_true(has_lines(&s, "a", "sample_outer"));
    remove_debug(&s, "a");
    path_of(&s, "a", "", path);
    touch(path);
    assert_false(has_lines(&s, "a", "sample_outer"));
    end(&s);
}

static void
test_a_debug_file_that_was_written_to(void **state)
{
    (void)state;
    char path[256];
    char other[256];
    scene_t s = begin(SIZE_MAX);
    assert_true(has_lines(&s, "a", "sample_outer"));
    path_of(&s, "a", ".debug", path);
    touch(path);
    path_of(&s, "b", ".moved", other);
    assert_int_equal(rename(path, other), 0);
    assert_false(has_lines(&s, "a", "sample_outer"));
    assert_int_equal(unlink(other), 0);
    end(&s);
}

/* A debug file may be installed while the server runs. */
static void
test_a_debug_file_that_comes_later(void **state)
{
    (void)state;
    char path[256];
    scene_t s = begin(SIZE_MAX);
    remove_debug(&s, "a");
    assert_false(has_lines(&s, "a", "sample_outer"));
    path_of(&s, "a", ".debug", path);
    copy(SAMPLE_OBJECTS "/" OBJECT ".debug", path);
    assert_true(has_lines(&s, "a", "sample_outer"));
    end(&s);
}

/* A function that only the packed symbol table of an object has, twice: the
 * table stays unpacked. */
static void
test_a_packed_symbol_table(void **state)
{
    (void)state;
    static const char path[] = SAMPLE_OBJECTS "/sample_mini.so";
    static const char name[] = "deregister_tm_clones";
    evprof_kept_sources_t kept = { .max_bytes = SIZE_MAX };
    const uint64_t vaddr =
        find_symbol(SAMPLE_OBJECTS "/sample_lines.so", SHT_SYMTAB, name);
    assert_int_not_equal(vaddr, 0);
    for (int i = 0; i < 2; i++) {
        evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
        evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, path);
        evprof_query_t query = { .vaddr = vaddr };
        assert_int_equal(
            evprof_kept_sources_answer(&kept, open(path, O_RDONLY | O_CLOEXEC),
                                       path, &query, 1, file),
            EVPROF_OK);
        const evprof_symbol_t *symbol = evprof_symbol_file_find(file, vaddr);
        assert_int_equal(symbol->count, 1);
        assert_string_equal(symbol->frames[0].function->name, name);
        assert_non_null(kept.first);
        evprof_symbol_cache_free(&cache);
    }
    evprof_kept_sources_close(&kept);
    assert_null(kept.first);
}

static void
test_no_elf_file(void **state)
{
    (void)state;
    evprof_kept_sources_t kept = { .max_bytes = SIZE_MAX };
    evprof_query_t query = { .vaddr = 1 };
    assert_int_equal(evprof_kept_sources_answer(&kept,
                                                open("/dev/null", O_RDONLY),
                                                "/dev/null", &query, 1, NULL),
                     EVPROF_EINVAL);
    assert_null(kept.first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_object_stays_open),
        cmocka_unit_test(test_few_descriptors),
        cmocka_unit_test(test_nothing_is_kept_beyond_the_bound),
        cmocka_unit_test(test_the_object_asked_last_is_kept),
        cmocka_unit_test(test_an_object_that_was_written_to),
        cmocka_unit_test(test_a_debug_file_that_was_written_to),
        cmocka_unit_test(test_a_debug_file_that_comes_later),
        cmocka_unit_test(test_a_packed_symbol_table),
        cmocka_unit_test(test_no_elf_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
