/* SPDX-License-Identifier: Apache-2.0 */
/*
 * huge FILE: moves its own code to anonymous memory, as those do who want it in
 * huge pages, and writes a CPU profile of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

extern const char __etext[];

__attribute__((noinline)) static void
burn_in_huge(void)
{
    struct timespec now;
    do {
        for (volatile int i = 0; i < 200000; i++) {
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec == 0 && now.tv_nsec < 500000000);
}

static void
move_code(void)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = (uintptr_t)&burn_in_huge & ~(page - 1);
    const uintptr_t end = ((uintptr_t)__etext + page - 1) & ~(page - 1);
    const size_t size = end - start;
    void *text;
    memcpy(&text, &start, sizeof(text));
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) {
        exit(2);
    }
    memcpy(copy, text, size);
    if (mprotect(copy, size, PROT_READ | PROT_EXEC) != 0 ||
        mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, text) ==
            MAP_FAILED) {
        exit(2);
    }
}

int
main(int argc, char **argv)
{
    evprof_error_t err;
    FILE *file = argc == 2 ? fopen(argv[1], "we") : NULL;
    if (file == NULL) {
        return 2;
    }
    move_code();
    evprof_writer_t out = evprof_writer_file(file);
    if (evprof_cpu_start(NULL, &out, &err) != EVPROF_OK) {
        return 2;
    }
    burn_in_huge();
    return evprof_cpu_stop(NULL, &err) == EVPROF_OK && fclose(file) == 0 ? 0
                                                                         : 2;
}
