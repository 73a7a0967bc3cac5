/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code without call-frame data. Nothing is guessed: a caller is accepted only
 * where instructions prove it. In a stub of the procedure linkage table, the
 * stub's bytes show what it has pushed. In an object, a return address is
 * believed when it follows a direct call into the same undescribed piece of
 * code. Code outside of every object (made by a compiler at run time) is
 * followed by its frame pointer if that leads to the end of a call. In all
 * other cases the stack ends.
 */
#include "core/unwind/sig_step.h"
#include "core/unwind/sig_walk.h"

/* The longest hand-written function that is believed. */
#define BARE_MOST ((uintptr_t)16384)

/* How many bytes before pc are searched for the prologue. */
#define FRAME_MOST 96u

typedef struct bare {
    evprof_stepper_t *stepper;
    const evprof_segment_t *segment; /* NULL: outside of every object */
    uintptr_t pc;
} bare_t;

/* Copies code at `pc`; bytes outside of the segment are 0. */
EVPROF_UNCHECKED static bool
read_code(const bare_t *bare, uintptr_t pc, unsigned char *out, size_t size)
{
    const evprof_segment_t *segment = bare->segment;
    for (size_t i = 0; i < size; i++) {
        bool is_inside = segment != NULL && pc + i >= segment->start &&
                         pc + i < segment->limit;
        out[i] = 0;
        if (is_inside) {
            out[i] = *(const volatile unsigned char *)(pc + i); // NOLINT
        }
    }
    return segment != NULL;
}

/* Makes the caller at `ra`, with stack pointer `sp`, the current frame. */
static enum evprof_step
go(bare_t *bare, uintptr_t ra, uintptr_t sp)
{
    bare->stepper->regs.pc = ra;
    bare->stepper->regs.r[EVPROF_REG_SP] = sp;
    bare->stepper->is_exact = false;
    return EVPROF_STEP_OK;
}

/* Whether `ra` follows a direct call into the undescribed code that pc is
 * in. */
static bool
is_called_here(const bare_t *bare, uintptr_t ra)
{
    uintptr_t target = 0;
    return bare->segment != NULL &&
           evprof_is_call_site(bare->stepper->map, ra, &target) &&
           target >= bare->segment->start && target <= bare->pc &&
           bare->pc - target < BARE_MOST &&
           !evprof_step_is_described(bare->segment, target);
}

/* Whether `ra` follows a call in code outside of every object. */
static bool
is_generated_call(uintptr_t ra)
{
    _Static_assert(EVPROF_CALL_MAX <= sizeof(ra), "one word has the call");
    if (ra < BARE_MOST || !evprof_arch_probe(ra - sizeof(ra))) {
        return false;
    }
    uintptr_t text = evprof_peek(ra - sizeof(ra));
    unsigned char bytes[sizeof(text)];
    for (size_t i = 0; i < sizeof(text); i++) {
        bytes[i] = (unsigned char)(text >> 8 * i);
    }
    int64_t target = 0;
    return evprof_arch_ends_in_call(bytes + sizeof(text) - EVPROF_CALL_MAX,
                                    EVPROF_CALL_MAX, &target);
}

#if defined(__x86_64__)
/* Whether `push %rbp; mov %rsp, %rbp` stands before pc, with no return
 * between. */
static bool
has_frame(const bare_t *bare)
{
    unsigned char code[FRAME_MOST];
    if (!read_code(bare, bare->pc - sizeof(code), code, sizeof(code))) {
        return false;
    }
    for (size_t i = sizeof(code); i-- > 0 && code[i] != 0xc3;) {
        if (i + 4 <= sizeof(code) &&
            memcmp(code + i, "\x55\x48\x89\xe5", 4) == 0) {
            return true;
        }
    }
    return false;
}
#else
/* Whether `stp x29, x30, [sp, #n]!; mov x29, sp` stands before pc, with no
 * return between. */
