/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of any content is compiled into a table, and frames of its code are
 * stepped by the table and by call-frame data in memory that may differ from
 * the file's. The input is a whole file, or (bit 0 of its first byte) the parts
 * of one: the second byte says how many words are the search table, the rest is
 * .eh_frame and, over and over, the code. Bit 1 makes a .debug_frame of it, bit
 * 2 leaves the search table out, bit 3 changes what is in memory.
 */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/unwind/sig_step.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/tables.h"
#include "tests/fuzz/fuzz.h"

#define SIZE_MOST ((size_t)32768)

/* Where the parts of a made-up file are: code, then search table, .eh_frame. */
#define CODE_AT ((size_t)4096)
#define CODE_SIZE ((size_t)40960)
#define HDR_AT (CODE_AT + CODE_SIZE)
#define HDR_SIZE ((size_t)1024)
#define FRAME_AT (HDR_AT + HDR_SIZE)

struct image {
    unsigned char *bytes;
    size_t size;
};

static int file = -1;
static uintptr_t stack[64];

static void
put_section(struct image *image, unsigned i, size_t name, size_t at,
            size_t size)
{
    ElfW(Shdr) section = { .sh_name = (ElfW(Word))name,
                           .sh_type = SHT_PROGBITS,
                           .sh_addr = at,
                           .sh_offset = at,
                           .sh_size = size };
    memcpy(image->bytes + 1024 + i * sizeof(section), &section,
           sizeof(section));
}

static void
put_headers(struct image *image, uint8_t kind)
{
    static const char names[] = "\0.eh_frame\0.debug_frame\0.shstrtab";
    ElfW(Ehdr) head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
                        .e_phoff = 256,
                        .e_phentsize = sizeof(ElfW(Phdr)),
                        .e_phnum = (kind & 4) != 0 ? 1 : 2,
                        .e_shoff = 1024,
                        .e_shentsize = sizeof(ElfW(Shdr)),
                        .e_shnum = 3,
                        .e_shstrndx = 2 };
    ElfW(Phdr) load = { .p_type = PT_LOAD,
                        .p_flags = PF_R | PF_X,
                        .p_offset = CODE_AT,
                        .p_vaddr = CODE_AT,
                        .p_filesz = image->size - CODE_AT,
                        .p_memsz = image->size - CODE_AT };
    ElfW(Phdr) hdr = { .p_type = PT_GNU_EH_FRAME,
                       .p_offset = HDR_AT,
                       .p_vaddr = HDR_AT,
                       .p_filesz = HDR_SIZE };
    memcpy(image->bytes, &head, sizeof(head));
    memcpy(image->bytes + 256, &load, sizeof(load));
    memcpy(image->bytes + 256 + sizeof(load), &hdr, sizeof(hdr));
    memcpy(image->bytes + 512, names, sizeof(names));
    put_section(image, 1, (kind & 2) != 0 ? 11 : 1, FRAME_AT,
                image->size - FRAME_AT);
    put_section(image, 2, 24, 512, sizeof(names));
}

/* A file of the parts that the input has. */
static struct image
make_image(uint8_t kind, const uint8_t *data, size_t size)
{
    size_t words = (size_t)data[0] * 4;
    size_t hdr_size = words < size - 1 ? words : size - 1;
    const uint8_t *frames = data + 1 + hdr_size;
    size = size - 1 - hdr_size;
    struct image out = { .size = FRAME_AT + size };
    out.bytes = calloc(1, out.size);
    if (out.bytes == NULL) {
        return out;
    }
    put_headers(&out, kind);
    memcpy(out.bytes + HDR_AT, data + 1, hdr_size);
    memcpy(out.bytes + FRAME_AT, frames, size);
    for (size_t i = 0; size > 0 && i < CODE_SIZE; i++) {
        out.bytes[CODE_AT + i] = frames[i % size];
    }
    return out;
}

