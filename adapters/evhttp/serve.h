/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_SERVE_H
#define EVPROF_EVHTTP_SERVE_H

#include <evprof/evhttp.h>

/* Largest request body, for the addresses that are posted to "symbol". */
#define EVPROF_BODY_MAX ((size_t)4 << 20)

/*
 * Answers a request for `name` below the prefix ("" is the index), now or
 * later. `http` is the mount that it came through, or NULL. `name` is not kept.
 */
void evprof_serve(evprof_t *prof, struct evhttp *http,
                  struct evhttp_request *req, const char *name);

/* Answers a request for the prefix without its last slash: redirects. */
void evprof_serve_redirect(evprof_t *prof, struct evhttp_request *req);

#endif
