/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_LISTENER_OPENED_H
#define EVPROF_LISTENER_OPENED_H

#include <stddef.h>

#include <evprof/evprof.h>

/* Called when sockets listen, and before anything else is opened for them. */
typedef void evprof_opened_fn(const int *sockets, size_t count);

/* As evprof_listen(), which calls `opened` meanwhile, on the calling thread. */
int evprof_listen_opened(evprof_t *prof, const char *address,
                         evprof_opened_fn *opened, evprof_error_t *err);

#endif
