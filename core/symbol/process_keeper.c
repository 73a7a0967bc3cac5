/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper runs on the thread-local storage of the thread that made it, so
 * its code must not write errno and makes system calls without libc.
 *
 * Where Linux can, the keeper shares the server's table of descriptors until
 * its first step. A copy of the table would keep every connection open that the
 * server closes before that step, and libevent, which forgets a descriptor only
 * after it is closed, would be told of the connection again and again.
 */
#include "core/symbol/process_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"

#define STACK_SIZE ((size_t)32 << 10)

/* The size of the kernel's set of signals, which has also those reserved by
 * libc. */
#define SIGNAL_SET_SIZE 8

/* How long evprof_keeper_stop() waits, and how many keepers may be left
 * unreaped. */
#define STOP_TRIES 50
#define STOP_PAUSE_NS 2000000L
#define MAX_LATE 8

/* How long the start waits for the keeper's first steps. */
#define APART_NS INT64_C(2000000000)

/* Keepers that were not reaped yet; their stacks are in use until then. */
static struct late {
    pid_t pid;
    void *stack;
} late[MAX_LATE];

/* ---- In the keeper ---- */

/* Inlined, since sanitizers instrument calls. */
#if defined(__x86_64__)
__attribute__((always_inline)) static inline long
bare_call(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__attribute__((always_inline)) static inline long
bare_call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
                     : "memory");
    return x0;
}
#endif

typedef struct start {
    const char *path;
    int socket;
    dev_t device; /* of the socket, whose number may become another's */
    ino_t inode;
    bool shares_table;
    _Atomic uint32_t is_apart; /* the keeper has descriptors of its own */
} start_t;

/* Gives the keeper a table of its own. Descriptors above the socket are not
 * copied; those below are, and closed in a moment. False too where the server
 * has closed the socket meanwhile, whose number may then be a connection's. */
__attribute__((no_sanitize("address", "thread"))) static bool
part_tables(const start_t *start)
{
    struct stat st;
    if (start->shares_table &&
        bare_call(SYS_close_range, start->socket + 1, UINT32_MAX,
                  CLOSE_RANGE_UNSHARE, 0) != 0) {
        return false;
    }
    return bare_call(SYS_fstat, start->socket, (long)&st, 0, 0) == 0 &&
           st.st_dev == start->device && st.st_ino == start->inode;
}

/* The server may close its copy of the keeper's socket from now on. */
__attribute__((no_sanitize("address", "thread"))) static void
tell_apart(start_t *start)
{
    atomic_store(&start->is_apart, 1);
    (void)bare_call(SYS_futex, (long)&start->is_apart, FUTEX_WAKE_PRIVATE, 1,
                    0);
}

/* Closes every descriptor but the socket, which becomes descriptor 0. */
__attribute__((no_sanitize("address", "thread"))) static void
leave_socket(int socket)
{
    if (socket != 0) {
        (void)bare_call(SYS_dup3, socket, 0, 0, 0);
    }
    if (bare_call(SYS_close_range, 1, UINT32_MAX, 0, 0) != 0) {
        /* Before Linux 5.9. */
        for (long fd = 1; fd < 65536; fd++) {
            (void)bare_call(SYS_close, fd, 0, 0, 0);
        }
    }
}

/* The keeper's main function. Like a child of vfork(), the program's process
 * begins on the keeper's stack while the keeper waits, up to execve or exit. */
