/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_LIST_LOCK_H
#define EVPROF_EVHTTP_LIST_LOCK_H

/*
 * The one lock of this room, for the lists of routes and of pending requests.
 * Held for a walk along one of them; the locks of the core may be taken under
 * it. A fork waits for it, so that the child has whole lists and a free lock.
 */

/* Takes the lock of the lists of routes and pending requests. Not from a
 * handler. */
void evprof_lists_enter(void);

/* Gives that lock back. */
void evprof_lists_leave(void);

#endif
