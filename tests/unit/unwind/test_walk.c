/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole walks by tables over a stack that is built by hand. Its frames are of
 * functions whose call-frame data say what no compiler would, so that each kind
 * of rule is met.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/unwind/sig_map.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/unwind.h"

/* A leaf without a frame, and callers of it. Each name is the place behind its
 * call. */
extern const char test_leaf[];
extern const char test_plain[];
extern const char test_framed[];
extern const char test_loaded[];
extern const char test_realigned[];
extern const char test_high[];
extern const char test_other[];
extern const char test_end[];

#define CALLER(name, data)                                                     \
    __asm__(".text\n"                                                          \
            ".type " name "_begin, @function\n" name "_begin:\n"               \
            "    .cfi_startproc\n" data "    call test_leaf\n"                 \
            ".globl " name "\n.hidden " name "\n" name ":\n"                   \
            "    nop\n"                                                        \
            "    .cfi_endproc\n"                                               \
            ".size " name "_begin, . - " name "_begin\n")

__asm__(".text\n"
        ".globl test_leaf\n"
        ".hidden test_leaf\n"
        ".type test_leaf, @function\n"
        "test_leaf:\n"
        "    .cfi_startproc\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size test_leaf, . - test_leaf\n");
/* CFA = rsp + 16 */
CALLER("test_plain", "    .cfi_def_cfa 7, 16\n");
/* CFA = rbp + 16, rbp two words below it */
CALLER("test_framed", "    .cfi_def_cfa 6, 16\n    .cfi_offset 6, -16\n");
/* CFA = *(rsp + 8) + 8 */
CALLER("test_loaded", "    .cfi_escape 0x0f, 0x05, 0x77, 8, 0x06, 0x23, 8\n");
/* CFA = *(rbp - 8), rbp at *rbp */
CALLER("test_realigned", "    .cfi_escape 0x0f, 0x03, 0x76, 0x78, 0x06\n"
                         "    .cfi_escape 0x10, 6, 2, 0x76, 0\n");
/* CFA = rsp + 32, the return address two words below it, rbp three */
CALLER("test_high", "    .cfi_def_cfa 7, 32\n    .cfi_offset 16, -16\n"
                    "    .cfi_offset 6, -24\n");
/* CFA = r12 + 8 */
CALLER("test_other", "    .cfi_def_cfa 12, 8\n");
CALLER("test_end", "    .cfi_undefined 16\n");

enum { WORDS = 16, R12 = 12 };

/* A word of the stack: an address of code, or that of another word. */
typedef struct word {
    const char *code;
    int place; /* where `code` is NULL; 0: nothing is there */
} word_t;

typedef struct walk_case {
    int fp; /* places of what the registers point to */
    int r12;
    word_t words[WORDS]; /* from the stack pointer on */
    const char *pcs[5];  /* the callers that are found */
    bool is_broken;
} walk_case_t;

#define CODE(name)                                                             \
    {                                                                          \
        (name), 0                                                              \
    }
#define TO(n)                                                                  \
    {                                                                          \
        NULL, (n)                                                              \
    }

static const evprof_unwinder_t *tables;
static uintptr_t stack[WORDS];

static void
check(const walk_case_t *c, size_t i)
{
    uintptr_t pcs[16] = { 0 };
    evprof_walk_t walk = {
        .pcs = pcs,
        .max = 16,
        .bounds = { (uintptr_t)stack, (uintptr_t)(stack + WORDS) },
    };
    evprof_regs_t regs = { .pc = (uintptr_t)test_leaf,
                           .known = EVPROF_REGS_ALL };
    regs.r[EVPROF_REG_SP] = (uintptr_t)stack;
    regs.r[EVPROF_REG_FP] = (uintptr_t)(stack + c->fp);
    regs.r[R12] = (uintptr_t)(stack + c->r12);
    for (size_t w = 0; w < WORDS; w++) {
        const word_t *word = &c->words[w];
        stack[w] = word->code != NULL ? (uintptr_t)word->code
                   : word->place != 0 ? (uintptr_t)(stack + word->place)
                                      : 0;
    }
    /* Twice, since what the first walk has found is remembered. */
    for (int round = 0; round < 2; round++) {
        tables->walk_regs(&walk, &regs, 0);
        size_t count = 0;
        assert_int_equal(pcs[0], (uintptr_t)test_leaf);
        while (count < 5 && c->pcs[count] != NULL) {
            if (pcs[count + 1] != (uintptr_t)c->pcs[count]) {
                fail_msg("row %zu: caller %zu", i, count);
            }
            count++;
        }
        if (walk.count != 1 + count + c->is_broken ||
            walk.flags != (c->is_broken ? EVPROF_WALK_BROKEN : 0)) {
            fail_msg("row %zu: %zu frames, flags %u", i, walk.count,
                     walk.flags);
        }
    }
}

