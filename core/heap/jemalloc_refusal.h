/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_JEMALLOC_REFUSAL_H
#define EVPROF_HEAP_JEMALLOC_REFUSAL_H

/*
 * Why a process cannot have heap profiles, and the one thing to do about it.
 * Gathering the facts and judging them are apart, so that each judgement can be
 * tested without a process that is built that way.
 */

#include <stdbool.h>

#include <evprof/status.h>

/* Names of files are without folders; unset texts are "". */
typedef struct evprof_jemalloc_facts {
    const char *prefix; /* of jemalloc's names, as configured */
    bool has_mallctl;
    const char *mallctl_file; /* that holds mallctl */
    const char *malloc_file;  /* that holds malloc */
    bool is_malloc_theirs;    /* malloc and mallctl are of one file */
    bool is_inside;           /* that file is the executable */
    bool calls_malloc;        /* the executable itself does */
    bool can_profile;         /* built with --enable-prof */
    bool is_prepared;         /* started with prof:true */
    bool is_conf_ours;        /* malloc_conf that jemalloc sees */
    const char *conf_file;    /* that holds that malloc_conf */
    const char *environment;  /* MALLOC_CONF */
    const char *system_conf;  /* what /etc/malloc.conf points to */
    const char *preload;      /* LD_PRELOAD */
} evprof_jemalloc_facts_t;

/* EVPROF_OK, or EVPROF_ENOTSUP with the sentence for these facts. */
int evprof_jemalloc_judge(const evprof_jemalloc_facts_t *facts,
                          evprof_error_t *err);

/* Whether the executable's own code uses the malloc family. */
bool evprof_executable_calls_malloc(void);

#endif
