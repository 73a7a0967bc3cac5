/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_FRAMES_H
#define EVPROF_UNWIND_FRAMES_H

/* The call-frame data of an object's file, read off the signal path. */

#include "core/objects/objects.h"
#include "core/unwind/sig_cfi.h"

typedef struct evprof_frames {
    int fd;           /* of the file, for its code */
    evprof_cfi_t cfi; /* an owned copy, in the file's addresses */
    uint32_t *fdes;   /* owned pairs: code - base, offset in cfi; sorted */
    size_t fde_count;
    size_t fde_room; /* numbers that `fdes` has room for */
    uintptr_t base;  /* file address of the executable segment */
    uintptr_t low;   /* file addresses of the whole object */
    uintptr_t high;
    bool is_searchable; /* the linker's search table is in memory */
    /* Of the linker's table: the offset from its header to the first row in
     * `fdes`, 0 when `fdes` are not a run of successive rows; and the number of
     * rows before that run. */
    uint32_t search_first;
    uint32_t fde_skipped;
} evprof_frames_t;

/*
 * Opens the file of `object` and reads what describes its executable segment:
 * .eh_frame by the linker's search table, or all of it where there is none, or
 * .debug_frame where only that exists. Not for handlers.
 * EVPROF_ENOENT: no such data; EVPROF_EIO: the file cannot be read or is not
 * the one that is loaded; EVPROF_EPARSE: malformed; EVPROF_ENOMEM.
 */
int evprof_frames_open(const evprof_object_t *object, bool is_main,
                       evprof_frames_t *out);

/* Frees everything but what was taken out (and replaced by NULL). */
void evprof_frames_close(evprof_frames_t *frames);

#endif
