/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ELF_READER_H
#define EVPROF_ELF_READER_H

/*
 * An ELF file of 64 bits and this machine's byte order, read piece by piece. It
 * may be cut, replaced or removed meanwhile: reading then fails, and nothing
 * else happens. One thread at a time.
 */

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

/* More sections than this are no file of ours. */
#define EVPROF_ELF_MAX_SECTIONS 65536

/* So much of a string table is held at a time. */
#define EVPROF_ELF_WINDOW 4096

typedef struct evprof_elf_reader {
    int fd; /* -1: memory, or closed */
    bool owns_fd;
    const unsigned char *memory; /* NULL: a file */
    uint64_t size;
    Elf64_Ehdr header;
    Elf64_Shdr *sections;
    size_t section_count;
    char *section_names;
    size_t section_names_len;
    uint64_t window_offset;
    size_t window_len;
    char window[EVPROF_ELF_WINDOW];
} evprof_elf_reader_t;

/* Opens a regular file; anything else, a pipe or a device of that name too, is
 * left alone. To be closed if true. MT-Safe for different readers, as is all
 * below. */
bool evprof_elf_reader_open(evprof_elf_reader_t *elf, const char *path);

/* Reads from a descriptor that stays the caller's. */
bool evprof_elf_reader_attach(evprof_elf_reader_t *elf, int fd);

/* Reads an image in memory, which must stay. */
bool evprof_elf_reader_memory(evprof_elf_reader_t *elf, const void *image,
                              size_t len);

/* Closing twice does no harm, nor does closing what is zero-initialised with
 * `fd` -1. */
void evprof_elf_reader_close(evprof_elf_reader_t *elf);

/* Fills `out` with `len` bytes from `offset`, or fails. */
bool evprof_elf_reader_get(evprof_elf_reader_t *elf, uint64_t offset, void *out,
                           size_t len);

/* Replaces `out` by the text at `index` of a string table; false: there is
 * none, or it has no end within 64 KiB. */
bool evprof_elf_reader_text(evprof_elf_reader_t *elf, const Elf64_Shdr *strings,
                            uint64_t index, evprof_buf_t *out);

/* The first section of that name with contents; or NULL. */
const Elf64_Shdr *evprof_elf_reader_named(const evprof_elf_reader_t *elf,
                                          const char *name);

/* The first section of that type with contents; or NULL. */
const Elf64_Shdr *evprof_elf_reader_typed(const evprof_elf_reader_t *elf,
                                          uint32_t type);

/* The section's name, "" when it has none. */
const char *evprof_elf_reader_name(const evprof_elf_reader_t *elf,
                                   const Elf64_Shdr *section);

/* The string table that a section of symbols links to, or NULL. */
const Elf64_Shdr *evprof_elf_reader_linked(const evprof_elf_reader_t *elf,
                                           const Elf64_Shdr *section);

/* Appends the GNU build id in hex, nothing when there is none. */
void evprof_elf_reader_build_id(evprof_elf_reader_t *elf, evprof_buf_t *out);

#endif
