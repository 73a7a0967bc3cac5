/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_SWITCHED_ON_H
#define EVPROF_RUNTIME_SWITCHED_ON_H

#include <evprof/evprof.h>

/* In the hook `init` of a module of ours: the profiler that it is switched on
 * in, which lives until its `fini` has returned; NULL elsewhere. */
evprof_t *evprof_switching(void);

#endif
