/* SPDX-License-Identifier: Apache-2.0 */
/* A server with the handlers mounted as a configuration file says.
 * usage: fetch_server CONF ADDRESS PORT     prints a line when it listens */
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>

#include <evprof/evhttp.h>

int
main(int argc, char **argv)
{
    evprof_error_t err = { 0 };
    if (argc != 4) {
        return 2;
    }
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    evprof_t *prof = evprof_new(argv[1], &err);
    if (prof == NULL || evprof_evhttp_mount(prof, http, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    if (evhttp_bind_socket(http, argv[2],
                           (unsigned short)strtoul(argv[3], NULL, 10)) != 0) {
        perror(argv[2]);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    return event_base_dispatch(base);
}
