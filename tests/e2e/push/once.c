/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that pushes: once CONF. It works until its standard input ends, and
 * then ends as most programs do, without a word to the profiler.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <evprof/evprof.h>

__attribute__((noinline)) static void
burn_for_push(void)
{
    for (volatile int i = 0; i < 5000000; i++) {
    }
}

int
main(int argc, char **argv)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    evprof_error_t err = { .status = 0 };
    if (argc < 2 || evprof_new(argv[1], &err) == NULL) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    while (poll(&input, 1, 10) <= 0) {
        burn_for_push();
    }
    return 0;
}
