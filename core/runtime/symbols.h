/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_SYMBOLS_H
#define EVPROF_RUNTIME_SYMBOLS_H

/*
 * The process's symbolizer, which keeps what it read from one profile to the
 * next. All of it on the worker thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/profile/builder.h"
#include "core/profile/pprof.h"

/* What the calls below find out from now on: lines and inlined calls too, by
 * the helper program in the file, "off", or NULL for the one that is installed.
 */
void evprof_symbols_configure(bool with_lines, const char *helper);

/* Gives `p` mappings, functions, files and lines, and takes the frames of our
 * wrappers out of its stacks. EVPROF_ENOMEM. */
int evprof_symbols_fill(evprof_pprof_t *p, evprof_error_t *err);

/* The same, but gives `p` only mappings: for a reader that names the addresses
 * elsewhere. EVPROF_ENOMEM. */
int evprof_symbols_map(evprof_pprof_t *p, evprof_error_t *err);

/* Mappings, and names where such a reader would find none or those of another
 * file. EVPROF_ENOMEM. */
int evprof_symbols_fill_lost(evprof_pprof_t *p, evprof_error_t *err);

/* The finished profile of a builder, filled so; to be freed also when that
 * failed. EVPROF_ENOMEM. */
int evprof_symbols_finish(evprof_builder_t *builder, evprof_pprof_t **out,
                          evprof_error_t *err);

/* Looks up many addresses at once for evprof_symbols_name(). EVPROF_ENOMEM. */
int evprof_symbols_prepare(const uintptr_t *pcs, size_t count);

/* The function that holds `pc` among the objects that the calls above saw last,
 * valid until the next call, or NULL. */
const char *evprof_symbols_name(uintptr_t pc);

/* Where that function begins, for a pc that was looked up; 0: unknown. */
uintptr_t evprof_symbols_entry(uintptr_t pc);

/* Frees what is cached; the next call reads it again. */
void evprof_symbols_close(void);

/* Reaps the helper program if it has ended; true while it runs. On the worker.
 */
bool evprof_symbols_reap(void);

/* In the child of a fork: what the worker was writing to is given up. */
void evprof_symbols_fork_child(void);

#endif
