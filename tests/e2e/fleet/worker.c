/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of many servers: worker SOCKET NAME [burn | deaf]. It serves its profiles
 * on the socket, under that name of a process, until its standard input ends,
 * and uses a CPU for as long when told so. One that is deaf listens, has a full
 * queue of connections, and takes none.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <evprof/evhttp.h>

__attribute__((noinline)) static void *
burn_in_worker(void *unused)
{
    for (volatile unsigned long i = 0;; i++) {
    }
    return unused;
}

static bool
is_deaf_at(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(listener, 0) != 0) {
        return false;
    }
    int failure = 0;
    while (failure == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        failure = connect(fd, (struct sockaddr *)&at, sizeof(at));
    }
    return errno == EAGAIN;
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
    const bool is_deaf = argc > 3 && strcmp(argv[3], "deaf") == 0;
    if (is_deaf ? !is_deaf_at(argv[1])
                : evprof_listen(NULL, address, NULL) != 0) {
        return 1;
    }
    puts("ready");
    (void)fflush(stdout);
    if (argc > 3 && !is_deaf &&
        pthread_create(&burner, NULL, burn_in_worker, NULL) != 0) {
        return 1;
    }
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    return 0;
}
