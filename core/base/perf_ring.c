/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel moves the head after it has written a record, and overwrites only
 * what lies before the tail: the head is loaded before what it covers is read,
 * and the tail stored after that.
 */
#include "core/base/perf_ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int
evprof_perf_open(const struct perf_event_attr *attr, pid_t tid, int cpu)
{
    return (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

bool
evprof_perf_ring_map(evprof_perf_ring_t *ring, int fd, size_t pages,
                     size_t least)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (; pages >= least; pages /= 2) {
        void *at = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
        if (at != MAP_FAILED) {
            *ring = (evprof_perf_ring_t){ .page = at, .size = pages * page };
            return true;
        }
        if (errno != EPERM && errno != ENOMEM) {
            return false;
        }
    }
    return false;
}

void
evprof_perf_ring_unmap(evprof_perf_ring_t *ring)
{
    if (ring->page != NULL) {
        munmap(ring->page, ring->size + (size_t)sysconf(_SC_PAGESIZE));
        ring->page = NULL;
    }
}

uint64_t
evprof_perf_ring_head(const evprof_perf_ring_t *ring)
{
    return __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
}

const struct perf_event_header *
evprof_perf_ring_next(const evprof_perf_ring_t *ring, uint64_t head, void *room,
                      size_t room_size)
{
    const unsigned char *data =
        (const unsigned char *)ring->page + ring->page->data_offset;
    uint64_t tail = ring->page->data_tail;
    size_t at = tail & (ring->size - 1);
    const struct perf_event_header *header = (const void *)(data + at);
    if (tail >= head || header->size < sizeof(*header) ||
        header->size > head - tail) {
        return NULL;
    }
    size_t first = ring->size - at;
    if (header->size <= first) {
        return header;
    }
    if (header->size > room_size) {
        return NULL;
    }
    size_t size = header->size;
    memcpy(room, data + at, first);
    memcpy((unsigned char *)room + first, data, size - first);
    return room;
}

void
evprof_perf_ring_drop(const evprof_perf_ring_t *ring, size_t size)
{
    __atomic_store_n(&ring->page->data_tail, ring->page->data_tail + size,
                     __ATOMIC_RELEASE);
}

int
evprof_perf_level(void)
{
    int level = -2;
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
    if (file != NULL) {
        if (fscanf(file, "%d", &level) != 1) {
            level = -2;
        }
        fclose(file);
    }
    return level;
}
