/* SPDX-License-Identifier: Apache-2.0 */
/* From frame to caller: by call-frame data, and from outside of the thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/unwind/outside.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/sig_step.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/unwind.h"

/* A function that ends with a call, which returns to where the next one
 * begins; the stack pointers at both places are not alike. */
extern const char test_behind_call[];
__asm__(".text\n"
        ".type test_ends_in_call, @function\n"
        "test_ends_in_call:\n"
        "    .cfi_startproc\n"
        "    sub $24, %rsp\n"
        "    .cfi_adjust_cfa_offset 24\n"
        "    call test_behind_call\n"
        "    .cfi_endproc\n"
        ".size test_ends_in_call, . - test_ends_in_call\n"
        ".globl test_behind_call\n"
        ".hidden test_behind_call\n"
        ".type test_behind_call, @function\n"
        "test_behind_call:\n"
        "    .cfi_startproc\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size test_behind_call, . - test_behind_call\n");

enum { WORDS = 8 };

/* Steps once from `pc`; where the return address was, as a place in the stack,
 * or -1. */
static long
step_from(uintptr_t pc, bool is_exact)
{
    uintptr_t stack[WORDS];
    const evprof_stack_bounds_t bounds = { (uintptr_t)stack,
                                           (uintptr_t)(stack + WORDS) };
    for (size_t i = 0; i < WORDS; i++) {
        stack[i] = 0x1000 + i;
    }
    evprof_pinned_t pinned = evprof_map_pin();
    assert_non_null(pinned.map);
    evprof_stepper_t stepper = {
        .map = pinned.map,
        .window = evprof_window_open(bounds, bounds.low),
        .bounds = bounds,
        .is_exact = is_exact,
    };
    stepper.regs.pc = pc;
    stepper.regs.r[EVPROF_REG_SP] = bounds.low;
    stepper.regs.known = UINT64_C(1) << EVPROF_REG_SP | UINT64_C(1)
                                                            << EVPROF_REG_FP;
    enum evprof_step step = evprof_step_raw(&stepper);
    evprof_map_unpin(pinned);
    if (step != EVPROF_STEP_OK) {
        return -1;
    }
    long place = (long)stepper.regs.pc - 0x1000;
    assert_int_equal(stepper.regs.r[EVPROF_REG_SP],
                     bounds.low + (uintptr_t)(place + 1) * sizeof(stack[0]));
    return place;
}

static void
test_pc_between_functions(void **state)
{
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    assert_int_equal(step_from((uintptr_t)test_behind_call, false), 3);
    assert_int_equal(step_from((uintptr_t)test_behind_call, true), 0);
}

/* ---- A return address that stays in its register ---- */

extern const char test_kept_return[];
__asm__(".text\n"
        ".globl test_kept_return\n"
        ".hidden test_kept_return\n"
        ".type test_kept_return, @function\n"
        "test_kept_return:\n"
        "    .cfi_startproc\n"
        "    .cfi_same_value 16\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size test_kept_return, . - test_kept_return\n");

/* It is taken from there, or asked for where it is not known. */
static void
test_return_in_register(void **state)
{
    (void)state;
    for (int is_known = 0; is_known < 2; is_known++) {
        uintptr_t stack[WORDS] = { 0 };
        const evprof_stack_bounds_t bounds = { (uintptr_t)stack,
                                               (uintptr_t)(stack + WORDS) };
        evprof_pinned_t pinned = evprof_map_pin();
        evprof_stepper_t stepper = {
            .map = pinned.map,
            .window = evprof_window_open(bounds, bounds.low),
            .bounds = bounds,
            .is_exact = true,
        };
        stepper.regs.pc = (uintptr_t)test_kept_return;
        stepper.regs.r[EVPROF_REG_SP] = bounds.low;
        stepper.regs.known = UINT64_C(1) << EVPROF_REG_SP;
        if (is_known) {
            stepper.regs.r[EVPROF_REG_RA] = (uintptr_t)test_behind_call;
            stepper.regs.known |= UINT64_C(1) << EVPROF_REG_RA;
        }
        enum evprof_step step = evprof_step_raw(&stepper);
        evprof_map_unpin(pinned);
        assert_int_equal(step,
                         is_known ? EVPROF_STEP_OK : EVPROF_STEP_NEEDS_ALL);
        assert_int_equal(
            stepper.regs.pc,
            (uintptr_t)(is_known ? test_behind_call : test_kept_return));
        assert_int_equal(stepper.regs.r[EVPROF_REG_SP],
                         (uintptr_t)(stack + is_known));
    }
}

