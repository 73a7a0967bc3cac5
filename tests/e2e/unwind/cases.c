/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of every shape that a C compiler makes. */
#include "tests/e2e/unwind/cases.h"

#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEEP __attribute__((noinline))

struct large {
    long words[24];
};

static volatile long sink;
static jmp_buf jump;

KEEP static long
leaf(long a)
{
    return a * 3 + sink;
}

KEEP static long
recurse(long depth)
{
    return depth == 0 ? leaf(depth) : recurse(depth - 1) + depth;
}

/* More arguments than registers: some are pushed. */
KEEP static long
many(long a, long b, long c, long d, long e, long f, long g, long h, long i)
{
    return leaf(a + b) + leaf(c + d) + leaf(e + f) + leaf(g + h + i);
}

KEEP static long
variadic(int count, ...)
{
    va_list args;
    long sum = 0;
    va_start(args, count);
    for (int i = 0; i < count; i++) {
        sum += leaf(va_arg(args, long));
    }
    va_end(args);
    return sum;
}

/* A frame whose size is known only when it runs. */
KEEP static long
dynamic(size_t size)
{
    char *bytes = alloca(size);
    memset(bytes, 1, size);
    return leaf(bytes[size / 2]) + recurse(2);
}

/* A stack that is aligned beyond what the ABI promises. */
KEEP static long
aligned(long a, size_t size)
{
    _Alignas(64) long words[8] = { a };
    char *bytes = alloca(size);
    words[a & 7] += leaf((long)(uintptr_t)words & 63);
    bytes[0] = (char)words[0];
    return leaf(words[1] + bytes[0]) + many(1, 2, 3, 4, 5, 6, 7, 8, words[2]);
}

KEEP static struct large
by_value(struct large in)
{
    in.words[3] = leaf(in.words[4]);
    return in;
}

static int
compare(const void *a, const void *b)
{
    const int *x = a;
    const int *y = b;
    return (int)leaf(*x) - (int)leaf(*y);
}

KEEP static void
sorted(void)
{
    int values[48];
    for (int i = 0; i < 48; i++) {
        values[i] = i * 29 % 48;
    }
    qsort(values, sizeof(values) / sizeof(values[0]), sizeof(values[0]),
          compare);
    sink += values[0];
}

/* Early exits before the frame is made: compilers shrink-wrap. */
KEEP static long
wrapped(long a, long *out)
{
    if (a < 0) {
        return -1;
    }
    long sum = leaf(a);
    for (long i = 0; i < a; i++) {
        sum += leaf(i) * leaf(sum) + leaf(out[0]);
    }
    out[0] = sum;
    return sum;
}

KEEP static void
leap(int depth)
{
    if (depth > 0) {
        leap(depth - 1);
        sink++;
    } else if (sink != -1) {
        longjmp(jump, 1);
    }
}

KEEP static double
floating(double a, double b)
{
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        sum += a * b + (double)leaf(i);
    }
    return sum;
}

/* Steps are taken in the handler too, on top of the kernel's frame. */
static void
on_signal(int number)
{
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp" ::
                         : "memory", "cc");
    sink += leaf(number);
}

KEEP static void
signalled(void)
{
    struct sigaction action;
    struct sigaction before;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, &before);
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
}

/* Nothing follows the call: its return address is behind the function. */
KEEP __attribute__((noreturn)) static void
never_returns(int depth)
{
    leap(depth);
    for (;;) {
        sink++;
    }
}

KEEP static void
library(void)
{
    char text[128];
    struct timespec now;
    snprintf(text, sizeof(text), "%ld %s %.3f", sink, "text", 1.5);
    sink += strtol(text, NULL, 10);
    char *copy = strdup(text);
    sink += (long)strlen(copy) + (copy[0] == strchr(text, '1')[0]);
    free(copy);
    clock_gettime(CLOCK_MONOTONIC, &now);
    sink += now.tv_nsec & 1;
}

void
run_cases(void *arg)
{
    long words[4] = { 1, 2, 3, 4 };
    struct large big = { { 0 } };
    (void)arg;
    sink = recurse(6) + many(1, 2, 3, 4, 5, 6, 7, 8, 9);
    sink += variadic(4, 1L, 2L, 3L, 4L);
    sink += dynamic(100) + aligned(3, 33);
    big = by_value(big);
    sorted();
    sink += wrapped(-1, words) + wrapped(3, words) + big.words[3];
    if (setjmp(jump) == 0) {
        leap(3);
    }
    if (setjmp(jump) == 0) {
        never_returns(2);
    }
    sink += (long)floating(1.5, 2.5);
    signalled();
    for (int i = 0; i < 3; i++) {
        library();
    }
}
