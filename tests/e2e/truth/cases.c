/* SPDX-License-Identifier: Apache-2.0 */
/* The causes, each by the key of its row in the table of losses. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/sample/ask.h"
#include "core/sample/contention.h"
#include "core/sample/tap.h"
#include "tests/e2e/truth/truth.h"

static bool
is(const char *profile, const char *name)
{
    return strcmp(profile, name) == 0;
}

/* ---- Timers ---- */

/* Leaves the process so many queued-signal slots. */
static void
leave_slots(unsigned long slots)
{
    char line[256];
    unsigned long used = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "SigQ: %lu", &used) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    struct rlimit limit;
    getrlimit(RLIMIT_SIGPENDING, &limit);
    limit.rlim_cur = used + slots;
    if (setrlimit(RLIMIT_SIGPENDING, &limit) != 0) {
        abort();
    }
}

static void
few_slots(const char *profile)
{
    (void)profile;
    truth_start_burners(6, false);
    leave_slots(3);
}

/* Whatever other processes of the same user give back meanwhile. */
static void
no_slots(const char *profile)
{
    struct rlimit limit;
    (void)profile;
    truth_start_burners(2, false);
    getrlimit(RLIMIT_SIGPENDING, &limit);
    limit.rlim_cur = 0;
    if (setrlimit(RLIMIT_SIGPENDING, &limit) != 0) {
        abort();
    }
}

static timer_t hoard[8];
static int hoarded;

/* All slots are taken, until the middle of the profile. */
static void
slots_later(const char *profile)
{
    few_slots(profile);
    while (hoarded < 2 &&
           timer_create(CLOCK_MONOTONIC, NULL, &hoard[hoarded]) == 0) {
        hoarded++;
    }
}

static void
free_slots(const char *profile)
{
    (void)profile;
    truth_burn(0.1);
    leave_slots(64);
    for (int i = 0; i < hoarded; i++) {
        timer_delete(hoard[i]);
    }
    truth_burn(0.5);
}

static void
no_timers(const char *profile)
{
    (void)profile;
    truth_start_burners(2, false);
    truth_refuse(SYS_timer_create, EPERM);
}

static void
no_settime(const char *profile)
{
    (void)profile;
    truth_start_burners(2, false);
    truth_refuse(SYS_timer_settime, EPERM);
}

/* ---- Signals ---- */

static void
burn(const char *profile)
{
    (void)profile;
    truth_burn(0.5);
}

static void
hold_back(const char *profile)
{
    (void)profile;
    truth_start_burners(2, true);
}

static void *
ignore_always(void *unused)
{
    for (;;) {
        signal(SIGPROF, SIG_IGN);
    }
    return unused;
}

static void
intrude_early(const char *profile)
{
    pthread_t thread;
    truth_start_burners(2, false);
    if (is(profile, "goroutine")) {
        pthread_create(&thread, NULL, ignore_always, NULL);
        truth_burn(0.05);
    }
}

static void
intrude(const char *profile)
{
    signal(SIGPROF, SIG_IGN);
    burn(profile);
}

/* ---- Room ---- */

static _Atomic bool may_drain;

static void
stick(void *ctx, const evprof_record_t *record)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    (void)ctx;
    (void)record;
    while (!atomic_load(&may_drain)) {
        nanosleep(&moment, NULL);
    }
}

/* Enough that each burner's last expiries are among them. A first drop may only
 * mean that a ring was claimed: the next sample then carries its weight. */
#define DROPS 60

/* Another tap keeps the drainer busy: rings run full. */
static void
stop_draining(const char *profile)
{
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find("auto"),
                               .depth = 16,
                               .uses_signals = true,
                               .sink = stick };
    evprof_thread_t *self = evprof_thread_self();
    (void)profile;
    if (evprof_tap_open(EVPROF_TAP_WALL, &tap, NULL) != EVPROF_OK ||
        evprof_ask_sleeper(EVPROF_TAP_WALL, self,
                           atomic_load(&self->generation)) != EVPROF_OK) {
        abort();
    }
    truth_start_burners(4, false);
    evprof_tap_stats_t stats = { 0 };
    while (stats.dropped < DROPS) {
        truth_burn(0.1);
        evprof_tap_stats(EVPROF_TAP_CPU, &stats);
    }
    truth_stop();
    atomic_store(&may_drain, true);
    evprof_tap_close(EVPROF_TAP_WALL);
}

static void
nest_and_burn(void *unused)
{
    (void)unused;
    truth_burn(0.3);
}

static void
go_deep(const char *profile)
{
    (void)profile;
    truth_nest(100, nest_and_burn, NULL);
}

/* ---- Walks ---- */

