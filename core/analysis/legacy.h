/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_LEGACY_H
#define EVPROF_ANALYSIS_LEGACY_H

/*
 * Shared by the formats before profile.proto: stacks of addresses, lists of
 * frames to drop, symbols of Java. Of the statuses, EVPROF_ENOTSUP, "not this
 * format", lets the next format try; EVPROF_EPARSE is final.
 */

#include "core/analysis/assemble.h"
#include "core/analysis/lines.h"

/* Rows of the locations of one stack; reused from sample to sample. */
typedef struct evprof_legacy_stack {
    uint32_t *rows;
    size_t count;
    size_t cap;
} evprof_legacy_stack_t;

/* Appends the location at `address`. */
void evprof_legacy_push(evprof_assembly_t *a, evprof_legacy_stack_t *stack,
                        uint64_t address);

/* Appends a location that is known already. */
void evprof_legacy_push_row(evprof_assembly_t *a, evprof_legacy_stack_t *stack,
                            uint32_t row);

/*
 * Appends the locations of all addresses ("0x12af") in `text`; they are return
 * addresses, less one. EVPROF_EPARSE: one has more than 64 bits.
 */
int evprof_legacy_push_all(evprof_assembly_t *a, evprof_legacy_stack_t *stack,
                           evprof_span_t text, evprof_error_t *err);

/* Frees the memory of the stack. */
void evprof_legacy_stack_free(evprof_legacy_stack_t *stack);

/* "malformed sample: LINE", cut to what fits. */
int evprof_legacy_malformed(evprof_span_t line, evprof_error_t *err);

/*
 * The end of such a file: skips to the memory map, if one follows, reads it,
 * and sets drop_frames and keep_frames by the sample types.
 */
int evprof_legacy_finish(evprof_assembly_t *a, evprof_span_t rest,
                         evprof_error_t *err);

/* The same where the map follows without a heading. */
int evprof_legacy_finish_maps(evprof_assembly_t *a, evprof_span_t maps,
                              evprof_error_t *err);

/*
 * The end of Java's files: lines "0xADDRESS function (file:line)" name the
 * locations of the samples; addresses are then cleared.
 */
int evprof_legacy_finish_java(evprof_assembly_t *a, evprof_span_t rest,
                              evprof_error_t *err);

/* Drops the second location of each stack where it repeats the first: some
 * handlers take the leaf from the signal and again from the stack. */
void evprof_legacy_drop_doubles(evprof_pprof_t *p);

#endif