/* ---- The search for an FDE ---- */

/* The FDE of `pc`, found with that table. */
static evprof_fde_t
find_fde(const evprof_segment_t *segment, const evprof_table_t *table,
         uintptr_t pc, size_t *rows)
{
    evprof_step_source_t source = { .bias = 0 };
    evprof_segment_t changed = *segment;
    evprof_fde_t fde = { 0 };
    changed.table = table;
    assert_true(evprof_step_open(
        &changed, pc, (const unsigned char *)segment->eh_low, &source));
    assert_true(evprof_step_find(&source, pc, &fde));
    assert_in_range(pc, fde.start, fde.limit - 1);
    *rows = source.search.count;
    return fde;
}

/* A table makes it shorter; the same is found without one, and with one that
 * ends before the code does. */
static void
test_search_with_and_without_table(void **state)
{
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    evprof_pinned_t pinned = evprof_map_pin();
    const uintptr_t pc = (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    const evprof_segment_t *segment = evprof_map_find(pinned.map, pc);
    assert_non_null(segment);
    assert_non_null(segment->table);
    evprof_table_t *early = calloc(1, sizeof(*early));
    assert_non_null(early);
    size_t rows = 0;
    size_t all_rows = 0;
    const evprof_fde_t fde = find_fde(segment, segment->table, pc, &rows);
    assert_int_equal(find_fde(segment, NULL, pc, &all_rows).start, fde.start);
    assert_true(rows < all_rows);
    for (size_t i = 0; i < 2; i++) {
        early->stretch_count =
            (uint32_t)(i * ((pc - segment->start) >> EVPROF_STRETCH_SHIFT));
        assert_int_equal(find_fde(segment, early, pc, &rows).start, fde.start);
        assert_int_equal(rows, all_rows);
    }
    free(early);
    evprof_map_unpin(pinned);
}

/* ---- Code that was loaded after the last refresh ---- */

enum { COUNT_AT = 8, TOO_MANY = 1 << 28 };

/* Makes the object's index of call-frame data say that it has so many rows. */
static int
set_row_count(struct dl_phdr_info *info, size_t size, void *count)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    if (strcmp(info->dlpi_name, PLUGIN) != 0) {
        return 0;
    }
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_GNU_EH_FRAME) {
            continue;
        }
        uintptr_t at = info->dlpi_addr + ph->p_vaddr + COUNT_AT;
        uintptr_t start = at & ~(page - 1);
        size_t length = at + sizeof(uint32_t) - start;
        if (mprotect((void *)start, length, PROT_READ | PROT_WRITE) != 0) {
            return 0;
        }
        memcpy((void *)at, count, sizeof(uint32_t));
    }
    return 1;
}

/* An index that would go beyond its object is not searched. */
static void
test_index_without_end(void **state)
{
    const uint32_t count = TOO_MANY;
    (void)state;
    if (evprof_dl_find_object == NULL) {
        print_message("skipped: this glibc has no _dl_find_object\n");
        skip();
    }
    assert_int_equal(evprof_unwind_refresh(), 0);
    void *handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    uintptr_t pc = (uintptr_t)dlsym(handle, "plugin_name");
    assert_int_equal(step_from(pc, true), 0);
    assert_int_equal(dl_iterate_phdr(set_row_count, (void *)(uintptr_t)&count),
                     1);
    assert_int_equal(step_from(pc, true), -1);
    dlclose(handle);
}

/* ---- Code without call-frame data ---- */

extern const char test_stub_head[];
extern const char test_stub[];
extern const char test_init[];
extern const char test_bare[];
extern const char test_bare_middle[];
extern const char test_bare_return[];
extern const char test_bare_pointer_return[];
extern const char test_bare_next[];
/* A table of linkage stubs, and the _init of crti.o; ahead of the code that is
 * called, so that nothing else can be taken for its callers. */
