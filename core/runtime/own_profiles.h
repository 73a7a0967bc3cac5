/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_OWN_PROFILES_H
#define EVPROF_RUNTIME_OWN_PROFILES_H

#include <evprof/evprof.h>

/* In the child of a fork: no thread is inside one of the application's
 * profiles. */
void evprof_own_fork_child(evprof_t *prof);

#endif
