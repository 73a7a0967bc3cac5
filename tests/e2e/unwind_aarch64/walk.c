/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unwinder on aarch64: its interpreter on a recorded section, then whole
 * walks, with signed return addresses, with and without frame pointers, from
 * ordinary code and from signals at any instruction. Runs under an emulator
 * too.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "core/unwind/outside.h"
#include "core/unwind/row_rules.h"
#include "core/unwind/sig_arch.h"
#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_unwind.h"
#include "tests/e2e/unwind_aarch64/chain.h"

#define FRAMES 128u
#define SIGNALS 2000

/* There is no libunwind on this side. */
const evprof_unwinder_t evprof_unwinder_libunwind = { .name = "libunwind" };

static unsigned failures;

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim)) {                                                        \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #claim);                 \
            failures++;                                                        \
        }                                                                      \
    } while (0)

/*
 * One CIE and one FDE, written by hand: 0x40 bytes of code at 0x1000 from the
 * section's start, that sign x30, push a pair, save x19, realign their frame
 * with x29, and undo it.
 */
static const unsigned char recorded[] = {
    0x10, 0,    0,    0, /* CIE of 16 bytes */
    0,    0,    0,    0, /* its mark */
    1,    'z',  'R',  0, /* version, augmentation */
    4,    0x78, 30,      /* code * 4, data * -8, ra in x30 */
    1,    0x1b,          /* addresses: pc-relative, 4 bytes */
    0x0c, 31,   0,       /* CFA = sp + 0 */
    0x1c, 0,    0,    0, /* FDE of 28 bytes */
    0x18, 0,    0,    0, /* back to the CIE */
    0xe4, 0x0f, 0,    0, /* starts at 0x1000 */
    0x40, 0,    0,    0, /* 0x40 bytes */
    0,                   /* no augmentation data */
    0x41, 0x2d,          /* 0x1004: x30 is signed */
    0x41, 0x0e, 32,      /* 0x1008: CFA = sp + 32 */
    0x9d, 4,    0x9e, 3, /* x29 at CFA-32, x30 at CFA-24 */
    0x42, 0x0d, 29,      /* 0x1010: CFA = x29 + 32 */
    0x93, 2,             /* x19 at CFA-16 */
    0x00,                /* padding */
    0,    0,    0,    0, /* the end */
};

struct expected {
    uintptr_t start;
    uint8_t cfa_reg;
    int32_t cfa_value;
    int how_ra;
    int32_t ra;
    unsigned code;
};

static void
test_recorded(void)
{
    static const struct expected rows[] = {
        { 0x1000, 31, 0, EVPROF_HOW_SAME, 0, EVPROF_CODE_RAW },
        { 0x1004, 31, 0, EVPROF_HOW_SAME, 0, EVPROF_CODE_RAW },
        { 0x1008, 31, 32, EVPROF_HOW_OFFSET, -24, 2 },
        { 0x1010, 29, 32, EVPROF_HOW_OFFSET, -24, EVPROF_CODE_FP | 2 },
    };
    const unsigned ra = EVPROF_REG_RA - EVPROF_RULE_FIRST;
    evprof_cfi_t cfi = { .data = recorded, .size = sizeof(recorded) };
    evprof_fde_t fde = { 0 };
    evprof_cfi_run_t run;
    CHECK(evprof_cfi_entry(&cfi, 0, &fde) == EVPROF_CFI_CIE);
    CHECK(evprof_cfi_entry(&cfi, fde.next, &fde) == EVPROF_CFI_FDE);
    CHECK(fde.start == 0x1000 && fde.limit == 0x1040);
    CHECK(evprof_cfi_begin(&run, &cfi, &fde));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK(evprof_cfi_next(&run));
        CHECK(run.row.start == rows[i].start);
        CHECK(run.row.cfa_reg == rows[i].cfa_reg);
        CHECK(run.row.cfa_value == rows[i].cfa_value);
        CHECK(run.row.how[ra] == rows[i].how_ra);
        CHECK(run.row.value[ra] == rows[i].ra);
        CHECK(evprof_rule_of_row(&cfi, &fde, &run.row) == rows[i].code);
    }
    CHECK(!evprof_cfi_next(&run));
    CHECK(run.row.limit == 0x1040);
}

static const evprof_unwinder_t *unwinder;

/* Bytes that are copied from the stack pointer on. */
enum { COPIED = 8192 };