static bool
has_frame(const bare_t *bare)
{
    uint32_t words[FRAME_MOST / 4];
    unsigned char code[sizeof(words)];
    if (!read_code(bare, bare->pc / 4 * 4 - sizeof(code), code, sizeof(code))) {
        return false;
    }
    memcpy(words, code, sizeof(words));
    for (size_t i = FRAME_MOST / 4 - 1; i > 0; i--) {
        if (words[i] == 0x910003fdu &&
            (words[i - 1] & 0xffc07fffu) == 0xa9807bfdu) {
            return true;
        }
        if (words[i] == 0xd65f03c0u) {
            return false;
        }
    }
    return false;
}
#endif

static bool
is_plausible(const bare_t *bare, uintptr_t ra)
{
    uintptr_t target = 0;
    if (bare->segment == NULL &&
        evprof_map_find(bare->stepper->map, ra) == NULL) {
        return is_generated_call(ra);
    }
    if (bare->segment == NULL || has_frame(bare)) {
        return evprof_is_call_site(bare->stepper->map, ra, &target);
    }
    return is_called_here(bare, ra);
}

static enum evprof_step
step_by_fp(bare_t *bare)
{
    evprof_stepper_t *stepper = bare->stepper;
    uintptr_t fp = stepper->regs.r[EVPROF_REG_FP];
    uintptr_t ra = 0;
    if ((stepper->regs.known >> EVPROF_REG_FP & 1) == 0 ||
        fp < stepper->regs.r[EVPROF_REG_SP] || fp % sizeof(fp) != 0 ||
        !evprof_window_load(&stepper->window, fp + sizeof(fp), &ra)) {
        return EVPROF_STEP_UNKNOWN;
    }
    ra = evprof_arch_strip(ra);
    if (!is_plausible(bare, ra)) {
        return EVPROF_STEP_UNKNOWN;
    }
    stepper->regs.r[EVPROF_REG_FP] = evprof_peek(fp);
    return go(bare, ra, fp + 2 * sizeof(fp));
}

static bool
is_signal_return(const bare_t *bare)
{
    unsigned char found[EVPROF_SIGNAL_RETURN];
    return read_code(bare, bare->stepper->regs.pc, found, sizeof(found)) &&
           evprof_arch_is_signal_return(found);
}

#if defined(__x86_64__)

/* How many words the _init or _fini of crti.o has pushed at pc, or -1:
 * [endbr64] sub $8, %rsp; ...; add $8, %rsp; ret */
static int
init_depth(const unsigned char *code, size_t at)
{
    if (memcmp(code + at, "\x48\x83\xec\x08", 4) == 0 ||
        (code[at] == 0xc3 &&
         memcmp(code + at - 4, "\x48\x83\xc4\x08", 4) == 0)) {
        return 0;
    }
    for (size_t i = at; i-- > 0 && code[i] != 0xc3;) {
        if (i + 4 <= at && memcmp(code + i, "\x48\x83\xec\x08", 4) == 0) {
            return 1;
        }
    }
    return -1;
}

/*
 * How many words a stub of the linkage table has pushed at pc, or -1. A stub
 * and the head of its table are:
 *   [endbr64] jmp *slot; push $n; jmp head
 *   push link_map; jmp *resolver
 */
static int
stub_depth(const bare_t *bare)
{
    enum { BEFORE = 32 };
    unsigned char at[BEFORE + 4];
    if (!read_code(bare, bare->pc - BEFORE, at, sizeof(at))) {
        return -1;
    }
    const unsigned char *now = at + BEFORE;
    if (memcmp(now, "\xf3\x0f\x1e\xfa", 4) == 0) {
        return 0;
    }
    if (now[0] == 0xff && now[1] == 0x35) {
        return 1;
    }
    if (now[0] == 0xff && now[1] == 0x25) {
        return now[-6] == 0xff && now[-5] == 0x35 ? 2 : 0;
    }
    if (now[0] == 0x68) {
        return 0;
    }
    return now[0] == 0xe9 && now[-5] == 0x68 ? 1 : init_depth(at, BEFORE);
}

