/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables against the call-frame data they were made of: at the end of every
 * call in the loaded objects the table must give the rule that the instructions
 * give. And what calls look like, when memory may be freed, how rows are
 * searched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/objects/objects.h"
#include "core/unwind/row_rules.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/sig_window.h"
#include "core/unwind/tables.h"
#include "core/unwind/unwind.h"

static void
test_calls(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        bool is_call;
    } cases[] = {
        { "\xe8\x00\x00\x00\x00", 5, true },              /* call rel32 */
        { "\xff\xd0", 2, true },                          /* call *%rax */
        { "\x41\xff\xd4", 3, true },                      /* call *%r12 */
        { "\xff\x15\x11\x22\x33\x44", 6, true },          /* call *x(%rip) */
        { "\xff\x53\x08", 3, true },                      /* call *8(%rbx) */
        { "\xff\x54\x24\x18", 4, true },                  /* call *24(%rsp) */
        { "\xff\x14\xc7", 3, true },                      /* call *(%rdi,..) */
        { "\xff\x94\xc3\x00\x01\x00\x00", 7, true },      /* call *x(%rbx,..) */
        { "\x3e\xff\xd0", 3, true },                      /* notrack call */
        { "\xff\xe0", 2, false },                         /* jmp *%rax */
        { "\xe9\x00\x00\x00\x00", 5, false },             /* jmp rel32 */
        { "\x90\x90\x90\x90\x90\x90\x90\x90", 8, false }, /* nop */
        { "\xc3", 1, false },                             /* ret */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char bytes[EVPROF_CALL_MAX];
        int64_t target = 0;
        memset(bytes, 0x90, sizeof(bytes));
        memcpy(bytes + sizeof(bytes) - cases[i].len, cases[i].bytes,
               cases[i].len);
        assert_int_equal(
            evprof_arch_ends_in_call(bytes, sizeof(bytes), &target),
            cases[i].is_call);
    }
}

/* Where the call-frame data of a segment are, as handlers read them. */
struct data {
    evprof_cfi_t cfi;
    evprof_cfi_search_t search;
};

/* The rule that the call-frame data give at `pc`, and where its row begins;
 * NONE where there are none. */
static unsigned
rule_by_data(const struct data *data, uintptr_t pc, uintptr_t *start)
{
    size_t offset = 0;
    evprof_fde_t fde = { 0 };
    evprof_cfi_run_t run;
    *start = pc;
    if (!evprof_cfi_search(&data->cfi, &data->search, pc, &offset) ||
        evprof_cfi_entry(&data->cfi, offset, &fde) != EVPROF_CFI_FDE ||
        pc >= fde.limit) {
        return EVPROF_CODE_NONE;
    }
    if (!evprof_cfi_row_at(&run, &data->cfi, &fde, pc)) {
        return EVPROF_CODE_RAW;
    }
    *start = run.row.start;
    return evprof_rule_of_row(&data->cfi, &fde, &run.row);
}

/* Whether a call instruction can end at `pc`. Bytes that look like a call to
 * elsewhere are in the middle of another instruction. */
static bool
is_call_end(const evprof_segment_t *segment, uintptr_t pc, size_t length)
{
    int64_t target = 0;
    const unsigned char *bytes = (const unsigned char *)(pc - length);
    bool is_call = evprof_arch_call_length(bytes, length, &target) == length;
    uintptr_t to = pc + (uintptr_t)target;
    return is_call && to >= segment->low && to < segment->limit;
}

/* Whether a call that begins in the row of its last byte ends at `pc`. */
static bool
ends_call(const evprof_segment_t *segment, uintptr_t pc, uintptr_t row_start)
{
    bool out = false;
    for (size_t length = 2; length < EVPROF_CALL_MAX; length++) {
        out |= pc - length >= row_start && is_call_end(segment, pc, length);
    }
    return out;
}

