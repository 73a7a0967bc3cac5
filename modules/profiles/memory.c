/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the memory of the process is, and what would lower it: the kernel's
 * numbers rarely equal what the program allocated. Each number is a line with a
 * sentence. `?format=json` gives the same numbers to programs; `?smaps=1` adds
 * the mappings, and holds the page tables of the process for a moment to read
 * them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/module.h>

#include "core/base/buf.h"
#include "core/base/read_file.h"
#include "core/base/self.h"
#include "core/heap/jemalloc.h"

#define FILE_MAX ((size_t)4 << 20)
#define MOST_BINS 256u
#define SHOWN_BINS 5u

typedef struct row {
    const char *name;
    uint64_t bytes;
    const char *meaning;
} row_t;

/* The reply, in one of the two forms. */
typedef struct page {
    evprof_buf_t text;
    bool is_json;
    unsigned rows; /* of the section */
} page_t;

/* ---- Writing ---- */

static void
begin_section(page_t *page, const char *name)
{
    if (page->is_json) {
        evprof_buf_printf(&page->text, "%s\"%s\":{",
                          page->text.len > 1 ? "," : "", name);
    } else {
        evprof_buf_printf(&page->text, "%s%s\n", page->text.len > 0 ? "\n" : "",
                          name);
    }
    page->rows = 0;
}

static void
end_section(page_t *page)
{
    if (page->is_json) {
        evprof_buf_putc(&page->text, '}');
    }
}

static void
put_row(page_t *page, const row_t *row)
{
    if (page->is_json) {
        evprof_buf_printf(&page->text, "%s\"%s\":%" PRIu64,
                          page->rows++ > 0 ? "," : "", row->name, row->bytes);
    } else {
        evprof_buf_printf(&page->text, "%14" PRIu64 "  %-16s  %s\n", row->bytes,
                          row->name, row->meaning);
    }
}

static void
put(page_t *page, const char *name, uint64_t bytes, const char *meaning)
{
    put_row(page, &(row_t){ name, bytes, meaning });
}

/* ---- jemalloc ---- */

static uint64_t
ask(const char *name)
{
    size_t value = 0;
    return evprof_jemalloc_size(name, &value) ? value : 0;
}

static uint64_t
ask_arena(unsigned arena, const char *name)
{
    char full[128];
    (void)snprintf(full, sizeof(full), "stats.arenas.%u.%s", arena, name);
    return ask(full);
}

typedef struct bin {
    uint64_t size;
    uint64_t wasted; /* bytes of slabs that hold no allocation */
} bin_t;

static int
by_waste(const void *a, const void *b)
{
    const bin_t *one = a;
    const bin_t *other = b;
    return one->wasted < other->wasted   ? 1
           : one->wasted > other->wasted ? -1
                                         : 0;
}

/* The free memory of slabs that also hold allocations, by size class. */
static void
put_fragmentation(page_t *page, unsigned all_arenas)
{
    bin_t bins[MOST_BINS];
    unsigned count = 0;
    char name[96];
    for (; count < MOST_BINS; count++) {
        (void)snprintf(name, sizeof(name), "arenas.bin.%u.size", count);
        uint64_t size = ask(name);
        if (size == 0) {
            break;
        }
        (void)snprintf(name, sizeof(name), "arenas.bin.%u.slab_size", count);
        uint64_t slab = ask(name);
        (void)snprintf(name, sizeof(name), "bins.%u.curslabs", count);
        uint64_t slabs = ask_arena(all_arenas, name);
        (void)snprintf(name, sizeof(name), "bins.%u.curregs", count);
        uint64_t used = ask_arena(all_arenas, name) * size;
        bins[count] =
            (bin_t){ size, slab * slabs > used ? slab * slabs - used : 0 };
    }
    qsort(bins, count, sizeof(*bins), by_waste);
    begin_section(page, "fragmentation");
    for (unsigned i = 0; i < count && i < SHOWN_BINS && bins[i].wasted > 0;
         i++) {
        (void)snprintf(name, sizeof(name), "size_%" PRIu64, bins[i].size);
        put(page, name, bins[i].wasted,
            "free between allocations of this size; gone when they are freed");
    }
    end_section(page);
}

