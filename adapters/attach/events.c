/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock is the software event "task clock": it needs no hardware counter,
 * so it works in virtual machines. An event with inheritance can only be
 * mapped for a given processor, hence threads times processors.
 *
 * The kernel's part of a thread's time is counted where that is permitted; its
 * frames are never asked for. A ring's pages are locked memory, of which other
 * users than root have half a megabyte a processor (perf_event_mlock_kb), so
 * its size is halved until it fits.
 */
#include "adapters/attach/events.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/attach/registers.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/perf_ring.h"

/* Bytes copied of each stack. A record is at most 64 KiB. */
#define STACK_BYTES 32768u
#define RECORD_MAX 65536u
#define RING_PAGES 512u
#define RING_PAGES_MIN 16u

typedef struct ring {
    int fd; /* the event that owns it; -1: none yet */
    evprof_perf_ring_t data;
} ring_t;

struct evprof_events {
    struct perf_event_attr attr;
    pid_t pid;
    ring_t *rings; /* one a processor */
    size_t ring_count;
    struct pollfd *polled; /* the rings' descriptors */
    int *fds;
    size_t fd_count;
    size_t fd_cap;
    uint64_t lost;
    size_t threads;
    size_t left_out;
    unsigned char record[RECORD_MAX]; /* one that wraps around, in one piece */
};

static void
fill_attr(struct perf_event_attr *attr, uint64_t period_ns)
{
    *attr = (struct perf_event_attr){
        .size = sizeof(*attr),
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_TASK_CLOCK,
        .sample_period = period_ns,
        .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_CALLCHAIN |
                       PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
        .sample_regs_user = evprof_registers_mask,
        .sample_stack_user = STACK_BYTES,
        .wakeup_watermark = RING_PAGES_MIN * 1024,
    };
    attr->disabled = 1;
    attr->inherit = 1;
    attr->watermark = 1;
    attr->exclude_hv = 1;
    attr->exclude_callchain_kernel = 1;
}

/* ---- Opening ---- */

static int
refuse(int error, pid_t pid, evprof_error_t *err)
{
    char text[EVPROF_ERRNO_TEXT_SIZE];
    if (error == ESRCH) {
        return evprof_fail(err, EVPROF_ENOENT, "there is no process %d",
                           (int)pid);
    }
    if (error == EACCES || error == EPERM) {
        return evprof_fail(
            err, EVPROF_EPERM,
            "perf_event_open is not permitted for it (%s; "
            "kernel.perf_event_paranoid is %d, and it must be a process of "
            "yours)",
            evprof_errno_text(error, text, sizeof(text)), evprof_perf_level());
    }
    return evprof_fail(err, EVPROF_ENOTSUP, "perf_event_open: %s",
                       evprof_errno_text(error, text, sizeof(text)));
}

/* Connects the event to the ring of its processor; the first event of a
 * processor makes the ring. */
static int
join_ring(evprof_events_t *e, size_t cpu, int fd)
{
    ring_t *ring = &e->rings[cpu];
    if (ring->fd >= 0) {
        return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) == 0 ? 0 : errno;
    }
    if (!evprof_perf_ring_map(&ring->data, fd, RING_PAGES, RING_PAGES_MIN)) {
        return errno;
    }
    ring->fd = fd;
    e->polled[cpu] = (struct pollfd){ .fd = fd, .events = POLLIN };
    return 0;
}

/* Opens events of a thread on all processors that are online. Returns 0, or an
 * errno. */
static int
open_thread(evprof_events_t *e, pid_t tid)
{
    int error = 0;
    size_t opened = 0;
    for (size_t cpu = 0; cpu < e->ring_count && error == 0; cpu++) {
        int *fds =
            evprof_grow(e->fds, &e->fd_cap, e->fd_count + 1, sizeof(*e->fds));
        if (fds == NULL) {
            return ENOMEM;
        }
        e->fds = fds;
        int fd = evprof_perf_open(&e->attr, tid, (int)cpu);
        if (fd < 0) {
            error = errno == ENODEV ? 0 : errno; /* a processor that is off */
            continue;
        }
        e->fds[e->fd_count++] = fd;
        opened++;
        error = join_ring(e, cpu, fd);
    }
    return error != 0 ? error : opened > 0 ? 0 : ENODEV;
}

/* Opens the event with the time in the kernel, or without it where that is not
 * permitted. */
static int
open_first(evprof_events_t *e, pid_t tid)
{
    int error = open_thread(e, tid);
    if ((error == EACCES || error == EPERM) && e->fd_count == 0) {
        e->attr.exclude_kernel = 1;
        error = open_thread(e, tid);
    }
    return error;
}

static int
open_threads(evprof_events_t *e, evprof_error_t *err)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)e->pid);
    DIR *dir = opendir(path);
    int error = dir == NULL ? ESRCH : 0;
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (tid <= 0) {
            continue;
        }
        int refused =
            e->fd_count == 0 ? open_first(e, tid) : open_thread(e, tid);
        if (refused != ESRCH) { /* else it ended meanwhile */
            e->threads++;
            e->left_out += refused != 0;
            error = refused != 0 ? refused : error;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return e->threads > e->left_out
               ? EVPROF_OK
               : refuse(error != 0 ? error : ESRCH, e->pid, err);
}