__asm__(".text\n"
        ".globl test_stub_head, test_stub, test_init\n"
        ".hidden test_stub_head, test_stub, test_init\n"
        "    .skip 64, 0x90\n"
        "test_stub_head:\n"
        "    .byte 0xff, 0x35, 0, 0, 0, 0\n" /* push link_map */
        "    .byte 0xff, 0x25, 0, 0, 0, 0\n" /* jmp *resolver */
        "    .byte 0x0f, 0x1f, 0x40, 0\n"
        "test_stub:\n"
        "    .byte 0xf3, 0x0f, 0x1e, 0xfa\n" /* endbr64 */
        "    .byte 0xff, 0x25, 0, 0, 0, 0\n" /* jmp *slot */
        "    .byte 0x68, 1, 0, 0, 0\n"       /* push $1 */
        "    .byte 0xe9, 0, 0, 0, 0\n"       /* jmp to the head */
        "    .skip 64, 0x90\n"
        "test_init:\n"
        "    .byte 0x48, 0x83, 0xec, 8\n" /* sub $8, %rsp */
        "    nop\n"
        "    .byte 0x48, 0x83, 0xc4, 8\n" /* add $8, %rsp */
        "    ret\n"
        "    nop\n"
        ".globl test_bare, test_bare_middle, test_bare_return\n"
        ".hidden test_bare, test_bare_middle, test_bare_return\n"
        ".type test_bare, @function\n"
        "test_bare:\n"
        "    push %rbp\n"
        "    mov %rsp, %rbp\n"
        "test_bare_middle:\n"
        "    nop\n"
        "    call test_bare\n"
        "test_bare_return:\n"
        "    call *%rax\n"
        "test_bare_pointer_return:\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size test_bare, . - test_bare\n"
        ".globl test_bare_pointer_return, test_bare_next\n"
        ".hidden test_bare_pointer_return, test_bare_next\n"
        "test_bare_next:\n" /* has no frame */
        "    nop\n"
        "    nop\n"
        "    nop\n"
        "    nop\n"
        "    ret\n");

typedef struct bare_case {
    const char *pc;
    const char *at_sp; /* the word there, NULL: one that is no address */
    const char *above_fp;
    long sp; /* of the caller, as a place in the stack; -1: none is found */
} bare_case_t;

/* Where the frame pointer points to. */
enum { FRAME = 2 };

static void
check_bare(const bare_case_t *c)
{
    uintptr_t stack[WORDS] = { 0 };
    const evprof_stack_bounds_t bounds = { (uintptr_t)stack,
                                           (uintptr_t)(stack + WORDS) };
    stack[0] = (uintptr_t)c->at_sp;
    stack[FRAME] = bounds.low + 5 * sizeof(stack[0]);
    stack[FRAME + 1] = (uintptr_t)c->above_fp;
    evprof_pinned_t pinned = evprof_map_pin();
    evprof_stepper_t stepper = {
        .map = pinned.map,
        .window = evprof_window_open(bounds, bounds.low),
        .bounds = bounds,
        .is_exact = true,
    };
    stepper.regs.pc = (uintptr_t)c->pc;
    stepper.regs.r[EVPROF_REG_SP] = bounds.low;
    stepper.regs.r[EVPROF_REG_FP] = (uintptr_t)(stack + FRAME);
    stepper.regs.known = UINT64_C(1) << EVPROF_REG_SP | UINT64_C(1)
                                                            << EVPROF_REG_FP;
    enum evprof_step step = evprof_step_raw(&stepper);
    evprof_map_unpin(pinned);
    assert_int_equal(step, c->sp < 0 ? EVPROF_STEP_UNKNOWN : EVPROF_STEP_OK);
    if (c->sp >= 0) {
        assert_int_equal(stepper.regs.pc,
                         (uintptr_t)(c->sp > FRAME ? c->above_fp : c->at_sp));
        assert_int_equal(stepper.regs.r[EVPROF_REG_SP],
                         (uintptr_t)(stack + c->sp));
    }
    if (c->sp > FRAME) {
        assert_int_equal(stepper.regs.r[EVPROF_REG_FP], stack[FRAME]);
    }
}

