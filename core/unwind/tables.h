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
    uintptr_t bottom; /* code that first frames are made to return to, or 0 */
    evprof_table_t *table; /* out: NULL where there is nothing to compile */
} evprof_table_job_t;

/*
 * Compiles all jobs, on several threads when there is much to do. A file that
 * cannot be read or makes no sense leaves `table` NULL: its frames are then
 * stepped by the data in memory. EVPROF_ENOMEM: tables may be missing.
 */
int evprof_tables_build(evprof_table_job_t *jobs, size_t count);

/* Memory of a table in bytes. */
size_t evprof_table_size(const evprof_table_t *table);

/* Frees the table; NULL is ignored. */
void evprof_table_free(evprof_table_t *table);

#endif
