/* SPDX-License-Identifier: Apache-2.0 */
/* The frame pointer unwinder: whole stacks, leaves without frames, junk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "core/unwind/sig_arch.h"
#include "core/unwind/unwind.h"
#include "tests/unit/unwind/stepper.h"

#define KEEP __attribute__((noinline))

static const evprof_unwinder_t *fp;
static uintptr_t pcs[64];

static evprof_stack_bounds_t
own_bounds(void)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    return (evprof_stack_bounds_t){ (uintptr_t)low, (uintptr_t)low + size };
}

/* Whether `pc` lies in the first bytes of a function; sanitizers make those
 * several times as long. */
static bool
is_within(uintptr_t pc, uintptr_t function, size_t size)
{
    return pc > function && pc - function < size * CODE_SCALE;
}

KEEP static size_t
walk_inner(size_t max, size_t skip, evprof_stack_bounds_t bounds)
{
    evprof_walk_t walk = { .pcs = pcs, .max = max, .bounds = bounds };
    evprof_walk_here(fp, &walk, skip);
    return walk.count << 8 | walk.flags;
}

KEEP static size_t
walk_outer(size_t max, size_t skip, evprof_stack_bounds_t bounds)
{
    size_t out = walk_inner(max, skip, bounds);
    __asm__ volatile("" ::: "memory");
    return out;
}

static void
test_walk_here(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        evprof_stack_bounds_t bounds = { 0, 0 };
        size_t got = walk_outer(64, 0, known ? own_bounds() : bounds);
        assert_true(got >> 8 >= 2);
        assert_true(is_within(pcs[0], (uintptr_t)walk_outer, 128));
        assert_true(is_within(pcs[1], (uintptr_t)test_walk_here, 512));
        got = walk_outer(64, 1, known ? own_bounds() : bounds);
        assert_true(got >> 8 >= 1);
        assert_true(is_within(pcs[0], (uintptr_t)test_walk_here, 512));
    }
}

static void
test_truncation_is_marked(void **state)
{
    (void)state;
    size_t got = walk_outer(2, 0, own_bounds());
    assert_int_equal(got >> 8, 2);
    assert_int_equal(got & 255, EVPROF_WALK_TRUNCATED);
    assert_int_equal(pcs[1] - 1, (uintptr_t)evprof_mark_truncated);
}

static size_t steps_in_libc;
static size_t steps_with_caller;

KEEP static void
call_strlen(void *arg)
{
    size_t len = strlen(arg);
    __asm__ volatile("" ::"r"(len) : "memory");
}

static void
on_step(void *ctx, const void *ucontext)
{
    evprof_walk_t walk = { .pcs = pcs, .max = 64 };
    (void)ctx;
    fp->walk_context(&walk, ucontext);
    if (is_within(pcs[0], (uintptr_t)call_strlen, 128)) {
        return;
    }
    steps_in_libc++;
    steps_with_caller +=
        walk.count > 1 && is_within(pcs[1], (uintptr_t)call_strlen, 128);
}

/* libc has no frame pointers: the first step must find the caller. */
static void
test_leaf_in_libc(void **state)
{
    (void)state;
    if (CODE_SCALE > 1) {
        print_message("skipped: sanitizers take strlen's place\n");
        skip();
    }
    static char text[] = "a text that is long enough to be walked in blocks";
    call_strlen(text);
    step_through(call_strlen, text, on_step, NULL);
    /* What else is outside is the stepper itself, before and after the call. */
    assert_true(steps_with_caller > 5);
    assert_true(steps_with_caller + 20 > steps_in_libc);
}

/* Places before and behind calls of one function, from within the object and
 * through a register. */
extern const char test_called[];
extern const char test_behind_call[];
extern const char test_behind_pointer_call[];
__asm__(".text\n"
        ".globl test_called, test_behind_call, test_behind_pointer_call\n"
        ".hidden test_called, test_behind_call, test_behind_pointer_call\n"
        ".type test_called, @function\n"
        "test_called:\n"
        "    push %rbp\n"
        "    mov %rsp, %rbp\n"
        "    nop\n"
        "    call test_called\n"
        "test_behind_call:\n"
        "    nop\n"
        "    call *%rax\n"
        "test_behind_pointer_call:\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size test_called, . - test_called\n");

