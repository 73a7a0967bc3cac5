/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_UI_H
#define EVPROF_EVHTTP_UI_H

/* The web UI in a running server: a request below ui/ becomes a plan for the
 * worker, which has an optional library (libevprof_web.so) answer it. */

#include <stdbool.h>

#include <evprof/evhttp.h>

/* Whether the leaf is "ui" or below it. */
bool evprof_ui_is_leaf(const char *leaf);

/* Whether `ui` is on and the library was found. MT-Safe. */
bool evprof_ui_is_on(evprof_t *prof);

/* The UI's leaves below the prefix, for routers that match whole paths only;
 * ends with NULL. NULL: the UI is off. */
const char *const *evprof_ui_paths(evprof_t *prof);

/* Answers a request that the access rules let pass; on its loop. */
void evprof_ui_serve(evprof_t *prof, struct evhttp *http,
                     struct evhttp_request *req, const char *leaf);

#endif
