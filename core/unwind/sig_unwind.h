/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_UNWIND_H
#define EVPROF_UNWIND_SIG_UNWIND_H

/* The unwinders that the registry in unwind.c knows, each in its own file. */

#include "core/unwind/unwind.h"

extern const evprof_unwinder_t evprof_unwinder_fp;
extern const evprof_unwinder_t evprof_unwinder_tables;
extern const evprof_unwinder_t evprof_unwinder_libunwind;

#endif
