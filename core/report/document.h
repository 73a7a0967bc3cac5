/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_DOCUMENT_H
#define EVPROF_REPORT_DOCUMENT_H

/*
 * The JSON that pages show. A document is an object; the functions below append
 * members to it, and places are referred to by number. At the end the places
 * that occurred are described once, in columns:
 *
 *     {"meta":{...},"flame":{...},"rows":{...},"places":{...}}
 *
 * Values are whole numbers in the unit of the samples.
 */

#include "core/report/rows.h"

typedef struct evprof_document {
    evprof_buf_t *out;
    const evprof_stacks_t *s;
    bool *is_used; /* of each place */
    size_t members;
} evprof_document_t;

/* Begins a document in `out`. EVPROF_ENOMEM: nothing to end then. */
int evprof_document_begin(evprof_document_t *d, const evprof_stacks_t *s,
                          evprof_buf_t *out, evprof_error_t *err);

/* Begins a member whose value the caller appends to `out`. */
void evprof_document_member(evprof_document_t *d, const char *key);

/* "meta": the sample type, its unit and the totals of the stacks. */
void evprof_document_meta(evprof_document_t *d);

/* "profile": the profile's columns, label keys and comments. */
void evprof_document_profile(evprof_document_t *d, const evprof_pprof_t *p);

/* A member for a flame graph; `key` tells several of them apart. */
void evprof_document_flame(evprof_document_t *d, const char *key,
                           const evprof_fold_t *fold);

/* "rows": the first `count` rows in the order of `sort`, "flat" or "cum". */
int evprof_document_rows(evprof_document_t *d, const evprof_row_t *rows,
                         const char *sort, size_t count, evprof_error_t *err);

/* "calls": callers and callees. */
void evprof_document_calls(evprof_document_t *d, uint32_t place,
                           const evprof_calls_t *calls);

/* "found": which places match. */
void evprof_document_found(evprof_document_t *d, const evprof_found_t *found);

/* Appends the places and ends the object. */
void evprof_document_end(evprof_document_t *d);

#endif
