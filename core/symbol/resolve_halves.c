/* SPDX-License-Identifier: Apache-2.0 */
/* A libdw handle may be used by one thread only, so the second thread has its
 * own handle and its own answers, which are added to the others at the end. */
#include "core/symbol/resolve_halves.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/elf/reader.h"
#include "core/symbol/symbol_wire.h"

/* For fewer queries, reading the units twice costs more than it saves. */
#define MIN_COUNT 4096

typedef struct half {
    const char *path;
    const char *debug_path;
    bool with_lines;
    evprof_query_t *queries;
    size_t count;
    evprof_symbol_cache_t cache;
    evprof_symbol_file_t *file;
    int status;
} half_t;

static void *
resolve_half(void *arg)
{
    half_t *h = arg;
    evprof_elf_file_t own;
    h->file = evprof_symbol_cache_file(&h->cache, h->path);
    h->status = EVPROF_EIO;
    if (h->file != NULL && evprof_elf_open_path(h->path, &own)) {
        h->status =
            evprof_symbol_resolve(&own, h->path, h->debug_path, h->with_lines,
                                  h->queries, h->count, h->file);
        evprof_elf_close(&own);
    }
    return NULL;
}

/* Adds the answers of a half to `file`. */
static int
join(const half_t *h, evprof_symbol_file_t *file)
{
    size_t count = evprof_symbol_file_count(h->file);
    uint64_t *vaddrs = calloc(count + 1, sizeof(*vaddrs));
    evprof_buf_t bytes = { 0 };
    int status = EVPROF_ENOMEM;
    for (size_t i = 0; vaddrs != NULL && i < count; i++) {
        vaddrs[i] = evprof_symbol_file_at(h->file, i)->vaddr;
    }
    if (vaddrs != NULL) {
        evprof_symbol_encode(h->file, vaddrs, count, &bytes);
        status = bytes.failed
                     ? EVPROF_ENOMEM
                     : evprof_symbol_decode(file, bytes.data, bytes.len);
    }
    evprof_buf_free(&bytes);
    free(vaddrs);
    return status;
}

/* Whether sections have to be unpacked, which each thread would repeat. */
static bool
is_packed(const evprof_elf_file_t *own)
{
    evprof_elf_reader_t elf;
    bool is_packed = false;
    if (evprof_elf_reader_attach(&elf, own->fd)) {
        const Elf64_Shdr *s = evprof_elf_reader_named(&elf, ".debug_info");
        is_packed = s != NULL && (s->sh_flags & SHF_COMPRESSED) != 0;
        evprof_elf_reader_close(&elf);
    }
    return is_packed;
}

int
evprof_symbol_resolve_halves(const evprof_elf_file_t *own, const char *path,
                             const char *debug_path, bool with_lines,
                             evprof_query_t *queries, size_t count,
                             evprof_symbol_file_t *file)
{
    size_t first = count / 2;
    pthread_t thread;
    half_t half = { .path = path,
                    .debug_path = debug_path,
                    .with_lines = with_lines,
                    .queries = queries + first,
                    .count = count - first,
                    .cache = { .max_bytes = SIZE_MAX } };
    bool is_split = count >= MIN_COUNT && !is_packed(own) &&
                    sysconf(_SC_NPROCESSORS_ONLN) > 1 &&
                    pthread_create(&thread, NULL, resolve_half, &half) == 0;
    int status = evprof_symbol_resolve(own, path, debug_path, with_lines,
                                       queries, is_split ? first : count, file);
    if (is_split) {
        pthread_join(thread, NULL);
        if (status == EVPROF_OK) {
            status =
                half.status == EVPROF_OK
                    ? join(&half, file)
                    : evprof_symbol_resolve(own, path, debug_path, with_lines,
                                            half.queries, half.count, file);
        }
    }
    evprof_symbol_cache_free(&half.cache);
    return status;
}
