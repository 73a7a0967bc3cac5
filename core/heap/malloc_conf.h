/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_MALLOC_CONF_H
#define EVPROF_HEAP_MALLOC_CONF_H

#include <stdbool.h>

/*
 * jemalloc decides at its first malloc, long before main(), whether it can ever
 * profile. It reads this symbol then, so that a program that links libevprof
 * before jemalloc needs nothing in its environment. Sampling itself stays off.
 */
#define EVPROF_MALLOC_CONF "prof:true,prof_active:false,prof_accum:true"

/* Exported without a version, weak so that a program's own one wins. */
extern const char *malloc_conf;

/* Whether the symbol that the process sees is ours. */
bool evprof_malloc_conf_is_ours(void);

#endif