/* A loop in memory that nobody has tables for, on a stack that holds nothing:
 * its callers cannot be found by any means. */
static void
run_blind(const char *profile)
{
#ifdef __x86_64__
    static const unsigned char code[] = {
        0x48, 0x89, 0xe1, /* mov %rsp,%rcx */
        0x49, 0x89, 0xe8, /* mov %rbp,%r8 */
        0x48, 0x89, 0xfc, /* mov %rdi,%rsp */
        0x48, 0x31, 0xed, /* xor %rbp,%rbp */
        0x48, 0xff, 0xce, /* dec %rsi */
        0x75, 0xfb,       /* jnz the line before */
        0x48, 0x89, 0xcc, /* mov %rcx,%rsp */
        0x4c, 0x89, 0xc5, /* mov %r8,%rbp */
        0xc3,             /* ret */
    };
    (void)profile;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static uintptr_t stack[1024];
    if (memory == MAP_FAILED) {
        abort();
    }
    memcpy(memory, code, sizeof(code));
    void (*call)(void *, uint64_t);
    memcpy(&call, &memory, sizeof(call));
    call(&stack[512], UINT64_C(2000000000));
#else
    (void)profile;
    _exit(TRUTH_SKIP);
#endif
}

static void
sleepers(const char *profile)
{
    (void)profile;
    truth_start_sleepers(3);
}

static void
unreadable(const char *profile)
{
    sleepers(profile);
    truth_refuse(SYS_process_vm_readv, EPERM);
}

static void
no_proc(const char *profile)
{
    (void)profile;
    truth_lose_proc();
    truth_start_sleepers(1);
}

static void
pause_shortly(const char *profile)
{
    const struct timespec moment = { .tv_nsec = 300000000 };
    (void)profile;
    nanosleep(&moment, NULL);
}

/* ---- Locks ---- */

static void
count_waits(int count, int callers)
{
    static char sites[65536];
    for (int i = 0; i < count; i++) {
        evprof_wait_t wait;
        const void *caller = &sites[i % callers];
        const evprof_unlock_t given = { .waited_ns = 1000000 };
        evprof_wait_begin(&wait, EVPROF_WAIT_MUTEX, &wait, caller);
        wait.start_ns -= 1000000;
        evprof_wait_end(&wait, 0);
        evprof_unlock_end(EVPROF_WAIT_MUTEX, &wait, &given, caller);
    }
}

static void
wait_often(const char *profile)
{
    (void)profile;
    count_waits(100000, 1);
}

/* New stacks until there is no room: as many a second as are recorded. */
static void
fill_stacks(const char *profile)
{
    evprof_contention_stats_t stats = { 0 };
    enum evprof_contention_kind kind = is(profile, "block")
                                           ? EVPROF_CONTENTION_BLOCK
                                           : EVPROF_CONTENTION_MUTEX;
    const struct timespec moment = { .tv_nsec = 2000000 };
    static int at;
    static char sites[1 << 20];
    while (stats.no_room == 0) {
        for (int i = 0; i < 2; i++) {
            evprof_wait_t wait;
            const void *caller = &sites[at++ % (int)sizeof(sites)];
            const evprof_unlock_t given = { .waited_ns = 1000000 };
            evprof_wait_begin(&wait, EVPROF_WAIT_MUTEX, &wait, caller);
            wait.start_ns -= 1000000;
            evprof_wait_end(&wait, 0);
            evprof_unlock_end(EVPROF_WAIT_MUTEX, &wait, &given, caller);
        }
        nanosleep(&moment, NULL);
        evprof_contention_stats(kind, &stats);
    }
}

static void
contend(const char *profile)
{
    (void)profile;
    truth_contend(40);
}

/* ---- Heap ---- */

static void
allocate(const char *profile)
{
    (void)profile;
    truth_allocate(40);
}

static void
small_files(const char *profile)
{
    const struct rlimit limit = { 100, 100 };
    allocate(profile);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        abort();
    }
}

/* ---- All profiles ---- */

/* More distinct stacks than a profile keeps. */
static void
add_entry(void *arg)
{
    evprof_profile_add(evprof_lookup(NULL, "other"), arg, 0);
}

static void
many_stacks(const char *profile)
{
    static char things[40];
    if (is(profile, "other")) {
        (void)evprof_profile_new(NULL, "other", NULL);
        for (int i = 0; i < 40; i++) {
            truth_nest(i, add_entry, &things[i]);
        }
    } else if (is(profile, "cpu")) {
        truth_start_burners(40, false);
    } else if (is(profile, "heap") || is(profile, "allocs")) {
        truth_allocate(40);
    } else if (is(profile, "block") || is(profile, "mutex")) {
        truth_contend(100);
    } else {
        truth_start_sleepers(40);
    }
}

