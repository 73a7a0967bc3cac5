/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: makes one call fail that the library under test makes.
 * FAULT_CALL names it (malloc, pthread_create, timer_create, open, read, mmap,
 * eventfd, epoll_create, process_vm_readv), FAULT_N is the number of the call
 * that fails, from 1. A call counts when it comes from libevprof*. The program
 * sets fault_is_on, and fault_print() says how many calls there were of each.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
    CALL_MALLOC,
    CALL_PTHREAD_CREATE,
    CALL_TIMER_CREATE,
    CALL_OPEN,
    CALL_READ,
    CALL_MMAP,
    CALL_EVENTFD,
    CALL_EPOLL_CREATE,
    CALL_VM_READV,
    CALLS
};

static const char *const names[CALLS] = {
    "malloc",  "pthread_create", "timer_create", "open", "read", "mmap",
    "eventfd", "epoll_create",   "process_vm_readv"
};

#define SHOWN __attribute__((visibility("default")))

void fault_print(void);

SHOWN atomic_bool fault_is_on;
static atomic_int counts[CALLS];

enum { RANGES_MOST = 32 };
static struct {
    uintptr_t low;
    uintptr_t high;
} ranges[RANGES_MOST];
static int range_count;
static int failing = -1;
static int number;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static int
note_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (strstr(info->dlpi_name, "libevprof") == NULL) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum && range_count < RANGES_MOST; i++) {
        const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
        if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) != 0) {
            ranges[range_count].low = info->dlpi_addr + phdr->p_vaddr;
            ranges[range_count].high =
                ranges[range_count].low + phdr->p_memsz;
            range_count++;
        }
    }
    return 0;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *call = getenv("FAULT_CALL");
    const char *n = getenv("FAULT_N");
    dl_iterate_phdr(note_object, NULL);
    for (int i = 0; i < CALLS && call != NULL; i++) {
        failing = strcmp(names[i], call) == 0 ? i : failing;
    }
    number = n == NULL ? 0 : atoi(n);
}

static bool
fails(enum call call, const void *from)
{
    uintptr_t pc = (uintptr_t)from;
    bool is_ours = false;
    if (!atomic_load(&fault_is_on)) {
        return false;
    }
    for (int i = 0; i < range_count; i++) {
        is_ours |= pc >= ranges[i].low && pc < ranges[i].high;
    }
    bool is_it = is_ours && atomic_fetch_add(&counts[call], 1) + 1 == number &&
                 failing == (int)call;
    if (is_it) {
        Dl_info info;
        char text[256];
        if (dladdr(from, &info) != 0) {
            int len = snprintf(text, sizeof(text), "fault: %s at %s+0x%zx\n",
                               names[call], info.dli_fname,
                               (size_t)(pc - (uintptr_t)info.dli_fbase));
            (void)!syscall(SYS_write, 2, text, (size_t)len);
        }
    }
    return is_it;
}

SHOWN void
fault_print(void)
{
    for (int i = 0; i < CALLS; i++) {
        printf("calls: %s %d\n", names[i], atomic_load(&counts[i]));
    }
}

#define FROM __builtin_return_address(0)
#define NEXT(name)                                                             \
    static __typeof__(&(name)) next;                                           \
    if (next == NULL) {                                                        \
        void *found = dlsym(RTLD_NEXT, #name);                                 \
        memcpy(&next, &found, sizeof(next));                                   \
    }

SHOWN void *
malloc(size_t size)
{
    if (fails(CALL_MALLOC, FROM)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

SHOWN void *
calloc(size_t count, size_t size)
{
    if (fails(CALL_MALLOC, FROM)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(count, size);
}

SHOWN void *
realloc(void *block, size_t size)
{
    if (fails(CALL_MALLOC, FROM)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(block, size);
}

SHOWN char *
strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = fails(CALL_MALLOC, FROM) ? NULL : __libc_malloc(size);
    if (copy == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return memcpy(copy, text, size);
}

SHOWN int
pthread_create(pthread_t *out, const pthread_attr_t *attr,
               void *(*run)(void *), void *arg)
{
    NEXT(pthread_create)
    return fails(CALL_PTHREAD_CREATE, FROM) ? EAGAIN
                                            : next(out, attr, run, arg);
}

/* Raw calls: the library makes its timers so. */
SHOWN long
syscall(long what, ...)
{
    long args[6];
    va_list list;
    va_start(list, what);
    for (int i = 0; i < 6; i++) {
        args[i] = va_arg(list, long);
    }
    va_end(list);
    NEXT(syscall)
    if (what == SYS_timer_create && fails(CALL_TIMER_CREATE, FROM)) {
        errno = EAGAIN;
        return -1;
    }
    return next(what, args[0], args[1], args[2], args[3], args[4], args[5]);
}

SHOWN int
open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    NEXT(open)
    if (fails(CALL_OPEN, FROM)) {
        errno = EMFILE;
        return -1;
    }
    return next(path, flags, mode);
}

SHOWN int
openat(int folder, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    NEXT(openat)
    if (fails(CALL_OPEN, FROM)) {
        errno = EMFILE;
        return -1;
    }
    return next(folder, path, flags, mode);
}

SHOWN ssize_t
read(int fd, void *out, size_t size)
{
    NEXT(read)
    if (fails(CALL_READ, FROM)) {
        errno = EIO;
        return -1;
    }
    return next(fd, out, size);
}

SHOWN void *
mmap(void *address, size_t size, int protection, int flags, int fd,
     off_t offset)
{
    NEXT(mmap)
    if (fails(CALL_MMAP, FROM)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return next(address, size, protection, flags, fd, offset);
}

SHOWN int
eventfd(unsigned count, int flags)
{
    NEXT(eventfd)
    if (fails(CALL_EVENTFD, FROM)) {
        errno = EMFILE;
        return -1;
    }
    return next(count, flags);
}

SHOWN int
epoll_create1(int flags)
{
    NEXT(epoll_create1)
    if (fails(CALL_EPOLL_CREATE, FROM)) {
        errno = EMFILE;
        return -1;
    }
    return next(flags);
}

SHOWN ssize_t
process_vm_readv(pid_t pid, const struct iovec *local, unsigned long locals,
                 const struct iovec *remote, unsigned long remotes,
                 unsigned long flags)
{
    NEXT(process_vm_readv)
    if (fails(CALL_VM_READV, FROM)) {
        errno = EPERM;
        return -1;
    }
    return next(pid, local, locals, remote, remotes, flags);
}
