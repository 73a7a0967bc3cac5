/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two thousand broken copies of ELF files with DWARF: whatever they hold, they
 * are read to an end, within ten seconds each. The sanitizers' builds look for
 * what is read beyond its bounds.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/elf/fdes.h"
#include "core/elf/names.h"
#include "core/symbol/code.h"
#include "core/symbol/query.h"

#define COPIES 500
#define MAX_SECONDS 10

typedef struct sample {
    unsigned char *bytes;
    size_t len;
    uint64_t random; /* xorshift; the same in every run */
} sample_t;

static uint64_t
next(sample_t *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random;
}

static sample_t
read_sample(const char *path)
{
    struct stat st;
    sample_t s = { .random = UINT64_C(0x9e3779b97f4a7c15) };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    s.len = (size_t)st.st_size;
    s.bytes = malloc(s.len);
    assert_int_equal(read(fd, s.bytes, s.len), s.len);
    close(fd);
    return s;
}

/* A place to break: the headers and tables at both ends more often than the
 * rest. */
static size_t
place(sample_t *s)
{
    size_t part = s->len / 8;
    switch (next(s) % 4) {
    case 0:
        return next(s) % 1024 % s->len;
    case 1:
        return s->len - 1 - next(s) % part;
    default:
        return next(s) % s->len;
    }
}

static void
break_bytes(sample_t *s, unsigned char *bytes, size_t *len)
{
    static const unsigned char extremes[] = { 0x00, 0xff, 0x7f, 0x80 };
    size_t changes = (size_t)1 << next(s) % 7;
    for (size_t i = 0; i < changes; i++) {
        size_t at = place(s);
        size_t width = (size_t)1 << next(s) % 4;
        unsigned char value =
            next(s) % 2 == 0 ? extremes[next(s) % 4] : (unsigned char)next(s);
        for (size_t k = at; k < at + width && k < s->len; k++) {
            bytes[k] = value;
        }
    }
    if (next(s) % 8 == 0) {
        *len = next(s) % s->len;
    }
}

static int
file_of(const unsigned char *bytes, size_t len)
{
    int fd = memfd_create("broken", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}

/* Reads all that the tool and the server read of a file. */
static void
read_tables(int fd, evprof_query_t *queries, size_t count)
{
    evprof_elf_reader_t elf;
    evprof_elf_fdes_t fdes;
    evprof_strings_t names = { 0 };
    evprof_buf_t id = { 0 };
    if (!evprof_elf_reader_attach(&elf, fd)) {
        return;
    }
    evprof_elf_reader_build_id(&elf, &id);
    assert_int_equal(evprof_elf_names(&elf, queries, count, &names), 0);
    assert_int_equal(evprof_elf_plt(&elf, queries, count, &names), 0);
    assert_int_equal(evprof_elf_fdes_read(&elf, &fdes), 0);
    for (size_t i = 0; i < count; i++) {
        (void)evprof_elf_fdes_find(&fdes, &elf, queries[i].vaddr);
    }
    evprof_elf_fdes_free(&fdes);
    evprof_elf_reader_close(&elf);
    evprof_strings_free(&names);
    evprof_buf_free(&id);
}

static const evprof_disassembler_t *
no_disassembler(evprof_error_t *err)
{
    (void)err;
    return NULL;
}

static void
read_code(int fd)
{
    char path[64];
    evprof_code_t code;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const evprof_mapping_t mapping = { .file = path, .build_id = "" };
    const evprof_code_source_t source = { .search_path = "",
                                          .disassembler = no_disassembler };
    (void)evprof_code_open(&mapping, &source, &code, NULL);
    for (uint64_t vaddr = 0x1000; vaddr < 0x2000; vaddr += 64) {
        (void)evprof_code_routine(&code, vaddr);
    }
    evprof_code_close(&code);
}

/* The number of addresses that got a name all the same. */
static size_t
read_lines(int fd, evprof_query_t *queries, size_t count)
{
    size_t named = 0;
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, "broken");
    evprof_elf_file_t own;
    if (evprof_elf_open_fd(dup(fd), &own)) {
        assert_int_equal(evprof_symbol_resolve(&own, "/nowhere", NULL, true,
                                               queries, count, file),
                         0);
        assert_int_equal(evprof_symbol_file_count(file), count);
        for (size_t i = 0; i < count; i++) {
            named += evprof_symbol_file_at(file, i)->count > 0;
        }
    }
    evprof_elf_close(&own);
    evprof_symbol_cache_free(&cache);
    return named;
}

static void
check(const char *path)
{
    sample_t s = read_sample(path);
    unsigned char *bytes = malloc(s.len);
    size_t named = 0;
    for (size_t i = 0; i < COPIES; i++) {
        evprof_query_t queries[64] = { { 0 } };
        size_t len = s.len;
        memcpy(bytes, s.bytes, s.len);
        break_bytes(&s, bytes, &len);
        for (size_t k = 0; k < 64; k++) {
            queries[k].vaddr = 0xff0 + k * 24;
        }
        (void)alarm(MAX_SECONDS);
        int fd = file_of(bytes, len);
        read_tables(fd, queries, 64);
        read_code(fd);
        memset(queries, 0, sizeof(queries));
        for (size_t k = 0; k < 64; k++) {
            queries[k].vaddr = 0xff0 + k * 24;
        }
        named += read_lines(fd, queries, 64);
        close(fd);
        (void)alarm(0);
    }
    /* Most of them are still read to some depth. */
    assert_true(named > COPIES);
    free(bytes);
    free(s.bytes);
}

static void
test_c(void **state)
{
    (void)state;
    check(SAMPLE_OBJECTS "/sample_lines.so");
}

static void
test_cpp(void **state)
{
    (void)state;
    check(SAMPLE_OBJECTS "/sample_names.so");
}

static void
test_split(void **state)
{
    (void)state;
    check(SAMPLE_OBJECTS "/sample_split.so");
}

static void
test_stripped(void **state)
{
    (void)state;
    check(SAMPLE_OBJECTS "/sample_stripped.so");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c),
        cmocka_unit_test(test_cpp),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_stripped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
