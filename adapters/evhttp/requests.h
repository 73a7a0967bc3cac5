/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_REQUESTS_H
#define EVPROF_EVHTTP_REQUESTS_H

#include <evprof/evhttp.h>

/* Marks a request as one for the profiler: its duration is not counted as
 * latency of the application, and its task in the trace ends here. On the
 * loop's thread. */
void evprof_requests_disown(const struct evhttp_request *req);

#endif