__attribute__((no_sanitize("address", "thread"))) static int
keep(void *arg)
{
    start_t *start = arg;
    /* Volatile, so that the stores do not become an instrumented memset. */
    const char *volatile words[2];
    words[0] = start->path;
    words[1] = NULL;
    bool is_apart = part_tables(start);
    if (is_apart) {
        leave_socket(start->socket);
    }
    tell_apart(start);
    if (!is_apart) {
        (void)bare_call(SYS_exit_group, 127, 0, 0, 0);
    }
    (void)bare_call(SYS_prctl, PR_SET_NAME, (long)EVPROF_KEEPER_NAME, 0, 0);
    /* Not setsid(): Linux shares the CPU between sessions first, and the
     * program's low priority would count for nothing beside the server. */
    (void)bare_call(SYS_setpgid, 0, 0, 0, 0);
    (void)bare_call(SYS_chdir, (long)"/", 0, 0, 0);
    long program =
        bare_call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0);
    if (program == 0) {
        (void)bare_call(SYS_execve, (long)words[0], (long)words,
                        (long)(words + 1), 0);
        (void)bare_call(SYS_exit_group, 127, 0, 0, 0);
    }
    (void)bare_call(SYS_close, 0, 0, 0, 0);
    if (program > 0) {
        (void)bare_call(SYS_wait4, program, 0, __WALL, 0);
    }
    (void)bare_call(SYS_exit_group, 0, 0, 0, 0);
    return 0;
}

/* Does what libc's clone(keep, stack, flags, start) does; sanitizers
 * intercept that. Returns the pid, or a negative errno. */
static long
bare_clone(char *stack, long flags, start_t *start)
{
#if defined(__x86_64__)
    long result;
    register int (*entry)(void *) __asm__("r12") = keep;
    register start_t *arg __asm__("r13") = start;
    register long zero __asm__("r10") = 0;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "1:"
                     : "=a"(result)
                     : "a"((long)SYS_clone), "D"(flags), "S"(stack), "d"(0L),
                       "r"(zero), "r"(entry), "r"(arg)
                     : "rcx", "r11", "r8", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = SYS_clone;
    register long x0 __asm__("x0") = flags;
    register char *x1 __asm__("x1") = stack;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register int (*entry)(void *) __asm__("x19") = keep;
    register start_t *arg __asm__("x20") = start;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, #0\n\t"
                     "mov x0, x20\n\t"
                     "blr x19\n\t"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(entry),
                       "r"(arg)
                     : "memory", "x30");
    return x0;
#endif
}

/* ---- In the server ---- */

static bool
reap(pid_t pid, void *stack, int flags)
{
    int status;
    pid_t got = waitpid(pid, &status, (int)__WCLONE | flags);
    if (got == 0 || (got < 0 && errno == EINTR)) {
        return false;
    }
    munmap(stack, STACK_SIZE);
    return true;
}

static void
reap_late(void)
{
    for (size_t i = 0; i < MAX_LATE; i++) {
        if (late[i].pid != 0 && reap(late[i].pid, late[i].stack, WNOHANG)) {
            late[i].pid = 0;
        }
    }
}

static bool
has_room(void)
{
    for (size_t i = 0; i < MAX_LATE; i++) {
        if (late[i].pid == 0) {
            return true;
        }
    }
    return false;
}

static void
reap_later(pid_t pid, void *stack)
{
    for (size_t i = 0; i < MAX_LATE; i++) {
        if (late[i].pid == 0) {
            late[i] = (struct late){ pid, stack };
            return;
        }
    }
}

/* Asks with a wrong range, which closes nothing. */
static bool
has_close_range(void)
{
    return syscall(SYS_close_range, 1, 0, 0) != 0 && errno == EINVAL;
}

/* Waits until the keeper has its own table, before the server closes the
 * keeper's socket. The caller needs an answer of the program that the keeper
 * starts afterwards, so nothing is delayed by the wait. A keeper that takes too
 * long, since it is stopped or starved, is killed. */
static void
await_apart(start_t *start, pid_t pid)
{
    int64_t until_ns = evprof_clock_ns(CLOCK_MONOTONIC) + APART_NS;
    if (!evprof_futex_await(&start->is_apart, 0, until_ns)) {
        kill(pid, SIGKILL);
    }
}

/* Makes the keeper with every signal blocked, a mask that it inherits. The
 * start_t is on the keeper's own stack, since the keeper may read it late. */