/* The memory that the file's segment is loaded to: a block of exactly its size,
 * so that reads outside of it are noticed. */
static struct image
load(const struct image *image)
{
    size_t size = image->size > CODE_AT ? image->size - CODE_AT : 0;
    struct image out = { .size = size > CODE_SIZE ? size : CODE_SIZE };
    void *block = NULL;
    if (posix_memalign(&block, 4096, out.size) != 0) {
        abort();
    }
    out.bytes = block;
    memset(out.bytes, 0, out.size);
    memcpy(out.bytes, image->bytes + (image->size - size), size);
    return out;
}

static evprof_table_t *
build(const struct image *image, const struct image *memory)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (ftruncate(file, 0) != 0 ||
        pwrite(file, image->bytes, image->size, 0) != (ssize_t)image->size) {
        abort();
    }
    uintptr_t start = (uintptr_t)memory->bytes;
    evprof_object_t object = { .start = start,
                               .limit = start + CODE_SIZE,
                               .offset = CODE_AT,
                               .bias = start - CODE_AT,
                               .path = path,
                               .build_id = "" };
    evprof_table_job_t job = { .object = &object, .bottom = start + 64 };
    evprof_tables_build(&job, 1);
    return job.table;
}

/* One step at `pc`, interrupted there or called from there. */
static void
step(const evprof_map_t *map, uintptr_t pc, bool is_exact)
{
    uintptr_t low = (uintptr_t)stack;
    uintptr_t high = (uintptr_t)(stack + 64);
    evprof_stepper_t stepper = {
        .map = map,
        .window = { .low = low, .high = high, .limit = high },
        .bounds = { low, high },
        .is_exact = is_exact,
        .wants_all = (pc & 1) != 0
    };
    for (unsigned i = 0; i < EVPROF_REG_COUNT; i++) {
        stepper.regs.r[i] = low + 8 * (uintptr_t)i;
    }
    stepper.regs.pc = pc;
    stepper.regs.known = EVPROF_REGS_ALL;
    evprof_step_raw(&stepper);
}

static void
walk_code(const struct image *memory, const evprof_table_t *table)
{
    uintptr_t start = (uintptr_t)memory->bytes;
    evprof_map_t *map = calloc(1, sizeof(*map) + sizeof(map->segments[0]));
    if (map == NULL) {
        abort();
    }
    map->count = 1;
    map->segments[0] = (evprof_segment_t){
        .start = start,
        .limit = start + CODE_SIZE,
        .table = table,
        .eh_frame_hdr = memory->size > HDR_AT - CODE_AT + HDR_SIZE
                            ? start + (HDR_AT - CODE_AT)
                            : 0,
        .eh_low = start,
        .eh_high = start + memory->size,
        .is_permanent = true,
    };
    for (size_t at = 0; at < CODE_SIZE; at += 509) {
        evprof_table_find(table, at);
        step(map, start + at, (at & 2) != 0);
    }
    free(map);
}

static void
try_image(const struct image *image, bool is_changed)
{
    struct image memory = load(image);
    evprof_table_t *table = build(image, &memory);
    for (size_t i = CODE_SIZE; is_changed && i < memory.size; i += 7) {
        memory.bytes[i] ^= (unsigned char)i;
    }
    if (table != NULL) {
        walk_code(&memory, table);
    }
    evprof_table_free(table);
    free(memory.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > SIZE_MOST) {
        return 0;
    }
    if (file < 0) {
        file = memfd_create("object", MFD_CLOEXEC);
    }
    struct image image = { .size = size - 1 };
    if ((data[0] & 1) != 0) {
        image = make_image(data[0], data + 1, size - 1);
    } else {
        image.bytes = malloc(image.size);
        if (image.bytes != NULL) {
            memcpy(image.bytes, data + 1, image.size);
        }
    }
    if (file < 0 || image.bytes == NULL) {
        abort();
    }
    try_image(&image, (data[0] & 8) != 0);
    free(image.bytes);
    return 0;
}
