/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the memory page, with a jemalloc whose statistics are made up
 * and with the process as it is. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/module.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/heap/jemalloc.h"
#include "tests/unit/emulated.h"

extern const evprof_module_t evprof_profile_memory;

/* ---- A jemalloc ---- */

static bool is_there;
static int refreshes;

typedef struct number {
    const char *name;
    size_t value;
} number_t;

static const number_t numbers[] = {
    { "stats.allocated", 1001 },
    { "stats.active", 1002 },
    { "stats.metadata", 1003 },
    { "stats.resident", 1004 },
    { "stats.mapped", 1005 },
    { "stats.retained", 1006 },
    { "stats.arenas.4096.pdirty", 3 },
    { "stats.arenas.4096.pmuzzy", 5 },
    { "stats.arenas.4096.tcache_bytes", 1007 },
};

/* Of a size class; all of the first one's places are taken. */
static const struct {
    size_t size;
    size_t slab_size;
    size_t slabs;
    size_t used;
} bins[] = {
    { 8, 4096, 1, 512 },   { 16, 4096, 10, 2000 }, { 32, 4096, 2, 1 },
    { 48, 12288, 3, 700 }, { 64, 4096, 4, 100 },   { 80, 20480, 1, 250 },
    { 96, 12288, 1, 127 },
};

static bool
find_in_bins(const char *name, size_t *out)
{
    for (size_t i = 0; i < sizeof(bins) / sizeof(bins[0]); i++) {
        const struct {
            const char *format;
            size_t value;
        } of_bin[] = {
            { "arenas.bin.%zu.size", bins[i].size },
            { "arenas.bin.%zu.slab_size", bins[i].slab_size },
            { "stats.arenas.4096.bins.%zu.curslabs", bins[i].slabs },
            { "stats.arenas.4096.bins.%zu.curregs", bins[i].used },
        };
        for (size_t k = 0; k < sizeof(of_bin) / sizeof(of_bin[0]); k++) {
            char text[96];
            const char *at = strstr(of_bin[k].format, "%zu");
            (void)snprintf(text, sizeof(text), "%.*s%zu%s",
                           (int)(at - of_bin[k].format), of_bin[k].format, i,
                           at + 3);
            if (strcmp(text, name) == 0) {
                *out = of_bin[k].value;
                return true;
            }
        }
    }
    return false;
}

bool
evprof_jemalloc_size(const char *name, size_t *out)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            *out = numbers[i].value;
            return true;
        }
    }
    return find_in_bins(name, out);
}

uintptr_t
evprof_jemalloc_address(void)
{
    return is_there ? 1 : 0;
}

int
evprof_jemalloc_find(const char *prefix, evprof_error_t *err)
{
    assert_string_equal(prefix, "");
    return evprof_fail(err, EVPROF_ENOTSUP, "there is none");
}

void
evprof_jemalloc_refresh(void)
{
    refreshes++;
}

/* ---- The page ---- */

static void
write_page(const char *query, evprof_buf_t *out)
{
    const evprof_ask_t ask = { .query = query };
    const evprof_writer_t writer = evprof_writer_buf(out);
    evprof_error_t err;
    evprof_buf_clear(out);
    assert_int_equal(evprof_profile_memory.text(NULL, &ask, &writer, &err),
                     EVPROF_OK);
    assert_non_null(out->data);
}

static void
assert_has(const evprof_buf_t *page, const char *part)
{
    if (strstr(page->data, part) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", part, page->data);
    }
}

static void
test_allocator(void **state)
{
    (void)state;
    const long page_bytes = sysconf(_SC_PAGESIZE);
    evprof_buf_t page = { 0 };
    char want[512];
    is_there = true;
    refreshes = 0;
    write_page("format=json", &page);
    assert_int_equal(refreshes, 1);
    (void)snprintf(want, sizeof(want),
                   ",\"allocator\":{\"allocated\":1001,\"active\":1002,"
                   "\"metadata\":1003,\"resident\":1004,\"dirty\":%ld,"
                   "\"muzzy\":%ld,\"mapped\":1005,\"retained\":1006,"
                   "\"thread_caches\":1007},",
                   3 * page_bytes, 5 * page_bytes);
    assert_has(&page, want);
    write_page(NULL, &page);
    assert_has(&page, "\n\nallocator\n          1001  allocated         ");
    assert_has(&page, "\n\nfragmentation\n          9984  size_64           ");
    evprof_buf_free(&page);
}

/* The five size classes that waste most, that first. */
static void
test_fragmentation(void **state)
{
    (void)state;
    evprof_buf_t page = { 0 };
    is_there = true;
    write_page("format=json", &page);
    assert_has(&page, ",\"fragmentation\":{\"size_64\":9984,\"size_16\":8960,"
                      "\"size_32\":8160,\"size_48\":3264,\"size_80\":480}");
    evprof_buf_free(&page);
}

static void
test_no_jemalloc(void **state)
{
    (void)state;
    evprof_buf_t page = { 0 };
    is_there = false;
    write_page(NULL, &page);
    assert_has(&page, "\nallocator\n  there is none\n");
    write_page("format=json", &page);
    assert_null(strstr(page.data, "allocator"));
    evprof_buf_free(&page);
}

static void
test_status(void **state)
{
    (void)state;
    evprof_buf_t text = { 0 };
    const evprof_writer_t writer = evprof_writer_buf(&text);
    is_there = false;
    assert_int_equal(evprof_profile_memory.status(NULL, &writer), EVPROF_OK);
    assert_int_equal(text.len, 0);
    is_there = true;
    assert_int_equal(evprof_profile_memory.status(NULL, &writer), EVPROF_OK);
    assert_string_equal(text.data, "jemalloc_allocated_bytes: 1001\n"
                                   "jemalloc_active_bytes: 1002\n"
                                   "jemalloc_metadata_bytes: 1003\n"
                                   "jemalloc_resident_bytes: 1004\n"
                                   "jemalloc_mapped_bytes: 1005\n"
                                   "jemalloc_retained_bytes: 1006\n");
    evprof_buf_free(&text);
}

/* ---- The process ---- */

static uint64_t
number_behind(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    if (at == NULL) {
        fail_msg("no %s in \"%s\"", key, text);
        return 0;
    }
    return strtoull(at + strlen(key), NULL, 10);
}

/* The main thread's stack, in bytes: it never shrinks. */
static uint64_t
stack_size(void)
{
    evprof_buf_t text = { 0 };
    assert_int_equal(evprof_read_file("/proc/self/status", 65536, &text),
                     EVPROF_OK);
    uint64_t kilobytes = number_behind(text.data, "\nVmStk:");
    evprof_buf_free(&text);
    return kilobytes * 1024;
}

static void
test_process(void **state)
{
    (void)state;
    SKIP_EMULATED("numbers of memory in /proc");
    evprof_buf_t page = { 0 };
    is_there = false;
    uint64_t before = stack_size();
    write_page("format=json&smaps=1", &page);
    uint64_t after = stack_size();
    assert_in_range(number_behind(page.data, ",\"stack\":"), before, after);
    assert_true(number_behind(page.data, "{\"rss\":") > 0);
    assert_has(&page, "{\"process\":{\"rss\":");
    assert_has(&page, "},\"mappings\":{\"brk_heap\":");
    assert_string_equal(page.data + page.len - 3, "}}\n");
    assert_true(number_behind(page.data, "\"main_stack\":") > 0);
    assert_true(number_behind(page.data, "\"files\":") > 0);
    evprof_buf_free(&page);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocator),
        cmocka_unit_test(test_fragmentation),
        cmocka_unit_test(test_no_jemalloc),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_process),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