static void
many_during(const char *profile)
{
    if (is(profile, "cpu")) {
        truth_burn(0.6);
    } else {
        pause_shortly(profile);
    }
}

/* The bound on values is reached, and then everything is done under a label. */
static void
many_labels(const char *profile)
{
    char value[32];
    for (int i = 0; i < 9000; i++) {
        (void)snprintf(value, sizeof(value), "v%d", i);
        evprof_label_push("customer", value);
    }
    if (is(profile, "wall") || is(profile, "goroutine")) {
        truth_start_sleepers(1);
    } else if (!is(profile, "cpu")) {
        many_stacks(profile);
    }
}

static void
use_up_files(const char *profile)
{
    const struct rlimit none = { 0, 0 };
    burn(profile);
    if (setrlimit(RLIMIT_NOFILE, &none) != 0) {
        abort();
    }
}

/* Neither the files nor /proc are there any more. */
static void
change_root(const char *profile)
{
    const char *folder = getenv("TRUTH_EMPTY_FOLDER");
    burn(profile);
    if (folder == NULL || chroot(folder) != 0 || chdir("/") != 0) {
        perror("chroot");
        _exit(TRUTH_SKIP);
    }
}

static void
refuse_open(const char *profile)
{
    burn(profile);
    truth_refuse(SYS_openat, EACCES);
}

static void
add_own(const char *profile)
{
    if (is(profile, "other")) {
        (void)evprof_profile_new(NULL, "other", NULL);
    }
}

/* What is said of names is said in every profile type. */
#define HELPER_DEAD(profile)                                                   \
    {                                                                          \
        .name = "helper_dead_" profile, .before = many_stacks,                 \
        .during = many_during, .names_of = (profile)                           \
    }

const truth_case_t truth_cases[] = {
    { .name = "timer_slots", .before = few_slots, .during = burn },
    { .name = "timer_slots_later",
      .before = slots_later,
      .during = free_slots },
    { .name = "timer_refused", .before = no_timers, .during = burn },
    { .name = "timer_refused_settime", .before = no_settime, .during = burn },
    { .name = "held_back", .before = hold_back, .during = burn },
    { .name = "handler_replaced", .before = intrude_early, .during = intrude },
    { .name = "no_room", .during = stop_draining },
    { .name = "table_full",
      .during = burn,
      .is_direct = true,
      .options = { .table_bytes = 1, .depth = 128, .rate_hz = 100 } },
    { .name = "table_full_locks", .before = fill_stacks },
    { .name = "too_deep",
      .during = go_deep,
      .is_direct = true,
      .options = { .depth = 16, .rate_hz = 100 } },
    { .name = "not_walked", .during = run_blind },
    { .name = "unreadable", .before = unreadable, .during = pause_shortly },
    { .name = "unanswered", .before = hold_back, .during = burn },
    { .name = "ask_slots", .before = no_slots, .during = burn },
    { .name = "ask_refused", .before = no_timers, .during = burn },
    { .name = "threads_unlisted", .before = no_proc, .during = burn },
    { .name = "too_many_events", .before = wait_often },
    { .name = "switched_off", .before = contend },
    { .name = "idle", .before = add_own, .during = pause_shortly },
    { .name = "idle_difference", .before = many_stacks, .seconds = 0.1 },
    { .name = "only_in_use", .before = allocate },
    { .name = "short_stacks", .before = allocate },
    { .name = "new_threads_out", .before = allocate },
    { .name = "interval_wide", .before = allocate },
    { .name = "dump_refused", .before = small_files },
    { .name = "dump_refused_proc", .before = no_proc },
    { .name = "folded", .before = many_stacks, .during = many_during },
    { .name = "beyond_samples", .before = many_stacks, .during = many_during },
    { .name = "no_heap" },
    { .name = "labels_full", .before = many_labels, .during = many_during },
    { .name = "lines",
      .before = sleepers,
      .during = burn,
      .names_of = "goroutine" },
    HELPER_DEAD("cpu"),
    HELPER_DEAD("wall"),
    HELPER_DEAD("heap"),
    HELPER_DEAD("allocs"),
    HELPER_DEAD("goroutine"),
    HELPER_DEAD("threadcreate"),
    HELPER_DEAD("block"),
    HELPER_DEAD("mutex"),
    { .name = "names_descriptors", .during = use_up_files, .names_of = "cpu" },
    { .name = "names_chroot", .during = change_root, .names_of = "cpu" },
    { .name = "names_denied", .during = refuse_open, .names_of = "cpu" },
    { .name = NULL },
};
