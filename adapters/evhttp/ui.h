/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_UI_H
#define EVPROF_EVHTTP_UI_H

/* The web UI in a running server: requests below ui/ become plans for the
 * worker, where an optional library answers them. */

#include <stdbool.h>

#include <evprof/evhttp.h>

/* True for "ui" and what lies below it. */
bool evprof_ui_is_leaf(const char *leaf);

/* Whether the configuration says so and the library could be opened. MT-Safe.
 */
bool evprof_ui_is_on(evprof_t *prof);

/* The leaves below the prefix, for routers that know whole paths only; NULL
 * last. NULL: it is off. */
const char *const *evprof_ui_paths(evprof_t *prof);

/* Answers a request that the access rules let pass; on its loop. */
void evprof_ui_serve(evprof_t *prof, struct evhttp *http,
                     struct evhttp_request *req, const char *leaf);

#endif
