/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_TABLES_H
#define EVPROF_UNWIND_TABLES_H

/* Compiles the call-frame data of objects into tables, off the signal path. */

#include "core/objects/objects.h"
#include "core/unwind/sig_table.h"

/* One object to compile a table for. */
typedef struct evprof_table_job {
    const evprof_object_t *object;
    bool is_main;
    /* The address that functions started by makecontext() return to, or 0. */
    uintptr_t bottom;
    evprof_table_t *table; /* out: NULL where nothing was compiled */
} evprof_table_job_t;

/*
 * Compiles all jobs, on several threads when there is much to do. `table` stays
 * NULL for a file that cannot be read or makes no sense: frames of that object
 * are then stepped by the call-frame data in memory. EVPROF_ENOMEM: some tables
 * may be missing.
 */
int evprof_tables_build(evprof_table_job_t *jobs, size_t count);

/* Memory that a table takes, in bytes. */
size_t evprof_table_size(const evprof_table_t *table);

/* Frees the table; NULL is ignored. */
void evprof_table_free(evprof_table_t *table);

#endif