static enum evprof_step
step_by_stub(bare_t *bare)
{
    evprof_stepper_t *stepper = bare->stepper;
    int depth = stepper->is_exact ? stub_depth(bare) : -1;
    uintptr_t slot =
        stepper->regs.r[EVPROF_REG_SP] + (uintptr_t)depth * sizeof(slot);
    uintptr_t ra = 0;
    uintptr_t target = 0;
    if (depth < 0 || !evprof_window_load(&stepper->window, slot, &ra) ||
        !evprof_is_call_site(stepper->map, ra, &target)) {
        return EVPROF_STEP_UNKNOWN;
    }
    return go(bare, ra, slot + sizeof(slot));
}

/* Takes the return address from where it is on entry, or after a push of the
 * frame pointer. */
static enum evprof_step
step_by_entry(bare_t *bare)
{
    evprof_stepper_t *stepper = bare->stepper;
    uintptr_t sp = stepper->regs.r[EVPROF_REG_SP];
    uintptr_t ra = 0;
    if (!stepper->is_exact || !evprof_window_load(&stepper->window, sp, &ra)) {
        return EVPROF_STEP_UNKNOWN;
    }
    if (ra == stepper->regs.r[EVPROF_REG_FP] &&
        evprof_window_load(&stepper->window, sp + sizeof(sp), &ra)) {
        sp += sizeof(sp);
    }
    return is_called_here(bare, ra) ? go(bare, ra, sp + sizeof(sp))
                                    : EVPROF_STEP_UNKNOWN;
}

#else

static bool
is_stub_word(uint32_t word)
{
    return (word & 0x9f00001fu) == 0x90000010u || /* adrp x16 */
           (word & 0xffc003ffu) == 0xf9400211u || /* ldr x17, [x16] */
           (word & 0xffc003ffu) == 0x91000210u || /* add x16, x16 */
           word == 0xd61f0220u ||                 /* br x17 */
           word == 0xa9bf7bf0u;                   /* stp x16, x30, [sp]! */
}

/* Stubs leave x30 alone; the head of the table pushes x16 and x30. */
static enum evprof_step
step_by_stub(bare_t *bare)
{
    evprof_stepper_t *stepper = bare->stepper;
    uintptr_t sp = stepper->regs.r[EVPROF_REG_SP];
    uintptr_t ra = evprof_arch_strip(stepper->regs.r[EVPROF_REG_RA]);
    uintptr_t target = 0;
    uint32_t words[5];
    unsigned char bytes[sizeof(words)];
    if (!stepper->is_exact ||
        !read_code(bare, bare->pc - 16, bytes, sizeof(bytes))) {
        return EVPROF_STEP_UNKNOWN;
    }
    memcpy(words, bytes, sizeof(words));
    if (!is_stub_word(words[4]) ||
        !evprof_is_call_site(stepper->map, ra, &target)) {
        return EVPROF_STEP_UNKNOWN;
    }
    for (size_t i = 0; i < 4; i++) {
        sp += words[i] == 0xa9bf7bf0u ? 16 : 0;
    }
    return go(bare, ra, sp);
}

static enum evprof_step
step_by_entry(bare_t *bare)
{
    evprof_stepper_t *stepper = bare->stepper;
    uintptr_t ra = evprof_arch_strip(stepper->regs.r[EVPROF_REG_RA]);
    if (!stepper->is_exact || !is_called_here(bare, ra)) {
        return EVPROF_STEP_UNKNOWN;
    }
    return go(bare, ra, stepper->regs.r[EVPROF_REG_SP]);
}

#endif

enum evprof_step
evprof_step_bare(evprof_stepper_t *stepper, const evprof_segment_t *segment)
{
    bare_t bare = { .stepper = stepper,
                    .segment = segment,
                    .pc = stepper->regs.pc - !stepper->is_exact };
    if (is_signal_return(&bare)) {
        return evprof_step_signal(stepper);
    }
    enum evprof_step step = step_by_stub(&bare);
    if (step != EVPROF_STEP_OK) {
        step = step_by_entry(&bare);
    }
    if (step != EVPROF_STEP_OK) {
        step = step_by_fp(&bare);
    }
    bool is_junk = step != EVPROF_STEP_OK && segment == NULL &&
                   !stepper->is_exact && !is_generated_call(stepper->regs.pc);
    return is_junk ? EVPROF_STEP_JUNK : step;
}