typedef struct hidden_case {
    const char *pc;
    const char *words[2]; /* at the stack pointer; NULL: the frame pointer */
    const char *hidden;   /* the caller that the frame pointers skip */
} hidden_case_t;

static void
check_hidden(const hidden_case_t *c)
{
    enum { FRAME = 4, WORDS = 8 };
    uintptr_t stack[WORDS] = { 0 };
    evprof_regs_t regs = { .pc = (uintptr_t)c->pc, .known = EVPROF_REGS_ALL };
    evprof_walk_t walk = {
        .pcs = pcs,
        .max = 64,
        .bounds = { (uintptr_t)stack, (uintptr_t)(stack + WORDS) },
    };
    regs.r[EVPROF_REG_SP] = (uintptr_t)stack;
    regs.r[EVPROF_REG_FP] = (uintptr_t)(stack + FRAME);
    for (size_t i = 0; i < 2; i++) {
        stack[i] = c->words[i] == NULL ? regs.r[EVPROF_REG_FP]
                                       : (uintptr_t)c->words[i];
    }
    stack[FRAME + 1] = (uintptr_t)strtol;
    fp->walk_regs(&walk, &regs, 0);
    const size_t skipped = c->hidden != NULL;
    assert_int_equal(walk.count, 2 + skipped);
    assert_int_equal(walk.flags, 0);
    assert_int_equal(pcs[0], (uintptr_t)c->pc);
    assert_true(!skipped || pcs[1] == (uintptr_t)c->hidden);
    assert_int_equal(pcs[1 + skipped], (uintptr_t)strtol);
}

/* While a function has no frame of its own, its return address is at the stack
 * pointer or, between `push` and `mov`, behind the saved frame pointer. It is
 * believed where a call that can have led here ends. */
static void
test_before_the_frame(void **state)
{
    const char *const entry = test_called;
    const char *const pushed = test_called + 1;
    const hidden_case_t cases[] = {
        { entry, { test_behind_call, entry }, test_behind_call },
        { entry, { test_behind_call, NULL }, test_behind_call },
        { pushed, { NULL, test_behind_call }, test_behind_call },
        { pushed,
          { NULL, test_behind_pointer_call },
          test_behind_pointer_call },
        { pushed, { entry, test_behind_call }, NULL },
        { pushed, { NULL, entry }, NULL },
        { pushed, { NULL, test_behind_call + 1 }, NULL },
        /* The call leads to code that is behind this. */
        { entry - 1, { test_behind_call, entry }, NULL },
        { entry - 1,
          { test_behind_pointer_call, entry },
          test_behind_pointer_call },
    };
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_hidden(&cases[i]);
    }
}

/* A chain ends well where its pointer is zero, or in libc, which starts
 * threads; elsewhere it is broken. */
static void
test_ends_of_chains(void **state)
{
    enum { FRAME = 2, WORDS = 8 };
    const uintptr_t in_libc =
        (uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    const struct {
        uintptr_t last_pc;
        uintptr_t last_fp;
        bool is_broken;
    } cases[] = {
        { (uintptr_t)test_behind_call, 0, false },
        { (uintptr_t)test_behind_call, 1, true },
        { (uintptr_t)test_behind_call, 8, true },
        { in_libc, 0, false },
        { in_libc, 1, false },
    };
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uintptr_t stack[WORDS] = { 0 };
        evprof_regs_t regs = { .pc = (uintptr_t)test_called,
                               .known = EVPROF_REGS_ALL };
        evprof_walk_t walk = {
            .pcs = pcs,
            .max = 64,
            .bounds = { (uintptr_t)stack, (uintptr_t)(stack + WORDS) },
        };
        regs.r[EVPROF_REG_SP] = (uintptr_t)stack;
        regs.r[EVPROF_REG_FP] = (uintptr_t)(stack + FRAME);
        stack[FRAME] = cases[i].last_fp;
        stack[FRAME + 1] = cases[i].last_pc;
        fp->walk_regs(&walk, &regs, 0);
        assert_int_equal(pcs[1], cases[i].last_pc);
        assert_int_equal(walk.flags,
                         cases[i].is_broken ? EVPROF_WALK_BROKEN : 0);
    }
}

