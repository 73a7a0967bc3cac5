/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table that every linker writes: two offsets of 32 bits an entry, from the
 * table's own address, sorted by the first. The entry's record then tells the
 * length; a record that does not begin with the same address is not believed.
 */
#include "core/elf/fdes.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

/* Encodings: four bytes; four bytes relative to the table. */
#define UDATA4 0x03
#define DATAREL_SDATA4 0x3b

#define MAX_FDES ((uint32_t)1 << 22)

struct evprof_elf_fde {
    int32_t start; /* from the table's address, as is the next */
    int32_t record;
};

/* The head of the table, and the pointer that follows it. */
typedef struct head {
    unsigned char version;
    unsigned char pointer_encoding;
    unsigned char count_encoding;
    unsigned char table_encoding;
    int32_t pointer;
    uint32_t count;
} head_t;

int
evprof_elf_fdes_read(evprof_elf_reader_t *elf, evprof_elf_fdes_t *out)
{
    head_t head;
    const Elf64_Shdr *s = evprof_elf_reader_named(elf, ".eh_frame_hdr");
    *out = (evprof_elf_fdes_t){ .items = NULL };
    if (s == NULL || s->sh_size < sizeof(head) ||
        !evprof_elf_reader_get(elf, s->sh_offset, &head, sizeof(head)) ||
        head.version != 1 || (head.pointer_encoding & 0x0f) != 0x0b ||
        head.count_encoding != UDATA4 ||
        head.table_encoding != DATAREL_SDATA4 || head.count == 0 ||
        head.count > MAX_FDES ||
        head.count > (s->sh_size - sizeof(head)) / sizeof(evprof_elf_fde_t)) {
        return EVPROF_OK;
    }
    out->items = malloc(head.count * sizeof(*out->items));
    if (out->items == NULL) {
        return EVPROF_ENOMEM;
    }
    if (!evprof_elf_reader_get(elf, s->sh_offset + sizeof(head), out->items,
                               head.count * sizeof(*out->items))) {
        evprof_elf_fdes_free(out);
        return EVPROF_OK;
    }
    out->count = head.count;
    out->base = s->sh_addr;
    return EVPROF_OK;
}

void
evprof_elf_fdes_free(evprof_elf_fdes_t *fdes)
{
    free(fdes->items);
    fdes->items = NULL;
    fdes->count = 0;
}

/* The length of the function whose record it is, 0: the record does not fit. */
static uint64_t
length_of(const evprof_elf_fdes_t *fdes, evprof_elf_reader_t *elf,
          const evprof_elf_fde_t *fde)
{
    /* Length, offset of the common record, start (relative), length. */
    int32_t words[4];
    const Elf64_Shdr *s = evprof_elf_reader_named(elf, ".eh_frame");
    uint64_t at = fdes->base + (uint64_t)(int64_t)fde->record;
    if (s == NULL || at < s->sh_addr || at - s->sh_addr >= s->sh_size ||
        !evprof_elf_reader_get(elf, s->sh_offset + (at - s->sh_addr), words,
                               sizeof(words))) {
        return 0;
    }
    uint64_t start = at + 8 + (uint64_t)(int64_t)words[2];
    bool is_same = start == fdes->base + (uint64_t)(int64_t)fde->start;
    return is_same ? (uint32_t)words[3] : 0;
}

uint64_t
evprof_elf_fdes_find(const evprof_elf_fdes_t *fdes, evprof_elf_reader_t *elf,
                     uint64_t vaddr)
{
    size_t low = 0;
    size_t high = fdes->count;
    int64_t wanted = (int64_t)(vaddr - fdes->base);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fdes->items[middle].start <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return 0;
    }
    const evprof_elf_fde_t *fde = &fdes->items[low - 1];
    uint64_t start = fdes->base + (uint64_t)(int64_t)fde->start;
    return vaddr - start < length_of(fdes, elf, fde) ? start : 0;
}
