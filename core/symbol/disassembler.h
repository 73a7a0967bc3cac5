/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_DISASSEMBLER_H
#define EVPROF_SYMBOL_DISASSEMBLER_H

/*
 * The contract of a disassembler, which is a shared object and is loaded when a
 * report first needs machine code.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/export.h>
#include <evprof/status.h>

#include "core/base/buf.h"

typedef struct evprof_disassembler_how {
    int machine; /* EM_X86_64 or another of elf.h */
    bool is_intel;
    /* The name for an address, such as "0x1040 <name+0x8>", valid until the
     * next call; NULL: unknown. */
    const char *(*name_of)(void *ctx, uint64_t vaddr);
    void *ctx;
} evprof_disassembler_how_t;

typedef struct evprof_disassembler {
    const char *name; /* for people: "LLVM 14.0.6" */
    /* NULL: it does not know the machine; the reason is in `err`. `how` must
     * outlive the result. */
    void *(*open)(const evprof_disassembler_how_t *how, evprof_error_t *err);
    /* Appends the text of the instruction at `code` and returns its length; 0:
     * the bytes are no instruction. One thread at a time. */
    size_t (*decode)(void *opened, const unsigned char *code, size_t len,
                     uint64_t vaddr, evprof_buf_t *out);
    void (*close)(void *opened);
} evprof_disassembler_t;

typedef const evprof_disassembler_t *(*evprof_disassembler_fn)(void);

/* The function that the shared object exports: the best disassembler that works
 * on this machine. MT-Safe. */
EVPROF_API const evprof_disassembler_t *evprof_disassembler(void);

#endif
