/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What oracle.c does at every instruction, at random ones: a timer interrupts
 * the cases, and libcrypto's hand-written code where it is installed, 5,000
 * times a second; in the handler the tables and libunwind walk the same stack.
 * Nothing is loaded meanwhile, so that libunwind may run there.
 *
 * usage: sampled SAMPLES [OBJECT...]
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "core/unwind/unwind.h"
#include "tests/e2e/unwind/cases.h"

#define FRAMES 96u
#define PERIOD_NS 200000
#define OBJECTS_MOST 64u
#define SHOWN_MOST 12u

struct crypto {
    unsigned char *(*sha512)(const unsigned char *data, size_t len,
                             unsigned char *out);
    void *(*bn_new)(void);
    void *(*ctx_new)(void);
    int (*bn_rand)(void *out, int bits, int top, int bottom);
    int (*bn_exp)(void *out, const void *base, const void *exponent,
                  const void *modulus, void *ctx);
};

/* A stack that the two tell differently. */
struct difference {
    uintptr_t pc; /* of the last equal frame */
    size_t ours;
    size_t theirs;
};

static const evprof_unwinder_t *tables;
static const evprof_unwinder_t *libunwind;
static void (*runs[OBJECTS_MOST])(void *arg);
static void *handles[OBJECTS_MOST]; /* NULL: without exceptions */
static size_t run_count;
static atomic_ulong samples;
static atomic_ulong equal;
static atomic_ulong frames;
static struct difference shown[SHOWN_MOST];
static atomic_size_t shown_count;

static void
note_difference(const evprof_walk_t *ours, const evprof_walk_t *theirs)
{
    size_t common = 0;
    while (common < ours->count && common < theirs->count &&
           ours->pcs[common] == theirs->pcs[common]) {
        common++;
    }
    size_t at = atomic_fetch_add(&shown_count, 1);
    if (at < SHOWN_MOST) {
        shown[at] =
            (struct difference){ ours->pcs[common == 0 ? 0 : common - 1],
                                 ours->count, theirs->count };
    }
}

static void
on_sample(int number, siginfo_t *info, void *context)
{
    uintptr_t our_pcs[FRAMES];
    uintptr_t their_pcs[FRAMES];
    evprof_walk_t ours = { .pcs = our_pcs, .max = FRAMES };
    evprof_walk_t theirs = { .pcs = their_pcs, .max = FRAMES };
    (void)number;
    (void)info;
    tables->walk_context(&ours, context);
    libunwind->walk_context(&theirs, context);
    atomic_fetch_add(&samples, 1);
    atomic_fetch_add(&frames, ours.count);
    if (ours.count == theirs.count &&
        memcmp(our_pcs, their_pcs, ours.count * sizeof(our_pcs[0])) == 0) {
        atomic_fetch_add(&equal, 1);
    } else {
        note_difference(&ours, &theirs);
    }
}

/* The cases ask for single steps in a handler of theirs: not here. */
static void
on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    (void)number;
    (void)info;
    interrupted->uc_mcontext.gregs[REG_EFL] &= ~0x100LL;
}

static void
start_timer(void)
{
    struct sigaction action;
    struct sigevent event;
    struct itimerspec when;
    timer_t timer;
    memset(&action, 0, sizeof(action));
    memset(&event, 0, sizeof(event));
    memset(&when, 0, sizeof(when));
    action.sa_sigaction = on_sample;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    when.it_interval.tv_nsec = PERIOD_NS;
    when.it_value = when.it_interval;
    sigaction(SIGALRM, &action, NULL);
    action.sa_sigaction = on_trap;
    if (sigaction(SIGTRAP, &action, NULL) != 0 ||
        timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0) {
        perror("timer");
        exit(1);
    }
}

static void
load_object(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    void *symbol = handle == NULL ? NULL : dlsym(handle, "run_cases");
    if (symbol == NULL || run_count == OBJECTS_MOST) {
        fprintf(stderr, "%s\n", handle == NULL ? dlerror() : path);
        exit(1);
    }
    memcpy(&runs[run_count], &symbol, sizeof(symbol));
    handles[run_count++] = strstr(path, "throw") != NULL ? handle : NULL;
}

static bool
find(void *handle, const char *name, void *out)
{
    void *symbol = handle == NULL ? NULL : dlsym(handle, name);
    memcpy(out, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static bool
load_crypto(struct crypto *out)
{
    void *handle = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL);
    bool is_there = find(handle, "SHA512", &out->sha512) &&
                    find(handle, "BN_new", &out->bn_new) &&
                    find(handle, "BN_CTX_new", &out->ctx_new) &&
                    find(handle, "BN_rand", &out->bn_rand) &&
                    find(handle, "BN_mod_exp", &out->bn_exp);
    if (!is_there) {
        printf("libcrypto.so.3 is not there: its code is not sampled\n");
    }
    return is_there;
}

/* Digests, and the modular powers of RSA, for some milliseconds. */
static void
run_crypto(const struct crypto *crypto)
{
    static unsigned char data[65536];
    static void *numbers[4];
    static void *ctx;
    unsigned char digest[64];
    if (ctx == NULL) {
        ctx = crypto->ctx_new();
        for (size_t i = 0; i < 4; i++) {
            numbers[i] = crypto->bn_new();
            crypto->bn_rand(numbers[i], 1024, 0, 1);
        }
    }
    crypto->sha512(data, sizeof(data), digest);
    crypto->bn_exp(numbers[0], numbers[1], numbers[2], numbers[3], ctx);
    data[0] = digest[0];
}

static int
report(void)
{
    size_t count = atomic_load(&shown_count);
    for (size_t i = 0; i < count && i < SHOWN_MOST; i++) {
        Dl_info info = { 0 };
        dladdr((void *)shown[i].pc, &info);
        printf("%zu frames, libunwind %zu: part at %s %#lx of %s\n",
               shown[i].ours, shown[i].theirs,
               info.dli_sname == NULL ? "" : info.dli_sname,
               (unsigned long)(shown[i].pc - (uintptr_t)info.dli_fbase),
               info.dli_fname);
    }
    double all = (double)atomic_load(&samples);
    double same = (double)atomic_load(&equal);
    printf("%.0f samples, %.1f frames each: %.4f %% equal\n", all,
           (double)atomic_load(&frames) / all, 100 * same / all);
    return same >= 0.999 * all ? 0 : 1;
}

int
main(int argc, char **argv)
{
    struct crypto crypto = { 0 };
    unsigned long wanted = argc < 2 ? 0 : strtoul(argv[1], NULL, 10);
    tables = evprof_unwinder_find("tables");
    libunwind = evprof_unwinder_find("libunwind");
    for (int i = 2; i < argc; i++) {
        load_object(argv[i]);
    }
    bool has_crypto = load_crypto(&crypto);
    if (evprof_unwinder_prepare(tables) != 0 ||
        evprof_unwinder_prepare(libunwind) != 0) {
        fprintf(stderr, "an unwinder is missing\n");
        return 1;
    }
    start_timer();
    while (atomic_load(&samples) < wanted) {
        run_cases(NULL);
        run_cases_asm(NULL);
        for (size_t i = 0; i < run_count; i++) {
            runs[i](handles[i]);
        }
        if (has_crypto) {
            run_crypto(&crypto);
        }
    }
    signal(SIGALRM, SIG_IGN);
    return report();
}
