/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_TEXT_H
#define EVPROF_PROFILE_TEXT_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

/* The start of the function that holds `pc`; 0: unknown. */
typedef uintptr_t (*evprof_text_entry_fn)(uintptr_t pc);

/*
 * Appends a profile that counts stacks as text, as ?debug=1 shows it: "NAME
 * profile: total N" and a block for each stack, the most frequent first. Counts
 * are the first column. `p` must be symbolized. EVPROF_ENOMEM.
 */
int evprof_text_counts(const evprof_pprof_t *p, const char *name,
                       evprof_text_entry_fn entry, evprof_buf_t *out);

/* Whether a demangled name ends in its parameters, so that no "()" is written
 * after it: "f(int) const" does, "(anonymous namespace)::f" does not. */
bool evprof_text_has_call(const char *name);

/*
 * Appends a stack: a "#" line for each function, inlined ones included, as
 * "#\tADDRESS\tFUNCTION+OFFSET\tFILE:LINE". Tabs align the columns, up to names
 * of 96 characters. Unknown lines and files are left out.
 */
void evprof_text_frames(const evprof_pprof_t *p, const evprof_sample_t *sample,
                        evprof_text_entry_fn entry, evprof_buf_t *out);

/* Appends " 0xPC" for each location: return addresses, as tools expect. */
void evprof_text_pcs(const evprof_pprof_t *p, const evprof_sample_t *sample,
                     evprof_buf_t *out);

/* Appends `# labels: {"key":"value", ...}` and a newline, or nothing. */
void evprof_text_labels(const evprof_sample_t *sample, evprof_buf_t *out);

#endif