/* A caller is taken from where it may be when a call ends there. */
static void
test_bare_code(void **state)
{
    const bare_case_t cases[] = {
        { test_bare_middle, NULL, test_bare_return, FRAME + 2 },
        { test_bare_middle, NULL, test_bare_middle, -1 },
        { test_bare_middle, NULL, NULL, -1 },
        { test_bare, test_bare_return, NULL, 1 },
        { test_bare, test_bare_middle, NULL, -1 },
        /* A call through a pointer may lead anywhere: it is believed where a
         * frame has begun, and not in the function behind. */
        { test_bare_middle, NULL, test_bare_pointer_return, FRAME + 2 },
        { test_bare_pointer_return, NULL, test_bare_pointer_return, FRAME + 2 },
        { test_bare_next, NULL, test_bare_pointer_return, -1 },
        { test_bare_next + 1, NULL, test_bare_pointer_return, -1 },
        { test_bare_next + 3, NULL, test_bare_pointer_return, -1 },
        { test_bare_next + 4, NULL, test_bare_pointer_return, -1 },
        { test_bare_next, test_bare_return, NULL, 1 },
    };
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_bare(&cases[i]);
    }
}

/* How many words stubs and _init have pushed; -1: none of theirs. */
static void
test_linkage_stubs(void **state)
{
    static const struct {
        const char *pc;
        long pushed;
    } cases[] = {
        { test_stub_head, 1 },  { test_stub_head + 6, 2 },
        { test_stub, 0 },       { test_stub + 4, 0 },
        { test_stub + 10, 0 },  { test_stub + 15, 1 },
        { test_stub + 20, -1 }, { test_init, 0 },
        { test_init + 4, 1 },   { test_init + 5, 1 },
        { test_init + 9, 0 },   { test_init + 10, -1 },
    };
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    evprof_pinned_t pinned = evprof_map_pin();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (long place = 0; place < 4; place++) {
            uintptr_t stack[WORDS] = { 0 };
            const evprof_stack_bounds_t bounds = { (uintptr_t)stack,
                                                   (uintptr_t)(stack + WORDS) };
            stack[place] = (uintptr_t)test_bare_return;
            evprof_stepper_t stepper = {
                .map = pinned.map,
                .window = evprof_window_open(bounds, bounds.low),
                .bounds = bounds,
                .is_exact = true,
            };
            stepper.regs.pc = (uintptr_t)cases[i].pc;
            stepper.regs.r[EVPROF_REG_SP] = bounds.low;
            stepper.regs.known = UINT64_C(1) << EVPROF_REG_SP;
            const bool is_found = evprof_step_raw(&stepper) == EVPROF_STEP_OK;
            if (is_found != (place == cases[i].pushed)) {
                fail_msg("row %zu, place %ld: %d", i, place, is_found);
            }
            assert_true(!is_found ||
                        (stepper.regs.pc == (uintptr_t)test_bare_return &&
                         stepper.regs.r[EVPROF_REG_SP] ==
                             (uintptr_t)(stack + place + 1)));
        }
    }
    evprof_map_unpin(pinned);
}

/* Code that is generated at run time is outside of every object. Its caller is
 * taken from where it may be when a call ends there, in an object or not. */
