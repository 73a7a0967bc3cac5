/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_STALE_EVENTS_H
#define EVPROF_EVHTTP_STALE_EVENTS_H

#include <event2/event.h>

/*
 * Gives a descriptor of ours another number while an event of the base has its
 * number already; to be called before an event is made for it. -1: there is no
 * other; the descriptor is as it was.
 */
int evprof_stale_leave(struct event_base *base, int *fd);

#endif