static void
put_allocator(page_t *page)
{
    /* MALLCTL_ARENAS_ALL: sums over all arenas. */
    const unsigned all_arenas = 4096;
    evprof_jemalloc_refresh();
    begin_section(page, "allocator");
    put(page, "allocated", ask("stats.allocated"),
        "asked for by the program; lowered by freeing, see the profile heap");
    put(page, "active", ask("stats.active"),
        "pages with allocations in them; more than allocated is fragmentation");
    put(page, "metadata", ask("stats.metadata"),
        "jemalloc's own tables; lowered by fewer arenas (narenas)");
    put(page, "resident", ask("stats.resident"),
        "in memory for the allocator, free pages included");
    put(page, "dirty",
        ask_arena(all_arenas, "pdirty") * (uint64_t)sysconf(_SC_PAGESIZE),
        "free and not given back yet; lowered by dirty_decay_ms, or heap?gc=1");
    put(page, "muzzy",
        ask_arena(all_arenas, "pmuzzy") * (uint64_t)sysconf(_SC_PAGESIZE),
        "free, the kernel may take it; lowered by muzzy_decay_ms");
    put(page, "mapped", ask("stats.mapped"),
        "address space in use by the allocator; not all of it is memory");
    put(page, "retained", ask("stats.retained"),
        "address space kept for later; no memory");
    put(page, "thread_caches", ask_arena(all_arenas, "tcache_bytes"),
        "free in the caches of threads; lowered by tcache_max");
    end_section(page);
    put_fragmentation(page, all_arenas);
}

/* ---- The process ---- */

/* The whole of a file of /proc, NUL-terminated; false: it cannot be read. */
static bool
read_text(const char *path, evprof_buf_t *out)
{
    evprof_buf_clear(out);
    return evprof_read_file(path, FILE_MAX, out) == EVPROF_OK;
}

/* The number behind "NAME:" in kibibytes, as bytes; 0: it is not there. */
static uint64_t
field(const evprof_buf_t *text, const char *name)
{
    char key[32];
    uint64_t kilobytes = 0;
    (void)snprintf(key, sizeof(key), "\n%s:", name);
    const char *at = strstr(text->data, key);
    if (at != NULL) {
        (void)sscanf(at + strlen(key), "%" SCNu64, &kilobytes);
    }
    return kilobytes * 1024;
}

static void
put_process(page_t *page)
{
    evprof_buf_t text = { 0 };
    begin_section(page, "process");
    if (read_text(EVPROF_SELF("status"), &text)) {
        put(page, "rss", field(&text, "VmRSS"),
            "memory in use, as ps and top show it");
        put(page, "rss_peak", field(&text, "VmHWM"), "the most it ever was");
        put(page, "rss_anonymous", field(&text, "RssAnon"),
            "heap, stacks and the like: what counts against limits");
        put(page, "rss_file", field(&text, "RssFile"),
            "code and mapped files; the kernel drops it when it must");
        put(page, "rss_shared", field(&text, "RssShmem"),
            "shared memory and memory files");
        put(page, "stack", field(&text, "VmStk"),
            "the main thread's stack; others are anonymous mappings");
        put(page, "page_tables", field(&text, "VmPTE"),
            "the kernel's tables for the address space");
        put(page, "swapped", field(&text, "VmSwap"), "moved out to swap");
    }
    if (read_text(EVPROF_SELF("smaps_rollup"), &text)) {
        put(page, "proportional", field(&text, "Pss"),
            "with shared pages counted once for all who share them");
        put(page, "huge_pages", field(&text, "AnonHugePages"),
            "anonymous memory in huge pages; a touched byte takes 2 MiB");
    }
    end_section(page);
    evprof_buf_free(&text);
}

/* Resident bytes by kind of mapping. */
static void
put_mappings(page_t *page)
{
    evprof_buf_t text = { 0 };
    uint64_t sums[4] = { 0 };
    unsigned kind = 0;
    char *rest = NULL;
    if (!read_text(EVPROF_SELF("smaps"), &text)) {
        evprof_buf_free(&text);
        return;
    }
    for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        uint64_t start;
        uint64_t kilobytes;
        int at = 0;
        if (sscanf(line, "%" SCNx64 "-%*x %*s %*s %*s %*s %n", &start, &at) ==
                1 &&
            at > 0) {
            const char *name = line + at;
            kind = strcmp(name, "[heap]") == 0         ? 0
                   : strncmp(name, "[stack", 6) == 0   ? 1
                   : name[0] == '/' && name[1] != '\0' ? 2
                                                       : 3;
        } else if (sscanf(line, "Rss: %" SCNu64, &kilobytes) == 1) {
            sums[kind] += kilobytes * 1024;
        }
    }
    begin_section(page, "mappings");
    put(page, "brk_heap", sums[0], "[heap], of an allocator that uses brk");
    put(page, "main_stack", sums[1], "[stack]");
    put(page, "files", sums[2], "mapped files");
    put(page, "anonymous", sums[3], "all other: allocators, threads' stacks");
    end_section(page);
    evprof_buf_free(&text);
}

