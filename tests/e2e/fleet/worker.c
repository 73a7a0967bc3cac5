/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of many servers: worker SOCKET NAME [burn]. It serves its profiles on the
 * socket, under that name of a process, until its standard input ends, and uses
 * a CPU for as long when told so.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <evprof/evhttp.h>

__attribute__((noinline)) static void *
burn_in_worker(void *unused)
{
    for (volatile unsigned long i = 0;; i++) {
    }
    return unused;
}

int
main(int argc, char **argv)
{
    char address[256];
    char end;
    pthread_t burner;
    if (argc < 3) {
        return 2;
    }
    (void)snprintf(address, sizeof(address), "unix:%s", argv[1]);
    (void)prctl(PR_SET_NAME, argv[2], 0, 0, 0);
    if (evprof_listen(NULL, address, NULL) != 0) {
        return 1;
    }
    if (argc > 3 && pthread_create(&burner, NULL, burn_in_worker, NULL) != 0) {
        return 1;
    }
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    return 0;
}
