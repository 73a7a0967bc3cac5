/* SPDX-License-Identifier: Apache-2.0 */
/* A program outside the tree: it compiles as C11 and as C++17, uses what a
 * server uses, and says what it got. */
#include <evprof/evhttp.h>
#include <evprof/evprof.h>
#include <evprof/module.h>

#include <event2/event.h>
#include <event2/http.h>

#include <stdio.h>

int
main(void)
{
    evprof_error_t err;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    evprof_t *prof = evprof_new(NULL, &err);
    if (prof == NULL) {
        fprintf(stderr, "evprof_new: %s\n", err.message);
        return 1;
    }
    if (evprof_evhttp_mount(prof, http, &err) != 0) {
        fprintf(stderr, "evprof_evhttp_mount: %s\n", err.message);
        return 1;
    }
    evprof_profile_t *cmdline = evprof_lookup(prof, "cmdline");
    evprof_writer_t out = evprof_writer_file(stdout);
    if (cmdline == NULL || evprof_profile_write(cmdline, &out, 1, &err) != 0) {
        fprintf(stderr, "cmdline: no profile\n");
        return 1;
    }
    puts(" consumed");
    evhttp_free(http);
    event_base_free(base);
    evprof_free(prof);
    return 0;
}