/* The last line of a cgroup's membership is that of version 2. */
static bool
find_cgroup(char *out, size_t size)
{
    evprof_buf_t text = { 0 };
    bool is_found = read_text(EVPROF_SELF("cgroup"), &text);
    const char *at = is_found ? strstr(text.data, "0::") : NULL;
    if (at != NULL) {
        (void)snprintf(out, size, "/sys/fs/cgroup%.*s",
                       (int)strcspn(at + 3, "\n"), at + 3);
    }
    evprof_buf_free(&text);
    return at != NULL;
}

static void
put_cgroup(page_t *page)
{
    char folder[512];
    char path[600];
    uint64_t bytes = 0;
    evprof_buf_t text = { 0 };
    if (!find_cgroup(folder, sizeof(folder))) {
        return;
    }
    begin_section(page, "cgroup");
    (void)snprintf(path, sizeof(path), "%s/memory.current", folder);
    if (read_text(path, &text) && sscanf(text.data, "%" SCNu64, &bytes) == 1) {
        put(page, "current", bytes,
            "of all its processes, page cache included");
    }
    (void)snprintf(path, sizeof(path), "%s/memory.max", folder);
    if (read_text(path, &text) && sscanf(text.data, "%" SCNu64, &bytes) == 1) {
        put(page, "limit", bytes, "above it the kernel ends processes");
    }
    (void)snprintf(path, sizeof(path), "%s/memory.stat", folder);
    const char *cache =
        read_text(path, &text) ? strstr(text.data, "\nfile ") : NULL;
    if (cache != NULL && sscanf(cache + 6, "%" SCNu64, &bytes) == 1) {
        put(page, "page_cache", bytes, "files in memory; dropped when needed");
    }
    end_section(page);
    evprof_buf_free(&text);
}

/* ---- The module ---- */

static bool
has_word(const char *query, const char *word)
{
    const char *at = query == NULL ? NULL : strstr(query, word);
    size_t len = strlen(word);
    return at != NULL && (at == query || at[-1] == '&') &&
           (at[len] == '\0' || at[len] == '&');
}

static int
write_memory(void *state, const evprof_ask_t *ask_, const evprof_writer_t *out,
             evprof_error_t *err)
{
    page_t page = { .is_json = has_word(ask_->query, "format=json") };
    evprof_error_t why;
    (void)state;
    (void)err;
    if (page.is_json) {
        evprof_buf_putc(&page.text, '{');
    }
    put_process(&page);
    if (evprof_jemalloc_address() != 0 ||
        evprof_jemalloc_find("", &why) == EVPROF_OK) {
        put_allocator(&page);
    } else if (!page.is_json) {
        evprof_buf_printf(&page.text, "\nallocator\n  %s\n", why.message);
    }
    put_cgroup(&page);
    if (has_word(ask_->query, "smaps=1")) {
        put_mappings(&page);
    }
    if (page.is_json) {
        evprof_buf_puts(&page.text, "}\n");
    }
    int status = evprof_buf_write(&page.text, out);
    evprof_buf_free(&page.text);
    return status;
}

/* Appends the statistics of jemalloc, where the program has it. */
static int
status(void *state, const evprof_writer_t *out)
{
    static const char *const names[] = { "allocated", "active", "metadata",
                                         "resident",  "mapped", "retained" };
    evprof_error_t why;
    evprof_buf_t text = { 0 };
    (void)state;
    if (evprof_jemalloc_address() == 0 &&
        evprof_jemalloc_find("", &why) != EVPROF_OK) {
        return EVPROF_OK;
    }
    evprof_jemalloc_refresh();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "stats.%s", names[i]);
        evprof_buf_printf(&text, "jemalloc_%s_bytes: %" PRIu64 "\n", names[i],
                          ask(name));
    }
    int written = evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return written;
}

const evprof_module_t evprof_profile_memory = {
    .abi = EVPROF_MODULE_ABI,
    .name = "memory",
    .summary = "Where the memory of the process is, number by number, and what "
               "lowers each.",
    .flags = EVPROF_MODULE_TEXT_ONLY,
    .text = write_memory,
    .status = status,
};
