/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_ACCESS_H
#define EVPROF_EVHTTP_ACCESS_H

#include <stdbool.h>

#include <evprof/evhttp.h>

/*
 * Whether the request may be served. If not, it has been answered. On the loop
 * that owns it.
 */
bool evprof_access_allows(evprof_t *prof, struct evhttp_request *req);

#endif
