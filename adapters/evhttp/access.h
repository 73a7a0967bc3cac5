/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_ACCESS_H
#define EVPROF_EVHTTP_ACCESS_H

#include <evprof/evhttp.h>

/* What a request asks for: the leaf below the prefix, and the mount that it
 * came through. */
typedef struct evprof_plan_name {
    evprof_t *prof;
    struct evhttp *http; /* the mount, NULL: none of ours */
    const char *leaf;    /* "" is the index; NULL: the prefix without a slash */
} evprof_plan_name_t;

typedef void (*evprof_admit_fn)(struct evhttp_request *req,
                                const evprof_plan_name_t *name);

/*
 * Calls `admit` if the rules of the requested profile let the request pass: at
 * once, or later in the same loop when a credential has to be checked.
 * Otherwise answers the request. `name` is not kept.
 */
void evprof_access_ask(struct evhttp_request *req,
                       const evprof_plan_name_t *name, evprof_admit_fn admit);

#endif
