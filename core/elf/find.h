/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ELF_FIND_H
#define EVPROF_ELF_FIND_H

/*
 * Finding the files that describe a loaded object: its own, which must still be
 * the one that was loaded (same build id), and a separate one with its symbols
 * and DWARF.
 */

#include "core/elf/reader.h"
#include "core/objects/objects.h"

/* Where packages put separate debug files. */
#define EVPROF_DEBUG_ROOT "/usr/lib/debug"

/* Length of the object's path without the kernel's mark of a removed file. */
size_t evprof_object_path_len(const evprof_object_t *object);

/* Opens the file behind `object`; false when it is gone or another one, and
 * then `*why` is a part of a sentence, static. */
bool evprof_elf_find_object(const evprof_object_t *object, bool is_main,
                            evprof_elf_reader_t *out, const char **why);

/* Whether a reader that knows the object's path and build id finds its file
 * there. */
bool evprof_elf_is_in_place(const evprof_object_t *object);

/*
 * Opens the debug file of `elf`, which was loaded from `path`: by build id
 * below /usr/lib/debug/.build-id, else by its .gnu_debuglink beside the file,
 * in .debug/ there, or below /usr/lib/debug. Its path replaces `found`. False
 * when there is none that fits.
 */
bool evprof_elf_find_debug(evprof_elf_reader_t *elf, const char *path,
                           evprof_elf_reader_t *out, evprof_buf_t *found);

#endif
