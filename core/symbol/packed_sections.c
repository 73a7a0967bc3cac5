/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unpacked copy is a sparse file in memory: the headers and the sections
 * that are not packed keep their offsets; the unpacked sections follow at the
 * end, and the section headers point there.
 */
#include "core/symbol/packed_sections.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <evprof/status.h>

/* ELFCOMPRESS_ZSTD, which older <elf.h> lack. */
#define PACKED_BY_ZSTD 2

#define MAX_SECTION ((uint64_t)1 << 30)
#define MAX_SYMBOLS ((uint64_t)256 << 20)
#define CHUNK ((size_t)1 << 16)

/* ---- Zstandard ---- */

static bool
is_packed(evprof_elf_reader_t *elf, const Elf64_Shdr *s, Elf64_Chdr *head)
{
    return (s->sh_flags & SHF_COMPRESSED) != 0 &&
           evprof_elf_reader_get(elf, s->sh_offset, head, sizeof(*head)) &&
           head->ch_type == PACKED_BY_ZSTD && s->sh_size > sizeof(*head) &&
           s->sh_size < MAX_SECTION && head->ch_size > 0 &&
           head->ch_size < MAX_SECTION;
}

static bool
write_all(int fd, const void *data, size_t len, uint64_t offset)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = pwrite(fd, at, len, (off_t)offset);
        if (n <= 0) {
            return false;
        }
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static bool
copy_section(evprof_elf_reader_t *elf, const Elf64_Shdr *s, int to)
{
    char *chunk = malloc(CHUNK);
    bool is_copied = chunk != NULL;
    for (uint64_t at = 0; at < s->sh_size && is_copied;) {
        uint64_t left = s->sh_size - at;
        size_t len = left < CHUNK ? (size_t)left : CHUNK;
        is_copied = evprof_elf_reader_get(elf, s->sh_offset + at, chunk, len) &&
                    write_all(to, chunk, len, s->sh_offset + at);
        at += len;
    }
    free(chunk);
    return is_copied;
}

/* Writes the unpacked section at `*end`, advances `*end`, and adapts the
 * section's header. */
static bool
unpack_section(evprof_elf_reader_t *elf, Elf64_Shdr *s, const Elf64_Chdr *head,
               int to, uint64_t *end)
{
    size_t packed_len = (size_t)s->sh_size - sizeof(*head);
    size_t len = (size_t)head->ch_size;
    char *packed = malloc(packed_len);
    char *bytes = malloc(len);
    bool is_done = packed != NULL && bytes != NULL &&
                   evprof_elf_reader_get(elf, s->sh_offset + sizeof(*head),
                                         packed, packed_len) &&
                   ZSTD_decompress(bytes, len, packed, packed_len) == len;
    uint64_t offset = (*end + 15) & ~UINT64_C(15);
    is_done = is_done && write_all(to, bytes, len, offset);
    if (is_done) {
        s->sh_offset = offset;
        s->sh_size = len;
        s->sh_addralign = head->ch_addralign;
        s->sh_flags &= ~(Elf64_Xword)SHF_COMPRESSED;
        *end = offset + len;
    }
    free(packed);
    free(bytes);
    return is_done;
}

/* Copies the sections that a reader of symbols and DWARF needs. */
static bool
fill_copy(evprof_elf_reader_t *elf, int to)
{
    uint64_t end = elf->size;
    bool is_done = true;
    for (size_t i = 0; i < elf->section_count && is_done; i++) {
        Elf64_Shdr *s = &elf->sections[i];
        Elf64_Chdr head;
        const char *name = evprof_elf_reader_name(elf, s);
        if (s->sh_type == SHT_NOBITS || s->sh_type == SHT_NULL) {
            continue;
        }
        if (is_packed(elf, s, &head)) {
            is_done = unpack_section(elf, s, &head, to, &end);
        } else if (strncmp(name, ".debug", 6) == 0 ||
                   s->sh_type == SHT_STRTAB || s->sh_type == SHT_NOTE) {
            is_done = copy_section(elf, s, to);
        }
    }
    return is_done && write_all(to, &elf->header, sizeof(elf->header), 0) &&
           write_all(to, elf->sections,
                     elf->section_count * sizeof(*elf->sections),
                     elf->header.e_shoff);
}

