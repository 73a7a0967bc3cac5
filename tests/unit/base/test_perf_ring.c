/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of a ring, and how its memory is asked for. The kernel's part is
 * played by the test: mmap() refuses what a limit on locked memory would.
 */
#include "core/base/perf_ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/base/tests.h"

/* The linker gives the library's calls of mmap() to __wrap_mmap(). */
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd,
                  off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd,
                  off_t offset);

enum { RING_FD = -7, SIZE = 64 };

/* What a ring's descriptor gets: so many pages at most, else `refusal`. */
static size_t permitted_pages;
static int refusal;
static size_t asked;

void *
__wrap_mmap(void *at, size_t size, int protection, int flags, int fd,
            off_t offset)
{
    if (fd != RING_FD) {
        return __real_mmap(at, size, protection, flags, fd, offset);
    }
    asked++;
    if (size > permitted_pages * (size_t)sysconf(_SC_PAGESIZE)) {
        errno = refusal;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0);
}

/* One page more than those of the records is for the head of the ring. */
static void
test_as_large_as_permitted(void **state)
{
    static const struct {
        size_t permitted;
        int refusal;
        size_t least;
        size_t pages; /* 0: none */
        size_t asked;
    } cases[] = {
        { 9, EPERM, 1, 8, 1 }, { 8, EPERM, 1, 4, 2 },  { 8, ENOMEM, 4, 4, 2 },
        { 2, EPERM, 1, 1, 4 }, { 1, EPERM, 1, 0, 4 },  { 4, ENOMEM, 4, 0, 2 },
        { 8, EBADF, 1, 0, 1 }, { 9, EBADF, 16, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_perf_ring_t ring = { .page = NULL };
        permitted_pages = cases[i].permitted;
        refusal = cases[i].refusal;
        asked = 0;
        bool is_mapped =
            evprof_perf_ring_map(&ring, RING_FD, 8, cases[i].least);
        assert_int_equal(asked, cases[i].asked);
        assert_int_equal(is_mapped, cases[i].pages > 0);
        assert_int_equal(ring.page != NULL, is_mapped);
        assert_int_equal(ring.size,
                         cases[i].pages * (size_t)sysconf(_SC_PAGESIZE));
        evprof_perf_ring_unmap(&ring);
        assert_null(ring.page);
    }
}

/* A ring of SIZE bytes right behind its head. */
typedef struct fake {
    struct perf_event_mmap_page page;
    unsigned char data[SIZE];
    evprof_perf_ring_t ring;
} fake_t;

static void
put_record(fake_t *fake, uint64_t at, uint16_t size)
{
    const struct perf_event_header header = { .type = 1, .size = size };
    for (size_t i = 0; i < size; i++) {
        fake->data[(at + i) % SIZE] = (unsigned char)(at + i);
    }
    for (size_t i = 0; i < sizeof(header); i++) {
        fake->data[(at + i) % SIZE] = ((const unsigned char *)&header)[i];
    }
}

/* What is given out is whole, also where it wraps around; a record that cannot
 * be one is not. */
static void
test_next_record(void **state)
{
    enum { NONE, IN_PLACE, IN_ROOM };
    static const struct {
        uint64_t tail;
        uint64_t head;
        uint16_t size;
        size_t room;
        int where;
    } cases[] = {
        { 0, 16, 16, 0, IN_PLACE },
        { 0, 40, 16, 0, IN_PLACE },
        { 64, 80, 16, 0, IN_PLACE },
        { 48, 64, 16, 0, IN_PLACE }, /* to the last byte */
        { 0, 8, 8, 0, IN_PLACE },    /* nothing behind its header */
        { 0, 64, 64, 0, IN_PLACE },
        { 48, 72, 24, 24, IN_ROOM },
        { 1144, 1184, 40, 48, IN_ROOM },
        { 48, 72, 24, 23, NONE }, /* the room is too small */
        { 0, 0, 16, 64, NONE },   /* nothing was written */
        { 64, 64, 16, 64, NONE },
        { 0, 15, 16, 64, NONE }, /* beyond the head */
        { 32, 40, 16, 64, NONE },
        { 0, 16, 7, 64, NONE }, /* less than a header */
        { 0, 16, 0, 64, NONE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_t fake = { .page = { .data_offset = offsetof(fake_t, data),
                                  .data_head = cases[i].head,
                                  .data_tail = cases[i].tail } };
        unsigned char room[SIZE];
        fake.ring = (evprof_perf_ring_t){ .page = &fake.page, .size = SIZE };
        put_record(&fake, cases[i].tail, cases[i].size);
        const uint64_t head = evprof_perf_ring_head(&fake.ring);
        assert_int_equal(head, cases[i].head);
        const void *next =
            evprof_perf_ring_next(&fake.ring, head, room, cases[i].room);
        assert_ptr_equal(next, cases[i].where == NONE ? NULL
                               : cases[i].where == IN_ROOM
                                   ? room
                                   : fake.data + cases[i].tail % SIZE);
        if (next == NULL) {
            continue;
        }
        const struct perf_event_header *header = next;
        assert_int_equal(header->size, cases[i].size);
        for (size_t k = sizeof(*header); k < cases[i].size; k++) {
            assert_int_equal(((const unsigned char *)next)[k],
                             (unsigned char)(cases[i].tail + k));
        }
        evprof_perf_ring_drop(&fake.ring, header->size);
        assert_int_equal(fake.page.data_tail, cases[i].tail + cases[i].size);
    }
}

static void
test_level(void **state)
{
    (void)state;
    int level = 0;
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "r");
    if (file == NULL) {
        assert_int_equal(evprof_perf_level(), -2);
        return;
    }
    assert_int_equal(fscanf(file, "%d", &level), 1);
    fclose(file);
    assert_int_equal(evprof_perf_level(), level);
}

int
run_perf_ring_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_large_as_permitted),
        cmocka_unit_test(test_next_record),
        cmocka_unit_test(test_level),
    };
    return cmocka_run_group_tests_name("perf ring", tests, NULL, NULL);
}