/* A thread takes as many descriptors as there are processors. */
static void
raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static evprof_events_t *
make(pid_t pid, uint64_t period_ns)
{
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    evprof_events_t *e = calloc(1, sizeof(*e));
    if (e == NULL || processors < 1) {
        free(e);
        return NULL;
    }
    e->pid = pid;
    e->ring_count = (size_t)processors;
    e->rings = calloc(e->ring_count, sizeof(*e->rings));
    e->polled = calloc(e->ring_count, sizeof(*e->polled));
    if (e->rings == NULL || e->polled == NULL) {
        evprof_events_free(e);
        return NULL;
    }
    for (size_t i = 0; i < e->ring_count; i++) {
        e->rings[i].fd = -1;
        e->polled[i].fd = -1;
    }
    fill_attr(&e->attr, period_ns);
    return e;
}

static void
each(const evprof_events_t *e, unsigned long request)
{
    for (size_t i = 0; i < e->fd_count; i++) {
        (void)ioctl(e->fds[i], request, 0);
    }
}

int
evprof_events_open(pid_t pid, uint64_t period_ns, evprof_events_t **out,
                   evprof_error_t *err)
{
    evprof_events_t *e = make(pid, period_ns);
    if (e == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    raise_limit();
    int status = open_threads(e, err);
    if (status != EVPROF_OK) {
        evprof_events_free(e);
        return status;
    }
    each(e, PERF_EVENT_IOC_ENABLE);
    *out = e;
    return EVPROF_OK;
}

/* ---- Reading ---- */

bool
evprof_events_wait(evprof_events_t *events, int timeout_ms)
{
    char path[64];
    (void)poll(events->polled, events->ring_count, timeout_ms);
    for (size_t i = 0; i < events->ring_count; i++) {
        if ((events->polled[i].revents & POLLHUP) != 0) {
            events->polled[i].fd = -1; /* its thread ended: it wakes nobody */
        }
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)events->pid);
    return access(path, F_OK) == 0;
}

/* Takes the parts of a sample apart, in the order of perf_event_open(2). */
static bool
parse_sample(const unsigned char *at, const unsigned char *end,
             evprof_event_t *out)
{
    const uint64_t *words = (const void *)at;
    size_t left = (size_t)(end - at) / sizeof(*words);
    unsigned registers = (unsigned)__builtin_popcountll(evprof_registers_mask);
    *out = (evprof_event_t){ .tid = left > 0 ? (pid_t)(words[0] >> 32) : 0 };
    if (left < 2 || words[1] > left - 2) {
        return false;
    }
    out->chain = words + 2;
    out->chain_count = words[1];
    words += 2 + out->chain_count;
    left -= 2 + out->chain_count;
    if (left < 1 || (words[0] != 0 && left < 1 + registers)) {
        return false;
    }
    out->registers = words[0] == 0 ? NULL : words + 1;
    size_t used = words[0] == 0 ? 1 : 1 + registers;
    words += used;
    left -= used;
    if (left < 1 || words[0] == 0) {
        return true;
    }
    size_t copied = words[0] / sizeof(*words);
    if (copied + 2 > left || words[1 + copied] > words[0]) {
        return false;
    }
    out->stack = (const void *)(words + 1);
    out->stack_size = words[1 + copied];
    return true;
}

static void
take_record(evprof_events_t *e, const struct perf_event_header *header,
            void (*fn)(void *ctx, const evprof_event_t *event), void *ctx)
{
    const unsigned char *body = (const unsigned char *)(header + 1);
    const unsigned char *end = (const unsigned char *)header + header->size;
    evprof_event_t event;
    uint64_t lost;
    if (header->type == PERF_RECORD_SAMPLE && parse_sample(body, end, &event)) {
        fn(ctx, &event);
    } else if (header->type == PERF_RECORD_LOST &&
               (size_t)(end - body) >= 2 * sizeof(lost)) {
        memcpy(&lost, body + sizeof(lost), sizeof(lost));
        e->lost += lost;
    }
}

void
evprof_events_read(evprof_events_t *events,
                   void (*fn)(void *ctx, const evprof_event_t *event),
                   void *ctx)
{
    for (size_t i = 0; i < events->ring_count; i++) {
        const evprof_perf_ring_t *ring = &events->rings[i].data;
        if (ring->page == NULL) {
            continue;
        }
        uint64_t head = evprof_perf_ring_head(ring);
        const struct perf_event_header *header;
        while ((header = evprof_perf_ring_next(ring, head, events->record,
                                               sizeof(events->record))) !=
               NULL) {
            size_t size = header->size;
            take_record(events, header, fn, ctx);
            evprof_perf_ring_drop(ring, size);
        }
    }
}

void
evprof_events_stop(evprof_events_t *events)
{
    each(events, PERF_EVENT_IOC_DISABLE);
}

void
evprof_events_losses(const evprof_events_t *events, evprof_events_losses_t *out)
{
    *out = (evprof_events_losses_t){
        .lost = events->lost,
        .threads = events->threads,
        .left_out = events->left_out,
        .lacks_kernel = events->attr.exclude_kernel != 0,
    };
    for (size_t i = 0; i < events->fd_count; i++) {
        uint64_t ns;
        if (read(events->fds[i], &ns, sizeof(ns)) == (ssize_t)sizeof(ns)) {
            out->cpu_ns += ns;
        }
    }
}

void
evprof_events_free(evprof_events_t *events)
{
    if (events == NULL) {
        return;
    }
    for (size_t i = 0; events->rings != NULL && i < events->ring_count; i++) {
        evprof_perf_ring_unmap(&events->rings[i].data);
    }
    for (size_t i = 0; i < events->fd_count; i++) {
        close(events->fds[i]);
    }
    free(events->rings);
    free(events->polled);
    free(events->fds);
    free(events);
}
