/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names_of FILE [-q] < addresses: the frames at hex addresses of an ELF file,
 * as llvm-symbolizer prints them (functions by their linker's names, file:line,
 * an empty line after each address). With -q only time, memory and counts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/symbol/query.h"
#include "core/symbol/symbol_cache.h"

static int
by_address(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

static uint64_t *
read_addresses(size_t *count)
{
    uint64_t *all = NULL;
    size_t cap = 0;
    char line[64];
    *count = 0;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (*count == cap) {
            cap = cap == 0 ? 4096 : cap * 2;
            all = realloc(all, cap * sizeof(*all));
            if (all == NULL) {
                abort();
            }
        }
        all[(*count)++] = strtoull(line, NULL, 16);
    }
    return all;
}

static evprof_query_t *
make_queries(const uint64_t *addresses, size_t count, size_t *out)
{
    uint64_t *sorted = calloc(count + 1, sizeof(*sorted));
    evprof_query_t *queries = calloc(count + 1, sizeof(*queries));
    *out = 0;
    if (sorted == NULL || queries == NULL) {
        abort();
    }
    memcpy(sorted, addresses, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_address);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
            queries[(*out)++].vaddr = sorted[i];
        }
    }
    free(sorted);
    return queries;
}

static void
print_frames(const evprof_symbol_t *symbol)
{
    for (uint32_t i = 0; symbol != NULL && i < symbol->count; i++) {
        const evprof_symbol_frame_t *f = &symbol->frames[i];
        printf("%s\n%s:%" PRId64 ":%" PRId64 "\n", f->function->system_name,
               f->function->file[0] == '\0' ? "??" : f->function->file, f->line,
               f->column);
    }
    if (symbol == NULL || symbol->count == 0) {
        printf("??\n??:0:0\n");
    }
    printf("\n");
}

static void
print_costs(size_t count, const evprof_symbol_file_t *file,
            const uint64_t *addresses)
{
    struct rusage usage;
    size_t named = 0;
    for (size_t i = 0; i < count; i++) {
        const evprof_symbol_t *s = evprof_symbol_file_find(file, addresses[i]);
        named += s != NULL && s->count > 0;
    }
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%.3f s CPU, %ld MiB peak, %zu of %zu named\n",
           (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
           usage.ru_maxrss >> 10, named, count);
}

int
main(int argc, char **argv)
{
    size_t count;
    size_t query_count;
    evprof_elf_file_t own;
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    if (argc < 2 || !evprof_elf_open_path(argv[1], &own)) {
        (void)fprintf(stderr, "usage: names_of FILE [-q] < addresses\n");
        return EXIT_FAILURE;
    }
    uint64_t *addresses = read_addresses(&count);
    evprof_query_t *queries = make_queries(addresses, count, &query_count);
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, argv[1]);
    if (evprof_symbol_resolve(&own, argv[1], NULL, true, queries, query_count,
                              file) != 0) {
        return EXIT_FAILURE;
    }
    if (argc > 2) {
        print_costs(count, file, addresses);
    } else {
        for (size_t i = 0; i < count; i++) {
            print_frames(evprof_symbol_file_find(file, addresses[i]));
        }
    }
    evprof_symbol_cache_free(&cache);
    evprof_elf_close(&own);
    free(queries);
    free(addresses);
    return EXIT_SUCCESS;
}
