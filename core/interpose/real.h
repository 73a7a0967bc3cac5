/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_INTERPOSE_REAL_H
#define EVPROF_INTERPOSE_REAL_H

#include <stdatomic.h>
#include <stddef.h>

/*
 * The next definition of a name that we define: libc's, or that of another
 * interposer behind us (a sanitizer). Looked up by constructors, since a lookup
 * waits for whoever is in dlopen(), who may wait for the thread that calls us;
 * or at first use where that comes before, by any number of threads at once,
 * which find the same. The lookup may allocate: what allocators call must not
 * go through here before a constructor has looked.
 */
typedef void (*evprof_real_fn)(void); /* of whatever type it is */

typedef struct evprof_real {
    _Atomic(evprof_real_fn) address; /* NULL: not looked up */
    const char *name;
    const char *version; /* of the symbol, NULL: the default one */
} evprof_real_t;

#define EVPROF_REAL(function, symbol_version)                                  \
    {                                                                          \
        .name = #function, .version = (symbol_version)                         \
    }

/* Looks the function up again, even if it is known. Ends the process when libc
 * lacks it. Any thread. */
evprof_real_fn evprof_real_find(evprof_real_t *real);

/* Looks up all of a list, for constructors; those that libc lacks stay as they
 * are. */
void evprof_real_find_all(evprof_real_t *const *reals, size_t count);

/* The address of the function, to be cast to its type. */
static inline evprof_real_fn
evprof_real(evprof_real_t *real)
{
    evprof_real_fn address =
        atomic_load_explicit(&real->address, memory_order_relaxed);
    return address != NULL ? address : evprof_real_find(real);
}

#endif
