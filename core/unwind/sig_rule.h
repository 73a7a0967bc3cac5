/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_RULE_H
#define EVPROF_UNWIND_SIG_RULE_H

/*
 * A rule says in 16 bits how the caller's frame is found from a call site.
 * Nearly all rules have one form: "the frame ends n words above the stack or
 * frame pointer, the caller's frame pointer was saved k words below that end".
 * These carry n and k in the code itself (self-contained); any other is an
 * index into the process's table of rules.
 *
 *   bit 15     0: self-contained, 1: bits 14-0 are an index
 *   bit 14     the frame is measured from the frame pointer
 *   bits 13-10 slot: where the frame pointer was saved, see below
 *   bits 9-0   size of the frame in units of EVPROF_RULE_UNIT
 *
 * x86-64: the return address is the frame's last word; slot k > 0 is k words
 * below the frame's end, slot 0 means "still in rbp". aarch64: x29 and x30 are
 * saved as a pair; slot k > 0 is 2 k words below the end, slot 0 means "at the
 * base".
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/unwind/sig_arch.h"

#define EVPROF_CODE_RULE 0x8000u
#define EVPROF_CODE_FP 0x4000u
#define EVPROF_CODE_SLOT_SHIFT 10u
#define EVPROF_CODE_SLOT_MOST 15u
#define EVPROF_CODE_SIZE_MOST 1023u

/* The first indexes are not rules about registers. */
enum evprof_code {
    EVPROF_CODE_NONE = EVPROF_CODE_RULE, /* code without call-frame data */
    EVPROF_CODE_END,                     /* stacks begin here */
    EVPROF_CODE_SIGNAL,                  /* the kernel's frame of a signal */
    EVPROF_CODE_RAW,                     /* ask the call-frame data */
    EVPROF_CODE_FIRST,                   /* the first rule that is learned */
};

/* 19 large libraries together had 1159 rules, most of them self-contained. */
#define EVPROF_RULES_MOST 4096u

enum evprof_rule_fp {
    EVPROF_RULE_FP_SAME,
    EVPROF_RULE_FP_AT_CFA, /* saved at CFA + fp_offset */
    EVPROF_RULE_FP_AT_FP,  /* saved at frame pointer + fp_offset */
};

typedef struct evprof_rule {
    uint8_t base;   /* register: EVPROF_REG_SP or EVPROF_REG_FP */
    bool is_loaded; /* CFA = *(base + offset) + add, else base + offset */
    uint8_t fp;     /* enum evprof_rule_fp */
    int32_t offset;
    int32_t add;
    int32_t fp_offset;
    int32_t ra_offset; /* the return address is at CFA + this */
} evprof_rule_t;

/* Written before any table that names the entry is published. */
extern evprof_rule_t evprof_rules[EVPROF_RULES_MOST];

#if defined(__x86_64__)
/* The slot that expresses the rule, or one too large for the code. */
static inline unsigned
evprof_rule_slot(const evprof_rule_t *rule)
{
    if (rule->ra_offset != -8) {
        return UINT32_MAX;
    }
    if (rule->fp == EVPROF_RULE_FP_SAME) {
        return 0;
    }
    if (rule->fp != EVPROF_RULE_FP_AT_CFA || rule->fp_offset >= -8 ||
        rule->fp_offset % 8 != 0) {
        return UINT32_MAX;
    }
    return (unsigned)(rule->fp_offset / -8);
}

/* The address of the lowest word that a step by a self-contained rule loads:
 * the saved frame pointer, or the return address where none was saved. */
static inline uintptr_t
evprof_rule_lowest(uintptr_t base, uintptr_t cfa, unsigned slot)
{
    (void)base;
    return cfa - (slot == 0 ? 1 : slot) * (uintptr_t)8;
}

/* The address of the return address. */
static inline uintptr_t
evprof_rule_ra(uintptr_t cfa, uintptr_t lowest)
{
    (void)lowest;
    return cfa - 8;
}

/* Whether the frame pointer is still the caller's. */
static inline bool
evprof_rule_keeps_fp(unsigned slot)
{
    return slot == 0;
}
#else
static inline unsigned
evprof_rule_slot(const evprof_rule_t *rule)
{
    if (rule->fp != EVPROF_RULE_FP_AT_CFA ||
        rule->ra_offset != rule->fp_offset + 8) {
        return UINT32_MAX;
    }
    if (rule->fp_offset == -rule->offset) {
        return 0;
    }
    return rule->fp_offset < 0 && rule->fp_offset % 16 == 0
               ? (unsigned)(rule->fp_offset / -16)
               : UINT32_MAX;
}

static inline uintptr_t
evprof_rule_lowest(uintptr_t base, uintptr_t cfa, unsigned slot)
{
    return slot == 0 ? base : cfa - slot * (uintptr_t)16;
}

static inline uintptr_t
evprof_rule_ra(uintptr_t cfa, uintptr_t lowest)
{
    (void)cfa;
    return lowest + 8;
}

static inline bool
evprof_rule_keeps_fp(unsigned slot)
{
    (void)slot;
    return false;
}
#endif

/* The rule as a self-contained code, or EVPROF_CODE_RAW. */
static inline unsigned
evprof_rule_pack(const evprof_rule_t *rule)
{
    int32_t unit = (int32_t)EVPROF_RULE_UNIT;
    unsigned slot = evprof_rule_slot(rule);
    if (rule->is_loaded || rule->offset <= 0 || rule->offset % unit != 0 ||
        (unsigned)(rule->offset / unit) > EVPROF_CODE_SIZE_MOST ||
        slot > EVPROF_CODE_SLOT_MOST) {
        return EVPROF_CODE_RAW;
    }
    return (rule->base == EVPROF_REG_FP ? EVPROF_CODE_FP : 0) |
           slot << EVPROF_CODE_SLOT_SHIFT | (unsigned)(rule->offset / unit);
}

/* The registers that a step by tables needs. */
typedef struct evprof_frame {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t fp;
} evprof_frame_t;

#endif
