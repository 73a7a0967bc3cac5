/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_ELF_OPEN_H
#define EVPROF_SYMBOL_ELF_OPEN_H

/* Opens ELF files for libelf and libdw, which map them whole. For the tool and
 * the helper program only, never in a server. */

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/base/buf.h"

/* Zero-initialised is closed. */
typedef struct evprof_elf_file {
    int fd;   /* -1: none */
    Elf *elf; /* NULL: closed */
} evprof_elf_file_t;

/*
 * Opens an ELF file for reading. Anything but a regular file, such as a pipe or
 * a device, is refused without being opened. The caller closes it. MT-Safe.
 */
bool evprof_elf_open_path(const char *path, evprof_elf_file_t *out);

/* As above for a descriptor, which is closed when this fails. */
bool evprof_elf_open_fd(int fd, evprof_elf_file_t *out);

/* Opens the separate debug file of `file`, which was found at `path`; false:
 * there is none that matches. See core/elf/find.h. */
bool evprof_elf_open_debug(const evprof_elf_file_t *file, const char *path,
                           evprof_elf_file_t *out);

/* Appends the GNU build id in hex; nothing when the file has none. */
void evprof_elf_build_id(Elf *elf, evprof_buf_t *out);

/* Whether there is a section of that name with contents. */
bool evprof_elf_has_section(Elf *elf, const char *name);

/* The size of the file's sections with debug information that are packed, when
 * they are unpacked. */
uint64_t evprof_elf_unpacked_size(Elf *elf);

/* Tells a file from another one, and from itself after it was written to. */
typedef struct evprof_file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec time; /* when it was written to last */
} evprof_file_stamp_t;

/* The stamp of an open file; all zero if it cannot be told. */
evprof_file_stamp_t evprof_file_stamp(int fd);

/* Whether two stamps are of one file, unchanged. */
bool evprof_file_stamp_equal(const evprof_file_stamp_t *a,
                             const evprof_file_stamp_t *b);

/* Closes the file; does nothing when it is closed already. */
void evprof_elf_close(evprof_elf_file_t *file);

#endif
