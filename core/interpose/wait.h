/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_INTERPOSE_WAIT_H
#define EVPROF_INTERPOSE_WAIT_H

/*
 * The end of every interposed wait: libc's function between the two marks of
 * core/sample/contention.h. These are macros because the functions differ in
 * the number and types of their arguments, and because the frame that is asked
 * for as the caller must be that of the interposer itself.
 */
#include <errno.h>

#include "core/sample/contention.h"

/* Runs `call`, whose result is 0 or an error's number, as a wait of `kind` for
 * `object`, and returns the result from the function it stands in. */
#define EVPROF_RETURN_WAIT(kind, object, caller, call)                         \
    evprof_wait_t wait;                                                        \
    evprof_wait_begin(&wait, kind, object, caller);                            \
    int result = call;                                                         \
    evprof_wait_end(&wait, result);                                            \
    return result

/* The same for a call that returns a negative number and sets errno, which
 * reaches the caller as the call left it. */
#define EVPROF_RETURN_WAIT_ERRNO(kind, object, caller, call)                   \
    evprof_wait_t wait;                                                        \
    evprof_wait_begin(&wait, kind, object, caller);                            \
    int result = call;                                                         \
    int saved = errno;                                                         \
    evprof_wait_end(&wait, result < 0 ? saved : 0);                            \
    errno = saved;                                                             \
    return result

#endif