static void
test_generated_code(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(munmap(pages + page, page), 0);
    memset(pages, 0x90, page);
    char *code = pages + 64;
    memcpy(code, test_bare, (size_t)(test_bare_return - test_bare) + 2);
    memcpy(pages + page - 2, "\xff\xd0", 2); /* call *%rax */
    const char *middle = code + (test_bare_middle - test_bare);
    const char *behind = code + (test_bare_return - test_bare);
    const struct {
        const char *ra;
        bool is_found;
    } cases[] = {
        { behind, true },
        { behind + 1, false },
        { middle, false },
        { test_bare_return, true },
        { test_bare_middle, false },
        { pages + page, true },      /* behind the last code */
        { pages + page + 1, false }, /* nothing is there */
        { pages + 4, false },        /* nor before */
        { (const char *)0x1008, false },
        { NULL, false },
    };
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uintptr_t stack[WORDS] = { 0 };
        const evprof_stack_bounds_t bounds = { (uintptr_t)stack,
                                               (uintptr_t)(stack + WORDS) };
        stack[FRAME + 1] = (uintptr_t)cases[i].ra;
        evprof_pinned_t pinned = evprof_map_pin();
        evprof_stepper_t stepper = {
            .map = pinned.map,
            .window = evprof_window_open(bounds, bounds.low),
            .bounds = bounds,
        };
        stepper.regs.pc = (uintptr_t)middle;
        stepper.regs.r[EVPROF_REG_SP] = bounds.low;
        stepper.regs.r[EVPROF_REG_FP] = (uintptr_t)(stack + FRAME);
        stepper.regs.known =
            UINT64_C(1) << EVPROF_REG_SP | UINT64_C(1) << EVPROF_REG_FP;
        enum evprof_step step = evprof_step_raw(&stepper);
        evprof_map_unpin(pinned);
        if ((step == EVPROF_STEP_OK) != cases[i].is_found) {
            fail_msg("row %zu: %d", i, (int)step);
        }
        assert_true(!cases[i].is_found ||
                    stepper.regs.pc == (uintptr_t)cases[i].ra);
    }
    munmap(pages, page);
}

/* ---- Only the stack pointer and the pc are known ---- */

typedef struct seen {
    uintptr_t pcs[64];
    evprof_walk_t walk;
    uintptr_t pc;
    uintptr_t callers[2];
} seen_t;

/* Its CFA is told by the frame pointer, which must be found first. */
__attribute__((noinline, no_sanitize("address", "undefined"))) static void
look(evprof_outside_t *outside, seen_t *seen)
{
    evprof_regs_t regs;
    EVPROF_ARCH_CAPTURE(&regs);
    const evprof_asleep_t asleep = { .sp = regs.r[EVPROF_REG_SP],
                                     .pc = regs.pc };
    seen->walk = (evprof_walk_t){ .pcs = seen->pcs, .max = 64 };
    seen->pc = regs.pc;
    seen->callers[0] = (uintptr_t)__builtin_return_address(0);
    assert_true(evprof_outside_walk(outside, &asleep, &seen->walk));
}

__attribute__((noinline, no_sanitize("address", "undefined"))) static void
look_from_above(evprof_outside_t *outside, seen_t *seen)
{
    look(outside, seen);
    seen->callers[1] = (uintptr_t)__builtin_return_address(0);
}

static void
test_frame_pointer_is_found(void **state)
{
    (void)state;
    static seen_t seen;
    evprof_outside_t *outside = evprof_outside_new();
    assert_non_null(outside);
    assert_int_equal(evprof_unwind_refresh(), 0);
    look_from_above(outside, &seen);
    assert_true(seen.walk.count > 3);
    assert_int_equal(seen.pcs[0], seen.pc);
    assert_int_equal(seen.pcs[1], seen.callers[0]);
    assert_int_equal(seen.pcs[2], seen.callers[1]);
    evprof_outside_free(outside);
}

/* A copy of the stack that the caller made is read in place of the stack; one
 * without words is none. */
static void
test_copy_of_a_stack(void **state)
{
    (void)state;
    uintptr_t stack[WORDS] = { (uintptr_t)test_bare_middle };
    uintptr_t words[WORDS] = { (uintptr_t)test_bare_return };
    const unsigned char *copy = (const unsigned char *)words;
    const struct {
        const unsigned char *copy;
        size_t size;
        const uintptr_t *read;
    } cases[] = { { copy, sizeof(words), words },
                  { copy, sizeof(words[0]), words },
                  { copy, 0, stack },
                  { NULL, sizeof(words), stack },
                  { NULL, 0, stack } };
    evprof_outside_t *outside = evprof_outside_new();
    assert_non_null(outside);
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uintptr_t pcs[8] = { 0 };
        const evprof_asleep_t asleep = { .sp = (uintptr_t)stack,
                                         .pc = (uintptr_t)test_behind_call,
                                         .copy = cases[i].copy,
                                         .copy_size = cases[i].size };
        evprof_walk_t walk = { .pcs = pcs, .max = 8 };
        assert_true(evprof_outside_walk(outside, &asleep, &walk));
        assert_true(walk.count >= 2);
        assert_int_equal(pcs[0], (uintptr_t)test_behind_call);
        assert_int_equal(pcs[1], cases[i].read[0]);
    }
    evprof_outside_free(outside);
}