/* Counts the calls of a segment; all must have the right rule. */
static size_t
check_calls(const evprof_segment_t *segment)
{
    struct data data = { .cfi = { .data =
                                      (const unsigned char *)segment->eh_low,
                                  .size = segment->eh_high - segment->eh_low,
                                  .address = segment->eh_low } };
    size_t calls = 0;
    size_t wrong = 0;
    assert_true(evprof_cfi_search_open(
        &data.cfi, segment->eh_frame_hdr - segment->eh_low, &data.search));
    for (uintptr_t pc = segment->start + 16; pc < segment->limit; pc++) {
        uintptr_t row = segment->start;
        if (!ends_call(segment, pc, row)) {
            continue;
        }
        unsigned want = rule_by_data(&data, pc - 1, &row);
        /* Between functions the last row goes on over a little padding. */
        if (want != EVPROF_CODE_NONE && ends_call(segment, pc, row)) {
            calls++;
            wrong += evprof_table_find(segment->table,
                                       pc - 1 - segment->start) != want;
        }
    }
    assert_int_equal(wrong, 0);
    return calls;
}

static void
test_every_call(void **state)
{
    (void)state;
    size_t calls = 0;
    /* Large, and with arguments on the stack of many calls. */
    void *large = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL);
    assert_int_equal(evprof_unwind_refresh(), 0);
    evprof_pinned_t pinned = evprof_map_pin();
    for (size_t i = 0; i < pinned.map->count; i++) {
        const evprof_segment_t *segment = &pinned.map->segments[i];
        if (segment->table != NULL && segment->table->copy == NULL) {
            calls += check_calls(segment);
        }
    }
    evprof_map_unpin(pinned);
    assert_true(calls > 5000);
    if (large != NULL) {
        dlclose(large);
    }
}

static void
test_tables_are_small(void **state)
{
    (void)state;
    const evprof_objects_t *objects = evprof_objects_acquire();
    size_t built = 0;
    for (size_t i = 0; i < objects->count; i++) {
        evprof_table_job_t job = { .object = &objects->items[i],
                                   .is_main = i == objects->main_index };
        if (job.object->path[0] == '[' || job.is_main) {
            continue;
        }
        assert_int_equal(evprof_tables_build(&job, 1), 0);
        size_t text = job.object->limit - job.object->start;
        if (job.table != NULL && text > ((size_t)1 << 16)) {
            assert_true(evprof_table_size(job.table) * 1000 < text * 15);
            built++;
        }
        evprof_table_free(job.table);
    }
    assert_true(built > 0);
    evprof_objects_release(objects);
}

/* A file that is not there, or not the one that is loaded, gives no table.
 * Descriptors of the program stay open. */
static void
test_wrong_files(void **state)
{
    (void)state;
    const int input = fcntl(STDIN_FILENO, F_GETFD);
    const evprof_objects_t *objects = evprof_objects_acquire();
    evprof_object_t object = *evprof_objects_find(
        objects, (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    evprof_table_job_t job = { .object = &object };
    object.path = "/nowhere/libc.so.6";
    assert_int_equal(evprof_tables_build(&job, 1), 0);
    assert_null(job.table);
    object.path = "/proc/self/exe";
    assert_int_equal(evprof_tables_build(&job, 1), 0);
    assert_null(job.table);
    object.path = "/proc/self/maps";
    assert_int_equal(evprof_tables_build(&job, 1), 0);
    assert_null(job.table);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), input);
    evprof_objects_release(objects);
}

/* Bytes of a file that are to be others. */
typedef struct change {
    size_t offset;
    uint32_t value;
    size_t size;
} change_t;

/* The table that a copy of the object's file gives after changes; NULL: none.
 */
static evprof_table_t *
table_of_copy(evprof_object_t object, const change_t *changes, size_t count)
{
    char path[] = "/tmp/evprof-tables-XXXXXX";
    char command[512];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)snprintf(command, sizeof(command), "cp '%s' %s", object.path, path);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pwrite(fd, &changes[i].value, changes[i].size,
                                (off_t)changes[i].offset),
                         changes[i].size);
    }
    close(fd);
    object.path = path;
    evprof_table_job_t job = { .object = &object };
    assert_int_equal(evprof_tables_build(&job, 1), 0);
    assert_int_equal(unlink(path), 0);
    return job.table;
}

/* Whether there is one once two bytes at `offset` are `value`. */
static bool
copy_has_table(evprof_object_t object, size_t offset, uint16_t value)
{
    const change_t change = { offset, value, sizeof(value) };
    evprof_table_t *table = table_of_copy(object, &change, 1);
    bool has_table = table != NULL;
    evprof_table_free(table);
    return has_table;
}

