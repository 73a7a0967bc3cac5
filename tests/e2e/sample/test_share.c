/* SPDX-License-Identifier: Apache-2.0 */
/* A program that spends a known part of its time in libc has that share in its
 * profile: nothing is left out for being a leaf of the system, and no sample
 * slides from memcpy() to its caller. */
#include <link.h>
#include <string.h>

#include "tests/e2e/sample/scene.h"

enum { BLOCK = 1 << 20, ROUNDS = 100 };
#define BURN_NS UINT64_C(10000000)

/* Points of a hundred that the share may be off. */
#define TOLERANCE 6.0

typedef struct range {
    uintptr_t start;
    uintptr_t stop;
} range_t;

static int
find_libc(struct dl_phdr_info *info, size_t size, void *out)
{
    range_t *range = out;
    (void)size;
    if (strstr(info->dlpi_name, "/libc.so") == NULL) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
        if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) != 0) {
            range->start = info->dlpi_addr + phdr->p_vaddr;
            range->stop = range->start + phdr->p_memsz;
        }
    }
    return 1;
}

static char from[BLOCK];
static char to[BLOCK];

/* A compiler that saw which function is called would copy on the spot. */
static void *(*volatile copy)(void *to, const void *from, size_t len) = memcpy;

/* So much of the thread's time in memcpy(); says how much it was. */
static uint64_t
copy_for(uint64_t ns)
{
    uint64_t began = scene_clock(CLOCK_THREAD_CPUTIME_ID);
    uint64_t now = began;
    while (now < began + ns) {
        for (int i = 0; i < 16; i++) {
            copy(to, from, sizeof(to));
            __asm__ volatile("" ::: "memory");
        }
        now = scene_clock(CLOCK_THREAD_CPUTIME_ID);
    }
    return now - began;
}

/* A loop of its own: scene_burn() asks the clock all the time. */
static uint64_t
count_for(uint64_t ns)
{
    uint64_t began = scene_clock(CLOCK_THREAD_CPUTIME_ID);
    uint64_t now = began;
    while (now < began + ns) {
        for (volatile int i = 0; i < 100000; i++) {
        }
        now = scene_clock(CLOCK_THREAD_CPUTIME_ID);
    }
    return now - began;
}

static void
test_the_share_of_libc(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SCENE_SKIP("memcpy() is the sanitizer's there");
#endif
    range_t libc = { 0, 0 };
    uint64_t copied = 0;
    uint64_t counted = 0;
    dl_iterate_phdr(find_libc, &libc);
    assert_true(libc.start != 0);
    scene_begin(500, 64);
    for (int i = 0; i < ROUNDS; i++) {
        copied += copy_for(2 * BURN_NS);
        counted += count_for(BURN_NS);
    }
    evprof_pprof_t *profile = scene_end();
    // NOLINTBEGIN(performance-no-int-to-ptr)
    double sampled = 100.0 *
                     (double)scene_samples_within(
                         profile, (const void *)libc.start,
                         (const void *)libc.stop) /
                     (double)scene_samples(profile);
    // NOLINTEND(performance-no-int-to-ptr)
    double truth = 100.0 * (double)copied / (double)(copied + counted);
    print_message("libc: %.1f %% of the time, %.1f %% of the samples\n", truth,
                  sampled);
    assert_true(sampled > truth - TOLERANCE && sampled < truth + TOLERANCE);
    evprof_pprof_free(profile);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_share_of_libc),
    };
    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
