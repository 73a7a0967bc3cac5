/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_ELF_OPEN_H
#define EVPROF_SYMBOL_ELF_OPEN_H

/*
 * Finding the files that describe a loaded object: its own, which must still be
 * the one that was loaded (same build id), and a separate one with its symbols
 * and DWARF.
 */

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/objects/objects.h"

/* Where packages put separate debug files. */
#define EVPROF_DEBUG_ROOT "/usr/lib/debug"

/* Zero-initialised is closed. */
typedef struct evprof_elf_file {
    int fd;   /* -1: none */
    Elf *elf; /* NULL: closed */
} evprof_elf_file_t;

/*
 * Opens a regular ELF file for reading; anything else, a pipe or a device of
 * that name too, is left alone. The caller closes it. MT-Safe.
 */
bool evprof_elf_open_path(const char *path, evprof_elf_file_t *out);

/* Appends the GNU build id in hex, nothing when the file has none. */
void evprof_elf_build_id(Elf *elf, evprof_buf_t *out);

/* Length of the object's path without the kernel's mark of a removed file. */
size_t evprof_object_path_len(const evprof_object_t *object);

/* Opens the file behind `object`; false when it is gone or another one. */
bool evprof_elf_open_object(const evprof_object_t *object, bool is_main,
                            evprof_elf_file_t *out);

/*
 * Opens the debug file of `file`, which was loaded from `path`: by build id
 * below /usr/lib/debug/.build-id, else by its .gnu_debuglink beside the file,
 * in .debug/ there, or below /usr/lib/debug. False when there is none that
 * fits.
 */
bool evprof_elf_open_debug(const evprof_elf_file_t *file, const char *path,
                           evprof_elf_file_t *out);

/* Whether it has a section of that name with contents. */
bool evprof_elf_has_section(Elf *elf, const char *name);

/* Closes the file and frees what was read of it. */
void evprof_elf_close(evprof_elf_file_t *file);

#endif