static void
test_each_rule(void **state)
{
    const walk_case_t cases[] = {
        { .words = { CODE(test_plain), TO(1), CODE(test_plain), TO(1) },
          .pcs = { test_plain, test_plain } },
        { .words = { CODE(test_plain), TO(1), CODE(test_end), TO(1),
                     CODE(test_plain) },
          .pcs = { test_plain, test_end } },
        /* The frame pointer of a caller is the one that was saved. */
        { .fp = 3,
          .words = { CODE(test_framed), TO(1), TO(1), TO(7), CODE(test_framed),
                     TO(1), TO(1), TO(1), CODE(test_end) },
          .pcs = { test_framed, test_framed, test_end } },
        { .words = { CODE(test_loaded), TO(1), TO(5), TO(1), TO(1),
                     CODE(test_end) },
          .pcs = { test_loaded, test_end } },
        { .fp = 4,
          .words = { CODE(test_realigned), TO(1), TO(1), TO(6), TO(9),
                     CODE(test_end), TO(1), TO(1), TO(1), TO(1),
                     CODE(test_end) },
          .pcs = { test_realigned, test_end } },
        { .fp = 4, /* and its own frame pointer is used by the next */
          .words = { CODE(test_realigned), TO(1), TO(1), TO(6), TO(9),
                     CODE(test_framed), TO(1), TO(1), TO(1), TO(1),
                     CODE(test_end) },
          .pcs = { test_realigned, test_framed, test_end } },
        { .words = { CODE(test_high), TO(1), TO(6), CODE(test_framed), TO(1),
                     TO(1), TO(1), CODE(test_end) },
          .pcs = { test_high, test_framed, test_end } },
        /* Other registers are followed from the beginning, once needed. */
        { .r12 = 5,
          .words = { CODE(test_plain), TO(1), CODE(test_other), TO(1), TO(1),
                     CODE(test_end) },
          .pcs = { test_plain, test_other, test_end } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&cases[i], i);
    }
}

/* Frames that do not end above where they begin, and words beyond the stack. */
static void
test_broken_stacks(void **state)
{
    const walk_case_t cases[] = {
        { .words = { CODE(test_loaded), TO(1), TO(0) },
          .pcs = { test_loaded },
          .is_broken = true },
        { .words = { CODE(test_loaded), TO(1), TO(15) },
          .pcs = { test_loaded },
          .is_broken = false }, /* the last word is 0: the stack begins there */
        { .words = { CODE(test_loaded), TO(1), TO(16) },
          .pcs = { test_loaded },
          .is_broken = true },
        { .fp = 4,
          .words = { CODE(test_realigned), TO(1), TO(1), TO(1) },
          .pcs = { test_realigned },
          .is_broken = true },
        { .fp = 16,
          .words = { CODE(test_realigned), [15] = TO(8) },
          .pcs = { test_realigned },
          .is_broken = true },
        { .fp = -8,
          .words = { CODE(test_framed), TO(1) },
          .pcs = { test_framed },
          .is_broken = true },
        { .r12 = -8,
          .words = { CODE(test_other), TO(1) },
          .pcs = { test_other },
          .is_broken = true },
        { .words = { CODE(test_plain), TO(1), CODE((const char *)0x1000) },
          .pcs = { test_plain },
          .is_broken = true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&cases[i], i);
    }
}

/* The callers are as many as there is room for, or as are left after those that
 * are skipped. */
static void
test_room_and_skip(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORDS; i++) {
        stack[i] = i % 2 == 0 && i < 10 ? (uintptr_t)test_plain : 0;
    }
    for (size_t skip = 0; skip < 8; skip++) {
        for (size_t max = 2; max < 10; max++) {
            uintptr_t pcs[16] = { 0 };
            evprof_walk_t walk = {
                .pcs = pcs,
                .max = max,
                .bounds = { (uintptr_t)stack, (uintptr_t)(stack + WORDS) },
            };
            evprof_regs_t regs = { .pc = (uintptr_t)test_leaf,
                                   .known = EVPROF_REGS_ALL };
            regs.r[EVPROF_REG_SP] = (uintptr_t)stack;
            tables->walk_regs(&walk, &regs, skip);
            const size_t there = skip < 6 ? 6 - skip : 0;
            const bool is_cut = there > max;
            assert_int_equal(walk.count, is_cut ? max : there);
            assert_int_equal(walk.flags, is_cut ? EVPROF_WALK_TRUNCATED : 0);
            for (size_t k = 0; k + is_cut < walk.count; k++) {
                assert_int_equal(
                    pcs[k],
                    (uintptr_t)(skip + k == 0 ? test_leaf : test_plain));
            }
        }
    }
}

static int
setup(void **state)
{
    (void)state;
    tables = evprof_unwinder_find("tables");
    return evprof_unwinder_prepare(tables);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_broken_stacks),
        cmocka_unit_test(test_room_and_skip),
    };
    return cmocka_run_group_tests_name("unwind walk", tests, setup, NULL);
}
