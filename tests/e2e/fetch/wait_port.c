/* SPDX-License-Identifier: Apache-2.0 */
/* Waits until something listens on a port: daemons do not say when they do.
 * usage: wait_port ADDRESS PORT     exits 1 when a minute has passed */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_MS 10
#define TRIES 6000

int
main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    if (argc != 3 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
        return 2;
    }
    at.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    for (int i = 0; i < TRIES; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int failed = connect(fd, (void *)&at, sizeof(at));
        close(fd);
        if (!failed) {
            return 0;
        }
        poll(NULL, 0, PAUSE_MS);
    }
    return 1;
}