/* Headers that say what cannot be are not followed. */
static void
test_broken_headers(void **state)
{
    (void)state;
    const evprof_objects_t *objects = evprof_objects_acquire();
    const evprof_object_t libc = *evprof_objects_find(
        objects, (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    const size_t size = offsetof(ElfW(Ehdr), e_phentsize);
    assert_true(copy_has_table(libc, size, sizeof(ElfW(Phdr))));
    assert_false(copy_has_table(libc, size, sizeof(ElfW(Phdr)) + 8));
    assert_false(copy_has_table(libc, 0, 0));
    assert_false(
        copy_has_table(libc, offsetof(ElfW(Ehdr), e_phnum), UINT16_MAX));
    assert_false(copy_has_table(libc, offsetof(ElfW(Ehdr), e_phnum), 0));
    evprof_objects_release(objects);
}

/* Where the program header is that leads to the linker's search table. */
static size_t
search_header_of(const char *path)
{
    ElfW(Ehdr) ehdr;
    ElfW(Phdr) phdr = { .p_type = PT_NULL };
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(&ehdr, sizeof(ehdr), 1, file), 1);
    size_t at = ehdr.e_phoff;
    for (size_t i = 0; i < ehdr.e_phnum; i++, at += sizeof(phdr)) {
        assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
        assert_int_equal(fread(&phdr, sizeof(phdr), 1, file), 1);
        if (phdr.p_type == PT_GNU_EH_FRAME) {
            break;
        }
    }
    fclose(file);
    assert_int_equal(phdr.p_type, PT_GNU_EH_FRAME);
    return at + offsetof(ElfW(Phdr), p_type);
}

static void
expect_same(const evprof_table_t *one, const evprof_table_t *other, size_t size)
{
    assert_non_null(other);
    assert_int_equal(other->row_count, one->row_count);
    for (size_t at = 0; at < size; at += 16) {
        assert_int_equal(evprof_table_find(other, at),
                         evprof_table_find(one, at));
    }
}

/* Call-frame data are found by section headers or by the search table, and
 * their entries are listed where there is none: the rows are the same. */
static void
test_ways_to_the_data(void **state)
{
    (void)state;
    const evprof_objects_t *objects = evprof_objects_acquire();
    const evprof_object_t libc = *evprof_objects_find(
        objects, (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    const change_t changes[] = {
        { offsetof(ElfW(Ehdr), e_shnum), 0, sizeof(uint16_t) },
        { search_header_of(libc.path), PT_NULL, sizeof(uint32_t) },
    };
    evprof_table_t *whole = table_of_copy(libc, NULL, 0);
    assert_non_null(whole);
    assert_true(whole->stretch_count > 0);
    assert_null(whole->copy);
    evprof_table_t *stripped = table_of_copy(libc, changes, 1);
    expect_same(whole, stripped, libc.limit - libc.start);
    assert_int_equal(stripped->stretch_count, whole->stretch_count);
    evprof_table_t *listed = table_of_copy(libc, changes + 1, 1);
    expect_same(whole, listed, libc.limit - libc.start);
    /* What a handler would search is kept in the table. */
    assert_int_equal(listed->stretch_count, 0);
    assert_non_null(listed->copy);
    assert_true(evprof_table_size(listed) > evprof_table_size(whole));
    assert_null(table_of_copy(libc, changes, 2));
    evprof_table_free(whole);
    evprof_table_free(stripped);
    evprof_table_free(listed);
    evprof_objects_release(objects);
}

/* The file is the one that is loaded if it has the build id, or without one if
 * the kernel has mapped that very file. */
static void
test_identity(void **state)
{
    (void)state;
    struct stat st;
    const evprof_objects_t *objects = evprof_objects_acquire();
    const evprof_object_t libc = *evprof_objects_find(
        objects, (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    char other_id[128];
    const size_t len = strlen(libc.build_id);
    assert_true(len > 8);
    assert_int_equal(stat(libc.path, &st), 0);
    for (int i = 0; i < 8; i++) {
        evprof_object_t object = libc;
        (void)snprintf(other_id, sizeof(other_id), "%s", libc.build_id);
        if (i == 1) {
            other_id[len - 1] = other_id[len - 1] == '0' ? '1' : '0';
        } else if (i == 2) {
            other_id[0] = other_id[0] == '0' ? '1' : '0';
        } else if (i == 3) {
            other_id[len - 2] = '\0';
        } else if (i > 3) {
            other_id[0] = '\0';
        }
        object.build_id = other_id;
        object.inode = i == 4 ? 0 : st.st_ino + (i == 6);
        object.device = st.st_dev + (i == 7);
        evprof_table_job_t job = { .object = &object };
        assert_int_equal(evprof_tables_build(&job, 1), 0);
        assert_int_equal(job.table != NULL, i == 0 || i == 4 || i == 5);
        evprof_table_free(job.table);
    }
    evprof_objects_release(objects);
}

/* A table of three buckets by hand: its rows are as many words. */
static evprof_table_t *
make_table(const uint32_t *index, const uint32_t *rows, uint32_t count)
{
    evprof_table_t *table = calloc(1, sizeof(*table) + 4 * sizeof(uint32_t) +
                                          sizeof(uint16_t) + 3 * count + 1);
    assert_non_null(table);
    table->bucket_count = 3;
    table->row_count = count;
    table->code_count = 1;
    memcpy(table->words, index, 4 * sizeof(*index));
    *(uint16_t *)(uintptr_t)evprof_table_codes(table) = EVPROF_CODE_END;
    for (uint32_t i = 0; i < count; i++) {
        memcpy((unsigned char *)(uintptr_t)evprof_table_rows(table) + 3 * i,
               &rows[i], 3);
    }
    return table;
}

static void
test_row_search(void **state)
{
    (void)state;
    const uint32_t index[] = { 0, 2, 2, 3 };
    const uint32_t rows[] = { 16u << 11 | evprof_row_number(1),
                              4096u << 11 | EVPROF_ROW_LISTED,
                              100u << 11 | evprof_row_number(3) };
    evprof_table_t *table = make_table(index, rows, 3);
    assert_int_equal(evprof_table_find(table, 0), EVPROF_CODE_NONE);
    assert_int_equal(evprof_table_find(table, 16), 1);
    assert_int_equal(evprof_table_find(table, 4095), 1);
    assert_int_equal(evprof_table_find(table, 4096), EVPROF_CODE_END);
    assert_int_equal(evprof_table_find(table, 8192 + 5), EVPROF_CODE_END);
    assert_int_equal(evprof_table_find(table, 16384 + 99), EVPROF_CODE_END);
    assert_int_equal(evprof_table_find(table, 16384 + 100), 3);
    assert_int_equal(evprof_table_find(table, 3 * 8192), EVPROF_CODE_NONE);
    free(table);
}

/* Rows for calls with arguments on the stack hold for a few bytes; then the one
 * before them is in force again, in the next bucket too. */
static void
test_rows_of_calls(void **state)
{
    (void)state;
    const uint32_t index[] = { 0, 3, 3, 3 };
    const uint32_t rows[] = { 16u << 11 | evprof_row_number(5),
                              100u << 11 | evprof_row_call(2, 3),
                              200u << 11 | evprof_row_call(16, 32) };
    evprof_table_t *table = make_table(index, rows, 3);
    assert_int_equal(evprof_table_find(table, 99), 5);
    assert_int_equal(evprof_table_find(table, 100), 7);
    assert_int_equal(evprof_table_find(table, 111), 7);
    assert_int_equal(evprof_table_find(table, 112), 5);
    assert_int_equal(evprof_table_find(table, 200), 21);
    assert_int_equal(evprof_table_find(table, 327), 21);
    assert_int_equal(evprof_table_find(table, 328), 5);
    assert_int_equal(evprof_table_find(table, 8192 + 201), 5);
    free(table);
}

/* Codes that are numbers by themselves come back from them. */
static void
test_row_numbers(void **state)
{
    (void)state;
    evprof_table_t table = { 0 };
    unsigned direct = 0;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        unsigned number = evprof_row_number(code);
        assert_true(number <= EVPROF_ROW_LISTED);
        if (number < EVPROF_ROW_LISTED) {
            assert_int_equal(evprof_row_code(&table, number), code);
            direct++;
        }
    }
    assert_int_equal(direct, EVPROF_ROW_LISTED);
}

/* What is taken for granted of the usual CIE is what its bytes say: another
 * spelling of the same, which is read in full, gives the same rows. */
static void
test_usual_cie(void **state)
{
    (void)state;
    static const unsigned char usual[] = {
        0x14, 0,    0,    0,    0,    0,    0,    0,    1, 'z', 'R',  0,    1,
        0x78, 0x10, 1,    0x1b, 0x0c, 7,    8,    0x90, 1, 0,   0,    0x14, 0,
        0,    0,    0x1c, 0,    0,    0,    0xe0, 0x0f, 0, 0,   0x40, 0,    0,
        0,    0,    0x41, 0x0e, 0x10, 0x86, 2,    0,    0, 0,   0,    0,    0,
    };
    unsigned char spelled[sizeof(usual)];
    memcpy(spelled, usual, sizeof(usual));
    spelled[22] = 0x2e; /* DW_CFA_GNU_args_size 0 for two nops */
    const unsigned char *both[] = { usual, spelled };
    for (size_t i = 0; i < 2; i++) {
        evprof_cfi_t cfi = { .data = both[i], .size = sizeof(usual) };
        evprof_fde_t fde = { 0 };
        evprof_cfi_run_t run;
        assert_int_equal(evprof_cfi_entry(&cfi, 24, &fde), EVPROF_CFI_FDE);
        assert_int_equal(fde.is_usual, i == 0);
        assert_true(evprof_cfi_begin(&run, &cfi, &fde));
        assert_true(evprof_cfi_next(&run));
        assert_int_equal(run.row.start, 0x1000);
        assert_int_equal(run.row.limit, 0x1001);
        assert_int_equal(evprof_table_code(&run.row, fde.ra_reg), 1);
        assert_true(evprof_cfi_next(&run));
        assert_int_equal(run.row.limit, 0x1040);
        assert_int_equal(evprof_table_code(&run.row, fde.ra_reg),
                         2u << EVPROF_CODE_SLOT_SHIFT | 2);
        assert_false(evprof_cfi_next(&run));
        assert_false(evprof_cfi_row_at(&run, &cfi, &fde, 0xfff));
        assert_true(evprof_cfi_row_at(&run, &cfi, &fde, 0x1000));
        assert_int_equal(run.row.limit, 0x1001);
        assert_true(evprof_cfi_row_at(&run, &cfi, &fde, 0x103f));
        assert_int_equal(run.row.start, 0x1001);
        assert_false(evprof_cfi_row_at(&run, &cfi, &fde, 0x1040));
    }
}

/* A CFA that is loaded is a rule when its block says that and nothing else. */
static void
test_loaded_cfa(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[12];
        bool is_rule;
        uint8_t base;
        int32_t offset;
        int32_t add;
    } cases[] = {
        { { 3, 0x77, 8, 0x06 }, true, EVPROF_REG_SP, 8, 0 },
        { { 3, 0x76, 0x78, 0x06, 0x96 }, true, EVPROF_REG_FP, -8, 0 },
        { { 5, 0x77, 8, 0x06, 0x23, 16 }, true, EVPROF_REG_SP, 8, 16 },
        { { 5, 0x77, 8, 0x06, 0x40, 0x22 }, true, EVPROF_REG_SP, 8, 16 },
        { { 5, 0x77, 8, 0x06, 0x30, 0x22 }, true, EVPROF_REG_SP, 8, 0 },
        { { 5, 0x77, 8, 0x06, 0x4f, 0x1c }, true, EVPROF_REG_SP, 8, -31 },
        { { 6, 0x77, 8, 0x06, 0x08, 0xf0, 0x22 }, true, EVPROF_REG_SP, 8, 240 },
        { { 6, 0x77, 8, 0x06, 0x08, 16, 0x1c }, true, EVPROF_REG_SP, 8, -16 },
        { { 6, 0x77, 8, 0x06, 0x09, 0xf0, 0x22 }, true, EVPROF_REG_SP, 8, -16 },
        { { 6, 0x77, 8, 0x06, 0x09, 0x7f, 0x22 }, true, EVPROF_REG_SP, 8, 127 },
        { { 6, 0x77, 8, 0x06, 0x09, 0x80, 0x22 },
          true,
          EVPROF_REG_SP,
          8,
          -128 },
        { { 7, 0x77, 8, 0x06, 0x11, 0xf0, 0x7e, 0x22 },
          true,
          EVPROF_REG_SP,
          8,
          -144 },
        { { 6, 0x77, 8, 0x06, 0x08, 16, 0x1e }, false, 0, 0, 0 }, /* * 16 */
        { { 5, 0x77, 8, 0x06, 0x50, 0x22 }, false, 0, 0, 0 },
        { { 5, 0x77, 8, 0x06, 0x40 }, false, 0, 0, 0 },
        { { 4, 0x77, 8, 0x06, 0x23 }, false, 0, 0, 0 },
        { { 7, 0x77, 8, 0x06, 0x40, 0x22, 0x40, 0x22 }, false, 0, 0, 0 },
        { { 4, 0x77, 8, 0x06, 0x96 }, false, 0, 0, 0 }, /* a nop at its end */
        { { 2, 0x77, 8, 0x06 }, false, 0, 0, 0 },       /* nothing is loaded */
        { { 3, 0x73, 8, 0x06 }, false, 0, 0, 0 },       /* another register */
        { { 13, 0x77, 8, 0x06 }, false, 0, 0, 0 }, /* longer than the data */
        /* Numbers that a rule has no room for. */
        { { 9, 0x77, 8, 0x06, 0x23, 0x80, 0x80, 0x80, 0x80, 0x08 },
          false,
          0,
          0,
          0 },
        { { 7, 0x77, 0x80, 0x80, 0x80, 0x80, 0x08, 0x06 }, false, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const evprof_cfi_t cfi = { .data = cases[i].bytes,
                                   .size = sizeof(cases[i].bytes) };
        const evprof_fde_t fde = { .ra_reg = EVPROF_REG_RA };
        const int ra = evprof_cfi_index(EVPROF_REG_RA);
        evprof_cfi_row_t row = { .cfa_is_expr = true };
        row.how[ra] = EVPROF_HOW_OFFSET;
        row.value[ra] = -8;
        unsigned code = evprof_rule_of_row(&cfi, &fde, &row);
        assert_true((code & EVPROF_CODE_RULE) != 0);
        if ((code != EVPROF_CODE_RAW) != cases[i].is_rule) {
            fail_msg("row %zu: %#x", i, code);
        }
        const evprof_rule_t *rule = &evprof_rules[code & ~EVPROF_CODE_RULE];
        assert_true(!cases[i].is_rule ||
                    (rule->is_loaded && rule->base == cases[i].base &&
                     rule->offset == cases[i].offset &&
                     rule->add == cases[i].add && rule->ra_offset == -8));
    }
}

/* Where the frame pointer was saved, and rows that no rule is for. */
static void
test_saved_frame_pointers(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[8]; /* of an expression */
        enum evprof_how how;
        int32_t value;
        bool is_rule;
        enum evprof_rule_fp fp;
        int32_t fp_offset;
    } cases[] = {
        { { 0 }, EVPROF_HOW_SAME, 0, true, EVPROF_RULE_FP_SAME, 0 },
        { { 0 }, EVPROF_HOW_UNDEFINED, 0, true, EVPROF_RULE_FP_SAME, 0 },
        { { 0 }, EVPROF_HOW_OFFSET, -32, true, EVPROF_RULE_FP_AT_CFA, -32 },
        { { 2, 0x76, 0x70 },
          EVPROF_HOW_EXPR,
          0,
          true,
          EVPROF_RULE_FP_AT_FP,
          -16 },
        { { 2, 0x77, 0x70 }, EVPROF_HOW_EXPR, 0, false, 0, 0 },
        { { 3, 0x76, 0x70, 0x96 }, EVPROF_HOW_EXPR, 0, false, 0, 0 },
        { { 0 }, EVPROF_HOW_VAL_OFFSET, 0, false, 0, 0 },
        { { 0 }, EVPROF_HOW_REGISTER, 3, false, 0, 0 },
        { { 2, 0x76, 0x70 }, EVPROF_HOW_VAL_EXPR, 0, false, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const evprof_cfi_t cfi = { .data = cases[i].bytes,
                                   .size = sizeof(cases[i].bytes) };
        const evprof_fde_t fde = { .ra_reg = EVPROF_REG_RA };
        const int ra = evprof_cfi_index(EVPROF_REG_RA);
        const unsigned fp = EVPROF_REG_FP - EVPROF_RULE_FIRST;
        evprof_cfi_row_t row = { .cfa_reg = EVPROF_REG_SP, .cfa_value = 48 };
        row.how[ra] = EVPROF_HOW_OFFSET;
        row.value[ra] = -16; /* so that no code is for it */
        row.how[fp] = (uint8_t)cases[i].how;
        row.value[fp] = cases[i].value;
        unsigned code = evprof_rule_of_row(&cfi, &fde, &row);
        if ((code != EVPROF_CODE_RAW) != cases[i].is_rule) {
            fail_msg("row %zu: %#x", i, code);
        }
        const evprof_rule_t *rule = &evprof_rules[code & ~EVPROF_CODE_RULE];
        assert_true(!cases[i].is_rule ||
                    (!rule->is_loaded && rule->base == EVPROF_REG_SP &&
                     rule->fp == cases[i].fp && rule->offset == 48 &&
                     rule->fp_offset == cases[i].fp_offset &&
                     rule->ra_offset == -16));
    }
}

/* The rule that is made of these numbers. None is self-contained, since the
 * return address is not the last word. */
static evprof_rule_t
nth_rule(unsigned n)
{
    return (evprof_rule_t){
        .base = n % 2 == 0 ? EVPROF_REG_SP : EVPROF_REG_FP,
        .fp = n / 2 % 2 == 0 ? EVPROF_RULE_FP_SAME : EVPROF_RULE_FP_AT_CFA,
        .fp_offset = n / 2 % 2 == 0 ? 0 : -8 * (int32_t)(n / 4 % 2) - 32,
        .ra_offset = -16 - 8 * (int32_t)(n / 8 % 2),
        .offset = 8 * (int32_t)(n / 16),
    };
}

static unsigned
learn_rule(unsigned n)
{
    const evprof_rule_t rule = nth_rule(n);
    const evprof_cfi_t cfi = { .size = 0 };
    const evprof_fde_t fde = { .ra_reg = EVPROF_REG_RA };
    const int ra = evprof_cfi_index(EVPROF_REG_RA);
    const unsigned fp = EVPROF_REG_FP - EVPROF_RULE_FIRST;
    evprof_cfi_row_t row = { .cfa_reg = rule.base, .cfa_value = rule.offset };
    row.how[ra] = EVPROF_HOW_OFFSET;
    row.value[ra] = rule.ra_offset;
    if (rule.fp == EVPROF_RULE_FP_AT_CFA) {
        row.how[fp] = EVPROF_HOW_OFFSET;
        row.value[fp] = rule.fp_offset;
    }
    return evprof_rule_of_row(&cfi, &fde, &row);
}

static void
expect_rule(unsigned code, unsigned n)
{
    const evprof_rule_t want = nth_rule(n);
    const evprof_rule_t *got = &evprof_rules[code & ~EVPROF_CODE_RULE];
    assert_int_equal(got->base, want.base);
    assert_int_equal(got->is_loaded, want.is_loaded);
    assert_int_equal(got->fp, want.fp);
    assert_int_equal(got->offset, want.offset);
    assert_int_equal(got->add, want.add);
    assert_int_equal(got->fp_offset, want.fp_offset);
    assert_int_equal(got->ra_offset, want.ra_offset);
}

/* Each rule that is learned is one of its own, and found again; what there is
 * no room for is left to the call-frame data. Other tests learn none after. */
static void
test_as_many_rules_as_fit(void **state)
{
    (void)state;
    static unsigned codes[EVPROF_RULES_MOST * 2];
    unsigned count = 0;
    /* Those of which another one differs in a member are learned twice. */
    for (unsigned n = 0; n < EVPROF_RULES_MOST * 2; n++) {
        codes[n] = learn_rule(n);
        if (codes[n] != EVPROF_CODE_RAW) {
            expect_rule(codes[n], n);
            count++;
        }
    }
    assert_true(count > EVPROF_RULES_MOST / 2);
    for (unsigned n = 0; n < EVPROF_RULES_MOST * 2; n++) {
        assert_int_equal(learn_rule(n), codes[n]);
    }
    assert_int_equal(codes[EVPROF_RULES_MOST * 2 - 1], EVPROF_CODE_RAW);
}

static unsigned asked;

static void
count_asked(void)
{
    asked++;
}

/* Who must not wait asks; the refresh is another's. */
static void
test_learner(void **state)
{
    (void)state;
    asked = 0;
    atomic_store(&evprof_map_is_stale, true);
    evprof_unwind_set_learner(count_asked);
    evprof_unwind_learn();
    assert_int_equal(asked, 1);
    assert_true(evprof_unwind_is_stale());
    evprof_unwind_set_learner(NULL);
    evprof_unwind_learn();
    assert_int_equal(asked, 1);
    assert_false(evprof_unwind_is_stale());
}

/* A stack ends where the return address is zero; one that is no code at all is
 * not an end but a stack that could not be followed, and says so. */
static void
test_ends(void **state)
{
    (void)state;
    const uintptr_t returns[] = { 0, 1, 0x206, 4095, UINTPTR_MAX };
    const evprof_unwinder_t *tables = evprof_unwinder_find("tables");
    assert_int_equal(evprof_unwinder_prepare(tables), 0);
    for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
        uintptr_t pcs[8];
        uintptr_t words[64] = { returns[i] };
        evprof_walk_t walk = {
            .pcs = pcs,
            .max = 8,
            .bounds = { (uintptr_t)words, (uintptr_t)(words + 64) },
        };
        evprof_regs_t regs = { .pc = (uintptr_t)strtol,
                               .known = EVPROF_REGS_ALL };
        regs.r[EVPROF_REG_SP] = (uintptr_t)words;
        tables->walk_regs(&walk, &regs, 0);
        assert_int_equal(walk.flags, i == 0 ? 0 : EVPROF_WALK_BROKEN);
        assert_int_equal(walk.count, i == 0 ? 1 : 2);
        assert_true(i == 0 ||
                    pcs[1] == (uintptr_t)evprof_mark_unknown_caller + 1);
    }
}

/* Without bounds only the pages around the stack pointer can be read. */
static void
test_window(void **state)
{
    (void)state;
    const evprof_stack_bounds_t unknown = { 0, 0 };
    uintptr_t word = 0;
    uintptr_t here = (uintptr_t)&word;
    evprof_window_t window = evprof_window_open(unknown, here);
    assert_true(evprof_window_load(&window, here, &word));
    assert_false(evprof_window_load(&window, 0, &word));
    assert_false(
        evprof_window_load(&window, here + EVPROF_WINDOW_MOST * 2, &word));
    assert_false(evprof_window_load(&window, UINTPTR_MAX, &word));
    assert_false(evprof_window_load(&window, here - 65536, &word));
    window = evprof_window_open(unknown, 8);
    assert_false(evprof_window_load(&window, 8, &word));
    window = evprof_window_open(unknown, UINTPTR_MAX - 8);
    assert_false(evprof_window_load(&window, UINTPTR_MAX - 8, &word));
    assert_false(evprof_arch_probe(0));
    assert_false(evprof_arch_probe(UINTPTR_MAX / 2));
    assert_true(evprof_arch_probe(here));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_every_call),
        cmocka_unit_test(test_tables_are_small),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_broken_headers),
        cmocka_unit_test(test_ways_to_the_data),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_row_search),
        cmocka_unit_test(test_rows_of_calls),
        cmocka_unit_test(test_row_numbers),
        cmocka_unit_test(test_usual_cie),
        cmocka_unit_test(test_loaded_cfa),
        cmocka_unit_test(test_saved_frame_pointers),
        cmocka_unit_test(test_learner),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_as_many_rules_as_fit),
    };
    return cmocka_run_group_tests_name("unwind tables", tests, NULL, NULL);
}
