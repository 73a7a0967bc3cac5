/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_STALE_EVENTS_H
#define EVPROF_EVHTTP_STALE_EVENTS_H

#include <event2/event.h>

/*
 * Moves a descriptor of ours to another number while a stale event of the base
 * has its number; to be called before an event is made for it. -1: there is no
 * free number, and the descriptor is unchanged.
 */
int evprof_stale_leave(struct event_base *base, int *fd);

#endif
