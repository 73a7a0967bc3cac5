/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks from any registers over a stack of any content. The stack lies between
 * pages that cannot be read, so a load outside of it is a crash. A word whose
 * low byte is even is taken relative to the stack, every fourth to code, so
 * that walks get somewhere.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/unwind/sig_arch.h"
#include "core/unwind/unwind.h"
#include "tests/fuzz/fuzz.h"

#define STACK_SIZE ((size_t)16384)
#define PAGE ((size_t)4096)
#define FRAMES 64u

static unsigned char *stack;
static const evprof_unwinder_t *unwinders[2];

static int
prepare(void)
{
    unwinders[0] = evprof_unwinder_find("tables");
    unwinders[1] = evprof_unwinder_find("fp");
    unsigned char *pages = mmap(NULL, STACK_SIZE + 2 * PAGE, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED ||
        mprotect(pages + PAGE, STACK_SIZE, PROT_READ | PROT_WRITE) != 0 ||
        evprof_unwinder_prepare(unwinders[0]) != 0) {
        abort();
    }
    stack = pages + PAGE;
    return 0;
}

/* A word of the input as an address that may mean something. */
static uintptr_t
meaning(uintptr_t word)
{
    switch (word & 3) {
    case 0:
        return (uintptr_t)stack + (word >> 2) % STACK_SIZE;
    case 1:
        return (uintptr_t)qsort + (word >> 2) % 65536;
    case 2:
        return (uintptr_t)prepare + (word >> 2) % 4096;
    default:
        return word;
    }
}

static void
walk(const evprof_unwinder_t *unwinder, const evprof_regs_t *regs,
     bool has_bounds)
{
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES };
    if (has_bounds) {
        walk.bounds =
            (evprof_stack_bounds_t){ (uintptr_t)stack,
                                     (uintptr_t)(stack + STACK_SIZE) };
    }
    unwinder->walk_regs(&walk, regs, 0);
    if (walk.count == 0 || walk.count > FRAMES || pcs[0] != regs->pc) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int is_ready = -1;
    evprof_regs_t regs = { .known = EVPROF_REGS_ALL };
    uintptr_t words[EVPROF_REG_COUNT + 1];
    if (is_ready != 0) {
        is_ready = prepare();
    }
    if (size < sizeof(words)) {
        return 0;
    }
    memcpy(words, data, sizeof(words));
    for (unsigned i = 0; i < EVPROF_REG_COUNT; i++) {
        regs.r[i] = meaning(words[i]);
    }
    regs.pc = meaning(words[EVPROF_REG_COUNT]);
    /* The code that runs exists: an interrupted pc is never junk. */
    if ((words[EVPROF_REG_COUNT] & 3) == 3) {
        regs.pc = (uintptr_t)qsort;
    }
    size_t count = (size - sizeof(words)) / sizeof(uintptr_t);
    memset(stack, 0, STACK_SIZE);
    for (size_t i = 0; i < count && i < STACK_SIZE / sizeof(uintptr_t); i++) {
        uintptr_t word;
        memcpy(&word, data + sizeof(words) + i * sizeof(word), sizeof(word));
        word = meaning(word);
        memcpy(stack + i * sizeof(word), &word, sizeof(word));
    }
    for (size_t i = 0; i < 4; i++) {
        walk(unwinders[i & 1], &regs, i < 2);
    }
    return 0;
}