/* Junk in the registers ends the walk; nothing faults. */
static void
test_junk_registers(void **state)
{
    (void)state;
    void *hole =
        mmap(NULL, 12288, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(hole, MAP_FAILED);
    uintptr_t unmapped = (uintptr_t)hole + 4096;
    uintptr_t own = (uintptr_t)&state;
    const uintptr_t junk[] = {
        0,
        1,
        7,
        unmapped,
        own,
        own + 1,
        own - 4096,
        UINTPTR_MAX,
        UINTPTR_MAX - 7,
        UINTPTR_MAX / 2,
        UINTPTR_MAX / 2 + 1,
    };
    const size_t count = sizeof(junk) / sizeof(junk[0]);
    const evprof_stack_bounds_t bounds[] = { { 0, 0 }, own_bounds() };
    for (size_t i = 0; i < count * count * 2; i++) {
        evprof_regs_t regs = { .pc = (uintptr_t)test_junk_registers,
                               .known = EVPROF_REGS_ALL };
        regs.r[EVPROF_REG_FP] = junk[i % count];
        regs.r[EVPROF_REG_SP] = junk[i / count % count];
        evprof_walk_t walk = { .pcs = pcs,
                               .max = 64,
                               .bounds = bounds[i / count / count] };
        fp->walk_regs(&walk, &regs, 0);
        assert_true(walk.count >= 1 && walk.count <= 64);
        bool is_marked = walk.pcs[walk.count - 1] - 1 ==
                         (uintptr_t)evprof_mark_unknown_caller;
        assert_int_equal((walk.flags & EVPROF_WALK_BROKEN) != 0, is_marked);
    }
    munmap(hole, 12288);
}

static ucontext_t fiber;
static ucontext_t host;
static size_t fiber_result;

static void
fiber_main(void)
{
    fiber_result = walk_outer(64, 0, own_bounds());
    swapcontext(&fiber, &host);
}

/* A fiber's stack lies outside of the thread's bounds: loads are probed. */
static void
test_fiber(void **state)
{
    (void)state;
    size_t size = 64 * (size_t)1024;
    char *stack =
        mmap(NULL, size + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(stack, MAP_FAILED);
    assert_int_equal(mprotect(stack + 4096, size, PROT_READ | PROT_WRITE), 0);
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack + 4096;
    fiber.uc_stack.ss_size = size;
    fiber.uc_link = &host;
    makecontext(&fiber, fiber_main, 0);
    swapcontext(&host, &fiber);
    assert_true(fiber_result >> 8 >= 2);
    assert_true(is_within(pcs[1], (uintptr_t)fiber_main, 128));
    munmap(stack, size + 8192);
}

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(evprof_unwinder_find("fp")->name, "fp");
    assert_true(evprof_unwinder_find("auto")->is_signal_safe);
    assert_false(evprof_unwinder_find("libunwind")->is_signal_safe);
    assert_non_null(evprof_unwinder_find("libunwind")->refusal);
    assert_null(evprof_unwinder_find("guess"));
    evprof_error_t err;
    assert_int_equal(evprof_unwind_check_exceptions(&err), 0);
}

/* The tests' second opinion, and a choice outside handlers. */
static void
test_libunwind(void **state)
{
    (void)state;
    const evprof_unwinder_t *other = evprof_unwinder_find("libunwind");
    assert_int_equal(evprof_unwinder_prepare(other), 0);
    evprof_walk_t walk = { .pcs = pcs, .max = 64 };
    evprof_walk_here(other, &walk, 0);
    assert_true(walk.count >= 3);
    assert_int_equal(walk.flags, 0);
    assert_int_equal(evprof_unwind_check_exceptions(NULL), 0);
}

static int
setup(void **state)
{
    (void)state;
    fp = evprof_unwinder_find("fp");
    return evprof_unwinder_prepare(fp);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_walk_here),
        cmocka_unit_test(test_truncation_is_marked),
        cmocka_unit_test(test_leaf_in_libc),
        cmocka_unit_test(test_before_the_frame),
        cmocka_unit_test(test_ends_of_chains),
        cmocka_unit_test(test_junk_registers),
        cmocka_unit_test(test_fiber),
        cmocka_unit_test(test_libunwind),
    };
    return cmocka_run_group_tests_name("unwind fp", tests, setup, NULL);
}
