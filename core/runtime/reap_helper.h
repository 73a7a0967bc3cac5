/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_REAP_HELPER_H
#define EVPROF_RUNTIME_REAP_HELPER_H

#include <stdint.h>

/*
 * The helper of the symbolizer ends by itself when it has not been asked for a
 * while. Until it is reaped the server would show a dead process in lists; so
 * while there is a helper, the worker looks every now and then. Begin and end
 * enclose the time in which there may be one; `pause_ns` is between two looks.
 */
void evprof_reaping_begin(int64_t pause_ns);

/* Ends it: nothing is looked at any more, and what waits does not delay the end
 * of the worker. */
void evprof_reaping_end(void);

/* There may be a helper from now on. Does nothing when it is known already, or
 * outside of begin and end. MT-Safe. */
void evprof_reaping_ask(void);

/* In the child of a fork, which has neither worker nor helper. */
void evprof_reaping_fork_child(void);

#endif
