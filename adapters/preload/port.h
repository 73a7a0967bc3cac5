/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_PORT_H
#define EVPROF_PRELOAD_PORT_H

#include <stdbool.h>

#include <evprof/evprof.h>

#include "adapters/listener/opened.h"

struct evhttp;

/*
 * Opens the private port at the first address of `pattern` that is free, or at
 * every `listen` of the configuration when `pattern` is NULL. Loads the HTTP
 * side on first use, and libevent with it where the program has none. `opened`
 * may be NULL. One at a time. EVPROF_ENOTSUP: it cannot be loaded; what
 * evprof_listen() says.
 */
int evprof_preload_listen(evprof_t *prof, const char *pattern,
                          evprof_opened_fn *opened, evprof_error_t *err);

/* Whether the calling thread is opening the private port, whose evhttp is not
 * the program's. */
bool evprof_preload_is_own(void);

/* The function of libevent's that the module calls, for a program without a
 * libevent of its own; NULL: the module is not loaded. */
void *evprof_preload_module_function(const char *name);

/* Mounts the handlers on an evhttp of the program's, on the thread that made
 * it. What evprof_evhttp_mount() says, and as above. */
int evprof_preload_mount(evprof_t *prof, struct evhttp *http,
                         evprof_error_t *err);

#endif
