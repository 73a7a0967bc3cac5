/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables against the call-frame data they were made of: at the end of every
 * call in libc the table must give the rule that the instructions give. And
 * what calls look like, when memory may be freed, how rows are searched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <string.h>

#include "core/objects/objects.h"
#include "core/unwind/rules.h"
#include "core/unwind/sig_epoch.h"
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

/* The rule that the call-frame data give at `pc`; NONE where there are none. */
static unsigned
rule_by_data(const evprof_cfi_t *cfi, size_t hdr, uintptr_t pc)
{
    size_t offset = 0;
    evprof_fde_t fde = { 0 };
    evprof_cfi_run_t run;
    if (!evprof_cfi_search(cfi, hdr, pc, &offset) ||
        evprof_cfi_entry(cfi, offset, &fde) != EVPROF_CFI_FDE ||
        pc >= fde.limit) {
        return EVPROF_CODE_NONE;
    }
    return evprof_cfi_row_at(&run, cfi, &fde, pc)
               ? evprof_rule_of_row(cfi, &fde, &run.row)
               : EVPROF_CODE_RAW;
}

static void
test_every_call_of_libc(void **state)
{
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    evprof_pinned_t pinned = evprof_map_pin();
    const evprof_segment_t *libc = evprof_map_find(
        pinned.map, (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    assert_non_null(libc);
    assert_non_null(libc->table);
    evprof_cfi_t cfi = { .data = (const unsigned char *)libc->eh_low,
                         .size = libc->eh_high - libc->eh_low,
                         .address = libc->eh_low };
    size_t hdr = libc->eh_frame_hdr - libc->eh_low;
    size_t calls = 0;
    size_t wrong = 0;
    for (uintptr_t pc = libc->start + 16; pc < libc->limit; pc++) {
        int64_t target = 0;
        const unsigned char *bytes = (const unsigned char *)pc;
        if (!evprof_arch_ends_in_call(bytes - EVPROF_CALL_MAX, EVPROF_CALL_MAX,
                                      &target)) {
            continue;
        }
        unsigned want = rule_by_data(&cfi, hdr, pc - 1);
        unsigned got = evprof_table_find(libc->table, pc - 1 - libc->start);
        /* Between functions the last row goes on over a little padding. */
        if (want != EVPROF_CODE_NONE) {
            calls++;
            wrong += got != want;
        }
    }
    evprof_map_unpin(pinned);
    assert_true(calls > 5000);
    assert_int_equal(wrong, 0);
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
        if (job.object->path[0] == '[') {
            continue;
        }
        assert_int_equal(evprof_tables_build(&job, 1), 0);
        size_t text = job.object->limit - job.object->start;
        if (job.table != NULL && text > ((size_t)1 << 20)) {
            assert_true(evprof_table_size(job.table) * 50 < text);
            built++;
        }
        evprof_table_free(job.table);
    }
    assert_true(built > 0);
    evprof_objects_release(objects);
}

/* A file that is not there, or not the one that is loaded, gives no table. */
static void
test_wrong_files(void **state)
{
    (void)state;
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
    evprof_objects_release(objects);
}

static void
test_epochs(void **state)
{
    (void)state;
    evprof_epoch_t epoch = { 0 };
    unsigned early = evprof_epoch_enter(&epoch);
    uint64_t stamp = evprof_epoch_stamp(&epoch);
    for (int i = 0; i < 5; i++) {
        evprof_epoch_advance(&epoch);
        assert_false(evprof_epoch_passed(&epoch, stamp));
    }
    /* Who comes later holds up nothing but what is retired later. */
    unsigned late = evprof_epoch_enter(&epoch);
    evprof_epoch_leave(&epoch, early);
    evprof_epoch_advance(&epoch);
    evprof_epoch_leave(&epoch, late);
    evprof_epoch_advance(&epoch);
    assert_true(evprof_epoch_passed(&epoch, stamp));
}

static void
test_row_search(void **state)
{
    (void)state;
    const uint32_t index[] = { 0, 2, 2, 3 };
    const uint32_t rows[] = { 16u << 16 | 1, 4096u << 16 | 2, 100u << 16 | 3 };
    const evprof_table_t table = {
        .bucket_count = 3, .row_count = 3, .index = index, .rows = rows
    };
    assert_int_equal(evprof_table_find(&table, 0), EVPROF_CODE_NONE);
    assert_int_equal(evprof_table_find(&table, 16), 1);
    assert_int_equal(evprof_table_find(&table, 4095), 1);
    assert_int_equal(evprof_table_find(&table, 4096), 2);
    assert_int_equal(evprof_table_find(&table, 8192 + 5), 2);
    assert_int_equal(evprof_table_find(&table, 16384 + 99), 2);
    assert_int_equal(evprof_table_find(&table, 16384 + 100), 3);
    assert_int_equal(evprof_table_find(&table, 3 * 8192), EVPROF_CODE_NONE);
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
        cmocka_unit_test(test_every_call_of_libc),
        cmocka_unit_test(test_tables_are_small),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_row_search),
        cmocka_unit_test(test_window),
    };
    return cmocka_run_group_tests_name("unwind tables", tests, NULL, NULL);
}