static bool
has_packed(evprof_elf_reader_t *elf)
{
    for (size_t i = 0; i < elf->section_count; i++) {
        Elf64_Chdr head;
        if (is_packed(elf, &elf->sections[i], &head)) {
            return true;
        }
    }
    return false;
}

bool
evprof_elf_unpack(const evprof_elf_file_t *file, evprof_elf_file_t *out)
{
    evprof_elf_reader_t elf;
    *out = (evprof_elf_file_t){ .fd = -1 };
    if (!evprof_elf_reader_attach(&elf, file->fd)) {
        return false;
    }
    int fd = has_packed(&elf) ? memfd_create("unpacked", MFD_CLOEXEC) : -1;
    bool is_open = fd >= 0 && fill_copy(&elf, fd);
    if (is_open) {
        is_open = evprof_elf_open_fd(fd, out);
    } else if (fd >= 0) {
        close(fd);
    }
    evprof_elf_reader_close(&elf);
    return is_open;
}

/* ---- xz ---- */

/* Unpacks the section; the result is to be freed. NULL: it cannot be
 * unpacked. */
static unsigned char *
unpack_xz(evprof_elf_reader_t *elf, const Elf64_Shdr *s, size_t *len)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    unsigned char *packed = malloc((size_t)s->sh_size);
    unsigned char *out = NULL;
    size_t cap = 0;
    lzma_ret state = LZMA_MEM_ERROR;
    if (packed != NULL &&
        evprof_elf_reader_get(elf, s->sh_offset, packed, (size_t)s->sh_size)) {
        state = lzma_stream_decoder(&stream, MAX_SYMBOLS, 0);
    }
    stream.next_in = packed;
    stream.avail_in = (size_t)s->sh_size;
    while (state == LZMA_OK && cap < MAX_SYMBOLS) {
        cap = cap == 0 ? CHUNK * 16 : cap * 2;
        unsigned char *grown = realloc(out, cap);
        if (grown == NULL) {
            break;
        }
        out = grown;
        stream.next_out = out + stream.total_out;
        stream.avail_out = cap - (size_t)stream.total_out;
        state = lzma_code(&stream, LZMA_FINISH);
    }
    *len = (size_t)stream.total_out;
    lzma_end(&stream);
    free(packed);
    if (state != LZMA_STREAM_END) {
        free(out);
        return NULL;
    }
    return out;
}

/* Names the queries without a symbol. */
static int
name_rest(evprof_elf_reader_t *elf, evprof_query_t *queries, size_t count,
          evprof_strings_t *names)
{
    evprof_query_t *rest = malloc((count + 1) * sizeof(*rest));
    size_t rest_count = 0;
    if (rest == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        if (queries[i].symbol == NULL) {
            rest[rest_count++] = queries[i];
        }
    }
    int status = evprof_elf_names(elf, rest, rest_count, names);
    for (size_t i = 0, k = 0; i < count && status == EVPROF_OK; i++) {
        if (queries[i].symbol == NULL) {
            queries[i] = rest[k++];
        }
    }
    free(rest);
    return status;
}

static bool
has_nameless(const evprof_query_t *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (queries[i].symbol == NULL) {
            return true;
        }
    }
    return false;
}

static void
unpack_table(evprof_packed_table_t *table, evprof_elf_reader_t *elf)
{
    const Elf64_Shdr *s = evprof_elf_reader_named(elf, ".gnu_debugdata");
    table->is_tried = true;
    if (s != NULL && s->sh_size > 0 && s->sh_size <= MAX_SYMBOLS) {
        table->image = unpack_xz(elf, s, &table->len);
    }
}

int
evprof_elf_packed_names(evprof_packed_table_t *table, evprof_elf_reader_t *elf,
                        evprof_query_t *queries, size_t count,
                        evprof_strings_t *names)
{
    evprof_elf_reader_t inner;
    int status = EVPROF_OK;
    if (!has_nameless(queries, count)) {
        return EVPROF_OK;
    }
    if (!table->is_tried) {
        unpack_table(table, elf);
    }
    if (table->image != NULL &&
        evprof_elf_reader_memory(&inner, table->image, table->len)) {
        status = name_rest(&inner, queries, count, names);
        evprof_elf_reader_close(&inner);
    }
    return status;
}

void
evprof_packed_table_free(evprof_packed_table_t *table)
{
    free(table->image);
    *table = (evprof_packed_table_t){ 0 };
}