static pid_t
clone_keeper(char *stack, const char *path, int socket, const struct stat *st)
{
    unsigned long all = ~0UL;
    unsigned long before = 0;
    start_t *start = (start_t *)(void *)(stack + STACK_SIZE - 64);
    *start = (start_t){ .path = path,
                        .socket = socket,
                        .device = st->st_dev,
                        .inode = st->st_ino,
                        .shares_table = has_close_range() };
    long flags = CLONE_VM | (start->shares_table ? CLONE_FILES : 0);
    (void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before,
                  SIGNAL_SET_SIZE);
    long pid = bare_clone(stack + STACK_SIZE - 128, flags, start);
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL,
                  SIGNAL_SET_SIZE);
    if (pid > 0) {
        await_apart(start, (pid_t)pid);
    }
    errno = pid < 0 ? (int)-pid : 0;
    return (pid_t)pid;
}

static int
fail(evprof_error_t *err, const char *what)
{
    char text[EVPROF_ERRNO_TEXT_SIZE];
    return evprof_fail(err, EVPROF_EIO, "%s: %s", what,
                       evprof_errno_text(errno, text, sizeof(text)));
}

/* Copies the path to the lower end of the keeper's stack, since the keeper may
 * read it after the caller has returned. */
static const char *
copy_path(char *stack, const char *path)
{
    size_t len = strlen(path) + 1;
    return len > STACK_SIZE / 4 ? NULL : memcpy(stack, path, len);
}

int
evprof_keeper_start(evprof_keeper_t *keeper, const char *path,
                    evprof_error_t *err)
{
    int pair[2];
    struct stat theirs;
    reap_late();
    *keeper = (evprof_keeper_t){ .socket.fd = -1 };
    if (!has_room()) {
        return evprof_fail(err, EVPROF_EIO, "earlier helpers have not ended");
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   pair) != 0) {
        return fail(err, "socketpair");
    }
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    const char *own = stack == MAP_FAILED ? NULL : copy_path(stack, path);
    pid_t pid = own == NULL || fstat(pair[1], &theirs) != 0
                    ? -1
                    : clone_keeper(stack, own, pair[1], &theirs);
    int code = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        if (stack != MAP_FAILED) {
            munmap(stack, STACK_SIZE);
        }
        errno = code;
        return fail(err, "clone");
    }
    *keeper = (evprof_keeper_t){ .owner = getpid(),
                                 .pid = pid,
                                 .socket = evprof_own_descriptor(pair[0]),
                                 .stack = stack };
    return EVPROF_OK;
}

bool
evprof_keeper_is_ours(const evprof_keeper_t *keeper)
{
    return keeper->owner != 0 && keeper->owner == getpid() &&
           evprof_own_descriptor_is_open(&keeper->socket);
}

void
evprof_keeper_forget(evprof_keeper_t *keeper)
{
    if (keeper->owner != 0) {
        evprof_own_descriptor_close(&keeper->socket);
    }
    *keeper = (evprof_keeper_t){ .socket.fd = -1 };
    memset(late, 0, sizeof(late));
}

bool
evprof_keeper_check(evprof_keeper_t *keeper)
{
    reap_late();
    if (keeper->owner == 0) {
        return false;
    }
    if (keeper->owner != getpid()) {
        evprof_keeper_forget(keeper);
        return false;
    }
    if (!reap(keeper->pid, keeper->stack, WNOHANG)) {
        return true;
    }
    evprof_own_descriptor_close(&keeper->socket);
    *keeper = (evprof_keeper_t){ .socket.fd = -1 };
    return false;
}

void
evprof_keeper_stop(evprof_keeper_t *keeper)
{
    const struct timespec pause = { .tv_nsec = STOP_PAUSE_NS };
    if (keeper->owner == 0) {
        return; /* and those that are late stay known */
    }
    if (keeper->owner != getpid()) {
        evprof_keeper_forget(keeper);
        return;
    }
    evprof_own_descriptor_close(&keeper->socket);
    bool is_reaped = false;
    for (int i = 0; i < STOP_TRIES && !is_reaped; i++) {
        is_reaped = reap(keeper->pid, keeper->stack, WNOHANG);
        if (!is_reaped) {
            (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
    }
    if (!is_reaped) {
        reap_later(keeper->pid, keeper->stack);
    }
    *keeper = (evprof_keeper_t){ .socket.fd = -1 };
}
