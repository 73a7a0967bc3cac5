/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

size_t
client_fetch(unsigned short port, const char *path, char *reply, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char request[256];
    size_t got = 0;
    ssize_t n = 0;
    snprintf(request, sizeof(request),
             "GET /debug/pprof/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
        while ((n = recv(fd, reply + got, size - 1 - got, 0)) > 0) {
            got += (size_t)n;
        }
    }
    reply[got] = '\0';
    close(fd);
    return got;
}
