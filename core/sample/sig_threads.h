/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SIG_THREADS_H
#define EVPROF_SAMPLE_SIG_THREADS_H

#include "core/sample/threads.h"

#define EVPROF_THREAD_CHUNK 128u
#define EVPROF_THREAD_CHUNKS 8192u /* a million threads */

/* The records, published chunk by chunk; written by threads.c alone. */
extern _Atomic(evprof_thread_t *) evprof_thread_chunks[EVPROF_THREAD_CHUNKS];
extern _Atomic uint32_t evprof_thread_end; /* indices below it have a record */

#endif
