/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds of work on stacks that are wrong, foreign or not described. */
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/e2e/unwind/hazards.h"

#define SPIN 2000
#define FIBER_BYTES ((size_t)SMALL_STACK * 2)

static _Thread_local volatile unsigned long sink;

static void *
map_pages(size_t size, int protection)
{
    void *out =
        mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (out == MAP_FAILED) {
        abort();
    }
    return out;
}

void
storm_bare(void)
{
    struct timespec now;
    sink +=
        (unsigned long)wrong_cfi(SPIN) + (unsigned long)spin_with_junk(SPIN);
    clock_gettime(CLOCK_MONOTONIC, &now);
    sink += (unsigned long)now.tv_nsec;
}

void
storm_junk(void)
{
    static _Thread_local uintptr_t hole;
    if (hole == 0) {
        hole = (uintptr_t)map_pages(8192, PROT_NONE);
    }
    uintptr_t here = (uintptr_t)&here;
    const uintptr_t junk[] = {
        0,
        1,
        hole,
        hole + 4095,
        here,
        here + 1,
        here - 65536,
        UINTPTR_MAX,
        here >> 1,
        here + 256,
        UINTPTR_MAX / 2,
        (uintptr_t)storm_junk,
    };
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        sink += (unsigned long)spin_with_fp(junk[i], SPIN);
    }
}

struct fiber {
    ucontext_t own;
    ucontext_t host;
    struct stack own_stack;
    struct stack host_stack;
};

static void
fiber_main(unsigned low, unsigned high)
{
    struct fiber *fiber =
        (struct fiber *)((uintptr_t)high << 32 | (uintptr_t)low);
    enter_stack(&fiber->own_stack, &fiber->host_stack);
    for (;;) {
        storm_throw();
        for (int i = 0; i < SPIN; i++) {
            sink++;
        }
        leave_stack(&fiber->own_stack, &fiber->host_stack);
        swapcontext(&fiber->own, &fiber->host);
        enter_stack(&fiber->own_stack, &fiber->host_stack);
    }
}

/* A fiber whose stack ends at pages that cannot be read. */
static void
make_fiber(struct fiber *fiber)
{
    char *stack = map_pages(FIBER_BYTES + 8192, PROT_NONE);
    if (mprotect(stack + 4096, FIBER_BYTES, PROT_READ | PROT_WRITE) != 0) {
        abort();
    }
    getcontext(&fiber->own);
    fiber->own.uc_stack.ss_sp = stack + 4096;
    fiber->own.uc_stack.ss_size = FIBER_BYTES;
    fiber->own_stack =
        (struct stack){ .low = stack + 4096, .size = FIBER_BYTES };
    makecontext(&fiber->own, (void (*)(void))fiber_main, 2,
                (unsigned)(uintptr_t)fiber, (unsigned)((uintptr_t)fiber >> 32));
}

void
storm_fiber(void)
{
    static _Thread_local struct fiber fiber;
    if (fiber.own_stack.size == 0) {
        make_fiber(&fiber);
    }
    leave_stack(&fiber.host_stack, &fiber.own_stack);
    swapcontext(&fiber.host, &fiber.own);
    enter_stack(&fiber.host_stack, &fiber.own_stack);
}

/* push %rbp; mov %rsp,%rbp; 1: dec %rdi; jnz 1b; call *%rsi; pop %rbp; ret */
static const unsigned char generated[] = { 0x55, 0x48, 0x89, 0xe5, 0x48,
                                           0xff, 0xcf, 0x75, 0xfb, 0xff,
                                           0xd6, 0x5d, 0xc3 };

static void
spin(void)
{
    for (int i = 0; i < SPIN; i++) {
        sink++;
    }
}

void
storm_generated(void)
{
    void *code = map_pages(4096, PROT_READ | PROT_WRITE);
    memcpy(code, generated, sizeof(generated));
    if (mprotect(code, 4096, PROT_READ | PROT_EXEC) != 0) {
        abort();
    }
    void (*run)(long rounds, void (*then)(void)) = NULL;
    memcpy(&run, &code, sizeof(run));
    for (int i = 0; i < 20; i++) {
        run(SPIN, spin);
    }
    munmap(code, 4096);
}

static void
on_nested(int number)
{
    if (number == SIGUSR1) {
        raise(SIGWINCH);
    }
    spin();
}

/* Work in a handler that runs on a signal stack, under another handler. */
void
storm_nested(void)
{
    static _Thread_local void *stack;
    if (stack == NULL) {
        stack = map_pages(65536, PROT_READ | PROT_WRITE);
        stack_t alternate = { .ss_sp = stack, .ss_size = 65536 };
        struct sigaction action;
        memset(&action, 0, sizeof(action));
        action.sa_handler = on_nested;
        action.sa_flags = SA_ONSTACK | SA_RESTART;
        if (sigaltstack(&alternate, NULL) != 0 ||
            sigaction(SIGUSR1, &action, NULL) != 0) {
            abort();
        }
        action.sa_flags = SA_RESTART;
        sigaction(SIGWINCH, &action, NULL);
    }
    raise(SIGUSR1);
}

void
storm_asm(void)
{
    for (int i = 0; i < 100; i++) {
        run_cases_asm(NULL);
    }
}
