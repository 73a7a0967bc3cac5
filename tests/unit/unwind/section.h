/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_UNWIND_SECTION_H
#define TESTS_UNIT_UNWIND_SECTION_H

/*
 * Sections of call-frame data that tests build by hand: one CIE, and FDEs of
 * it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/unwind/sig_cfi.h"

typedef struct section {
    unsigned char data[512];
    size_t size;
    size_t fde; /* offset of the last FDE */
    bool is_debug;
    bool is_wide; /* 64-bit DWARF */
} section_t;

/* Two arguments: bytes, and how many there are. */
#define BYTES(...)                                                             \
    (const unsigned char[]){ __VA_ARGS__ },                                    \
        sizeof((const unsigned char[]){ __VA_ARGS__ })

/* Appends bytes. */
void section_put(section_t *s, const void *bytes, size_t size);

/* Appends a CIE, which must be the first entry, of these bytes behind its
 * id. */
void section_put_cie(section_t *s, const unsigned char *bytes, size_t size);

/* Appends an FDE of these bytes behind the pointer to its CIE. */
void section_put_fde(section_t *s, const unsigned char *bytes, size_t size);

/* The section, at address 0x10000. */
evprof_cfi_t section_cfi(const section_t *s);

#endif
