/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_REQUESTS_H
#define EVPROF_EVHTTP_REQUESTS_H

#include <evprof/evhttp.h>

/* Says that the request is for us: how long a profile takes is no latency of
 * the application's, and its task ends here. The loop's thread. */
void evprof_requests_disown(const struct evhttp_request *req);

#endif
