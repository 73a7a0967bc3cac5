/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_LIST_LOCK_H
#define EVPROF_EVHTTP_LIST_LOCK_H

/*
 * The one lock of this room, which guards the lists of routes, of pending
 * requests and of lingering connections. It is held while a list is walked;
 * locks of the core may be taken under it. A fork waits for it, so that the
 * child has whole lists and a free lock.
 */

/* Takes the lock. Not for handlers. */
void evprof_lists_enter(void);

/* Releases the lock. */
void evprof_lists_leave(void);

#endif
