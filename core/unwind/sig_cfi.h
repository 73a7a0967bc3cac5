/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_CFI_H
#define EVPROF_UNWIND_SIG_CFI_H

/*
 * The interpreter of DWARF call-frame instructions, shared by the builder of
 * tables and by handlers. It reads only bytes within given bounds, allocates
 * nothing, and ends after a bounded number of steps whatever the bytes are. All
 * of it is signal-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/unwind/sig_arch.h"
#include "core/unwind/sig_window.h"

/* Call-frame data: bytes in memory, or a copy of a section of a file. Offsets
 * below count from data[0]. */
typedef struct evprof_cfi {
    const unsigned char *data;
    size_t size;
    uintptr_t address;   /* that data[0] has, for pc-relative pointers */
    bool is_debug_frame; /* .debug_frame rather than .eh_frame */
} evprof_cfi_t;

/* The contents of an FDE and its CIE. */
typedef struct evprof_fde {
    uintptr_t start; /* of the code that the FDE describes */
    uintptr_t limit;
    size_t cie; /* offset of the CIE; tells whether it was parsed already */
    size_t cie_code;
    size_t cie_code_end;
    size_t code;
    size_t code_end;
    size_t next; /* offset of the entry behind this one */
    uint64_t code_align;
    int64_t data_align;
    uint64_t ra_reg;
    uint8_t encoding; /* DW_EH_PE of code addresses */
    bool has_cie;     /* the fields that come from the CIE are set */
    bool has_sizes;   /* augmentation data follow */
    /* A signal frame: the caller was interrupted, it did not call. */
    bool is_signal;
    bool is_usual; /* the CIE is one of those that sig_arch.h knows */
} evprof_fde_t;

enum evprof_how {
    EVPROF_HOW_SAME, /* unchanged, or the row does not say */
    EVPROF_HOW_UNDEFINED,
    EVPROF_HOW_OFFSET,     /* at CFA + value */
    EVPROF_HOW_VAL_OFFSET, /* is CFA + value */
    EVPROF_HOW_REGISTER,   /* in register `value` */
    EVPROF_HOW_EXPR,       /* at the address that the expression gives */
    EVPROF_HOW_VAL_EXPR,   /* is what the expression gives */
};

/* One row of the table that the instructions describe. */
typedef struct evprof_cfi_row {
    uintptr_t start;
    uintptr_t limit;
    /* What is added to cfa_reg; the offset of an expression in the data. */
    int32_t cfa_value;
    uint8_t cfa_reg;
    bool cfa_is_expr;
    uint8_t how[EVPROF_RULE_COUNT];
    int32_t value[EVPROF_RULE_COUNT];
} evprof_cfi_row_t;

/* How deep DW_CFA_remember_state may nest. gcc and clang nest two or three
 * states; hand-written code was seen to reach 8. */
#define EVPROF_CFI_STATES 8u

typedef struct evprof_cfi_run {
    const evprof_cfi_t *cfi;
    const evprof_fde_t *fde;
    size_t at;
    size_t end;
    unsigned depth;
    bool is_last;
    evprof_cfi_row_t row;
    const evprof_cfi_row_t *initial; /* what the CIE gave */
    evprof_cfi_row_t own_initial;
    evprof_cfi_row_t states[EVPROF_CFI_STATES];
} evprof_cfi_run_t;

/* What evprof_cfi_entry() found at an offset. */
enum evprof_cfi_entry {
    EVPROF_CFI_BAD,
    EVPROF_CFI_END, /* the terminator, or the end of the data */
    EVPROF_CFI_CIE, /* only `next` is set */
    EVPROF_CFI_FDE,
};

/*
 * Reads the entry at `offset`. `out` must be zeroed before the first call; when
 * it holds an FDE read from the same data, a CIE that both share is not parsed
 * again.
 */
enum evprof_cfi_entry evprof_cfi_entry(const evprof_cfi_t *cfi, size_t offset,
                                       evprof_fde_t *out);

/* Rows of a linker's search table. A row is two 32-bit values relative to
 * `hdr`: where the code starts and where its FDE is. */
typedef struct evprof_cfi_search {
    size_t hdr;
    size_t first; /* offset of the first row */
    size_t count; /* all of them lie within the data */
} evprof_cfi_search_t;

/* Finds the search table in the .eh_frame_hdr at offset `hdr`; false: it has
 * none, or one of another encoding. */
bool evprof_cfi_search_open(const evprof_cfi_t *cfi, size_t hdr,
                            evprof_cfi_search_t *out);

/* Finds the FDE with the highest start that is not above `pc`; false: these
 * rows have none. */
bool evprof_cfi_search(const evprof_cfi_t *cfi,
                       const evprof_cfi_search_t *search, uintptr_t pc,
                       size_t *offset);

/* Prepares the rows of an FDE; false when its CIE cannot be run. */
bool evprof_cfi_begin(evprof_cfi_run_t *run, const evprof_cfi_t *cfi,
                      const evprof_fde_t *fde);

/* Makes run->row the next row, never an empty one; false when there is none,
 * or when the instructions cannot be followed. */
bool evprof_cfi_next(evprof_cfi_run_t *run);

/* Makes run->row the one that holds `pc`. */
bool evprof_cfi_row_at(evprof_cfi_run_t *run, const evprof_cfi_t *cfi,
                       const evprof_fde_t *fde, uintptr_t pc);

/* The index of a register's rule in a row's `how` and `value`; negative: the
 * register is not followed. */
static inline int
evprof_cfi_index(uint64_t reg)
{
    uint64_t index = reg - EVPROF_RULE_FIRST;
    return index < EVPROF_RULE_COUNT ? (int)index : -1;
}

/*
 * An expression (a length and its bytes) at `offset`, evaluated with `first` on
 * the stack when `has_first`. Loads go through `window`. When the evaluation
 * fails, `needs_all` says whether it needed a register whose value is unknown.
 */
typedef struct evprof_cfi_expr {
    const evprof_cfi_t *cfi;
    size_t offset;
    const evprof_regs_t *regs;
    evprof_window_t *window;
    bool has_first;
    bool needs_all; /* out */
    uintptr_t first;
} evprof_cfi_expr_t;

/* Evaluates the expression; false: it is malformed, or reads a register or
 * memory that is not known. */
bool evprof_cfi_evaluate(evprof_cfi_expr_t *expr, uintptr_t *out);

#endif