/* A frame of 20008 bytes. */
extern const char test_large_frame[];
__asm__(".text\n"
        ".globl test_large_frame\n"
        ".hidden test_large_frame\n"
        ".type test_large_frame, @function\n"
        "test_large_frame:\n"
        "    .cfi_startproc\n"
        "    .cfi_def_cfa 7, 20008\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size test_large_frame, . - test_large_frame\n");

/* The stack is copied as far as the frame needs, also where the caller's copy
 * ends before, but not beyond the stack's own end. */
static void
test_large_frames(void **state)
{
    enum { RETURN_AT = 2500, ALL = 4096 };
    static uintptr_t large[ALL];
    const uintptr_t begin = (uintptr_t)large;
    const struct {
        evprof_stack_bounds_t bounds;
        size_t copy_size;
        bool is_found;
    } cases[] = {
        { { 0, 0 }, 0, true },
        { { 0, 0 }, 64, true },
        { { begin, begin + sizeof(large) }, 0, true },
        { { begin, (uintptr_t)(large + RETURN_AT + 1) }, 0, true },
        { { begin, (uintptr_t)(large + RETURN_AT) }, 0, false },
        { { begin, (uintptr_t)(large + RETURN_AT) }, 64, false },
        { { begin, begin + 64 }, 0, false },
    };
    (void)state;
    large[RETURN_AT] = (uintptr_t)test_bare_return;
    evprof_outside_t *outside = evprof_outside_new();
    assert_non_null(outside);
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uintptr_t pcs[8] = { 0 };
        const evprof_asleep_t asleep = { .sp = begin,
                                         .pc = (uintptr_t)test_large_frame,
                                         .bounds = cases[i].bounds,
                                         .copy = (const unsigned char *)large,
                                         .copy_size = cases[i].copy_size };
        evprof_walk_t walk = { .pcs = pcs, .max = 8 };
        assert_true(evprof_outside_walk(outside, &asleep, &walk));
        if ((pcs[1] == (uintptr_t)test_bare_return) != cases[i].is_found) {
            fail_msg("row %zu", i);
        }
    }
    evprof_outside_free(outside);
    evprof_outside_free(NULL);
}

/* The data of an object that may be unloaded are copied once; when it is gone,
 * the walk ends there. */
static void
test_object_that_goes(void **state)
{
    (void)state;
    uintptr_t stack[WORDS] = { (uintptr_t)test_bare_return };
    void *handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    const evprof_asleep_t asleep = {
        .sp = (uintptr_t)stack, .pc = (uintptr_t)dlsym(handle, "plugin_name")
    };
    evprof_outside_t *outside = evprof_outside_new();
    assert_non_null(outside);
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (int i = 0; i < 3; i++) {
        uintptr_t pcs[8] = { 0 };
        evprof_walk_t walk = { .pcs = pcs, .max = 8 };
        if (i == 2) {
            dlclose(handle);
        }
        assert_true(evprof_outside_walk(outside, &asleep, &walk));
        assert_int_equal(pcs[0], asleep.pc);
        assert_int_equal(walk.flags & EVPROF_WALK_BROKEN, EVPROF_WALK_BROKEN);
        assert_int_equal(walk.count, i < 2 ? 3 : 2);
        assert_int_equal(pcs[1],
                         i < 2 ? stack[0]
                               : (uintptr_t)evprof_mark_unknown_caller + 1);
    }
    evprof_outside_free(outside);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pc_between_functions),
        cmocka_unit_test(test_return_in_register),
        cmocka_unit_test(test_search_with_and_without_table),
        cmocka_unit_test(test_index_without_end),
        cmocka_unit_test(test_bare_code),
        cmocka_unit_test(test_linkage_stubs),
        cmocka_unit_test(test_generated_code),
        cmocka_unit_test(test_frame_pointer_is_found),
        cmocka_unit_test(test_copy_of_a_stack),
        cmocka_unit_test(test_large_frames),
        cmocka_unit_test(test_object_that_goes),
    };
    return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