static void
walk_at_leaf(void)
{
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES };
    evprof_walk_here(unwinder, &walk, 0);
    CHECK(walk.flags == 0);
    CHECK(walk.count > chain_depth);
    for (size_t i = 0; i < chain_depth && i + 1 < walk.count; i++) {
        CHECK(walk.pcs[i + 1] == chain_expected[chain_depth - 1 - i]);
    }
}

/* As a sleeping thread is seen: its stack as a copy, and of its registers only
 * the stack pointer and the pc. The emulator's own stack ends somewhere behind
 * the chain, so only its frames are looked at. */
static void
walk_copy_at_leaf(void)
{
    static unsigned char copy[COPIED];
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES };
    evprof_outside_t *outside = evprof_outside_new();
    evprof_regs_t regs;
    EVPROF_ARCH_CAPTURE(&regs);
    memcpy(copy, (const void *)regs.r[EVPROF_REG_SP], sizeof(copy));
    const evprof_asleep_t asleep = { .sp = regs.r[EVPROF_REG_SP],
                                     .pc = regs.pc,
                                     .copy = copy,
                                     .copy_size = sizeof(copy) };
    CHECK(evprof_outside_walk(outside, &asleep, &walk));
    CHECK(walk.count > chain_depth);
    for (size_t i = 0; i < chain_depth && i + 2 < walk.count; i++) {
        CHECK(walk.pcs[i + 2] == chain_expected[chain_depth - 1 - i]);
    }
    evprof_outside_free(outside);
}

static atomic_ulong signals;
static atomic_ulong untrue;

/* The stack must end as the chain does, wherever it was interrupted. */
static void
on_signal(int number, siginfo_t *info, void *context)
{
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES };
    (void)number;
    (void)info;
    unwinder->walk_context(&walk, context);
    size_t depth = chain_depth;
    size_t found = 0;
    for (size_t i = 0; i < walk.count && found < depth; i++) {
        found += pcs[i] == chain_expected[depth - 1 - found];
    }
    atomic_fetch_add(&signals, 1);
    atomic_fetch_add(&untrue, found != depth || walk.flags != 0);
}

static void
spin_at_leaf(void)
{
    volatile long sum = 0;
    for (long i = 0; i < 2000; i++) {
        sum += chain_busy(i);
    }
}

static void
test_signals(void)
{
    struct sigaction action;
    struct itimerval often = { { 0, 500 }, { 0, 500 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    time_t end = time(NULL) + 60;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (atomic_load(&signals) < SIGNALS && time(NULL) < end) {
        chain_omit(5, spin_at_leaf);
        chain_keep(5, spin_at_leaf);
        chain_signed(5, spin_at_leaf);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    printf("%lu signals, %lu stacks untrue\n", atomic_load(&signals),
           atomic_load(&untrue));
    CHECK(atomic_load(&signals) >= SIGNALS);
    CHECK(atomic_load(&untrue) * 100 <= atomic_load(&signals));
}

static evprof_walk_t handler_walk;

static void
on_raise(int number)
{
    static uintptr_t pcs[FRAMES];
    (void)number;
    handler_walk = (evprof_walk_t){ .pcs = pcs, .max = FRAMES };
    evprof_walk_here(unwinder, &handler_walk, 0);
}

static void
raise_at_leaf(void)
{
    raise(SIGUSR1);
}

/* From within a handler: through the kernel's frame to the chain. */
static void
test_signal_frame(void)
{
    signal(SIGUSR1, on_raise);
    chain_signed(3, raise_at_leaf);
    size_t found = 0;
    for (size_t i = 0; i < handler_walk.count; i++) {
        found += found < 4 && handler_walk.pcs[i] == chain_expected[3 - found];
    }
    CHECK(handler_walk.flags == 0);
    CHECK(found == 4);
}

int
main(void)
{
    /* With a small environment the stack would end before what is copied. */
    unsigned char above[COPIED];
    __asm__ volatile("" : : "r"(above) : "memory");
    test_recorded();
    unwinder = evprof_unwinder_find("tables");
    CHECK(evprof_unwinder_prepare(unwinder) == 0);
    chain_omit(20, walk_at_leaf);
    chain_keep(20, walk_at_leaf);
    chain_signed(20, walk_at_leaf);
    chain_omit(20, walk_copy_at_leaf);
    chain_keep(20, walk_copy_at_leaf);
    chain_signed(20, walk_copy_at_leaf);
    unwinder = evprof_unwinder_find("fp");
    chain_keep(20, walk_at_leaf);
    unwinder = evprof_unwinder_find("tables");
    test_signal_frame();
    test_signals();
    printf("%u failures\n", failures);
    return failures == 0 ? 0 : 1;
}
