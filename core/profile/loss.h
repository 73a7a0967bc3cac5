/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_LOSS_H
#define EVPROF_PROFILE_LOSS_H

/*
 * The one table of what a profile can lack: a row a cause, with the sentence
 * that readers of the profile see, what to do about it, and the profile types
 * in which it can occur. Whoever finds a loss says it here: it becomes a
 * comment (or an error, where nothing at all could be taken) and is counted for
 * the status page. The guide conf/doc/troubleshooting.md shows the same table.
 * All but the counts is constant; any thread, not in handlers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/module.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

enum evprof_loss {
    EVPROF_LOSS_TIMER_SLOTS,
    EVPROF_LOSS_TIMER_REFUSED,
    EVPROF_LOSS_HELD_BACK,
    EVPROF_LOSS_HANDLER_REPLACED,
    EVPROF_LOSS_NO_ROOM,
    EVPROF_LOSS_TABLE_FULL,
    EVPROF_LOSS_TOO_DEEP,
    EVPROF_LOSS_NOT_WALKED,
    EVPROF_LOSS_UNREADABLE,
    EVPROF_LOSS_UNANSWERED,
    EVPROF_LOSS_ASK_SLOTS,
    EVPROF_LOSS_ASK_REFUSED,
    EVPROF_LOSS_THREADS_UNLISTED,
    EVPROF_LOSS_TOO_MANY_EVENTS,
    EVPROF_LOSS_NOT_WRAPPED,
    EVPROF_LOSS_SWITCHED_OFF,
    EVPROF_LOSS_IDLE,
    EVPROF_LOSS_ONLY_IN_USE,
    EVPROF_LOSS_SHORT_STACKS,
    EVPROF_LOSS_NEW_THREADS_OUT,
    EVPROF_LOSS_INTERVAL_WIDE,
    EVPROF_LOSS_DUMP_REFUSED,
    EVPROF_LOSS_FOLDED,
    EVPROF_LOSS_BEYOND_SAMPLES,
    EVPROF_LOSS_NO_HEAP,
    EVPROF_LOSS_NAMES,
    EVPROF_LOSS_LINES,
    EVPROF_LOSS_UNLOADED,
    EVPROF_LOSS_LABELS_FULL,
    EVPROF_LOSS_COUNT
};

/* The profile types, as bits of a row and as names of the configuration. */
enum evprof_loss_of {
    EVPROF_LOSS_OF_CPU,
    EVPROF_LOSS_OF_WALL,
    EVPROF_LOSS_OF_HEAP,
    EVPROF_LOSS_OF_ALLOCS,
    EVPROF_LOSS_OF_GOROUTINE,
    EVPROF_LOSS_OF_THREADCREATE,
    EVPROF_LOSS_OF_BLOCK,
    EVPROF_LOSS_OF_MUTEX,
    EVPROF_LOSS_OF_SYMBOLS, /* the names in all of them */
    EVPROF_LOSS_OF_OTHER,   /* a profile of the application's own */
    EVPROF_LOSS_OF_COUNT
};

/*
 * What fills the marks of a sentence. @N@: how much is lost; @OF@: of how much;
 * @WHAT@: the object, file or setting; @WHY@: the reason. Unset texts are "".
 */
typedef struct evprof_lost {
    uint64_t n;
    uint64_t of;
    const char *what;
    const char *why;
} evprof_lost_t;

typedef struct evprof_loss_row {
    const char *key;      /* its counter is "lost_KEY" */
    const char *sentence; /* with marks */
    const char *remedy;   /* "": nothing can be done, or nothing has to */
    unsigned profiles;    /* bit n: it can occur in the profile type n */
} evprof_loss_row_t;

/* The row of a cause. Static. */
const evprof_loss_row_t *evprof_loss_row(enum evprof_loss cause);

/* The name of a profile type, "cpu". Static. */
const char *evprof_loss_name(enum evprof_loss_of who);

/* The type of a profile that the configuration calls so; OTHER: none of ours.
 */
enum evprof_loss_of evprof_loss_who(const char *profile);

/* Appends "PROFILE: SENTENCE; REMEDY" for these numbers. */
void evprof_loss_text(enum evprof_loss_of who, enum evprof_loss cause,
                      const evprof_lost_t *lost, evprof_buf_t *out);

/* Adds it to the profile as a comment; it is counted when the profile is
 * finished. EVPROF_ENOMEM. */
int evprof_loss_say(evprof_builder_t *out, enum evprof_loss_of who,
                    enum evprof_loss cause, const evprof_lost_t *lost);

/* The same for a profile that is finished already. EVPROF_ENOMEM. */
int evprof_loss_note(evprof_pprof_t *p, enum evprof_loss_of who,
                     enum evprof_loss cause, const evprof_lost_t *lost);

/* The same as an error, for where nothing could be taken; returns `status`. */
int evprof_loss_fail(evprof_error_t *err, int status, enum evprof_loss_of who,
                     enum evprof_loss cause, const evprof_lost_t *lost);

/* Counts a profile that said these causes, a bit each. */
void evprof_loss_count(enum evprof_loss_of who, uint64_t causes);

/* Appends a line "lost_KEY: N" for each cause that profiles of that type said N
 * times since the start. */
void evprof_loss_status(const char *profile, evprof_buf_t *out);

/* Appends the meaning of a counter "lost_KEY" of that length; false: it is none
 * of these. */
bool evprof_loss_meaning(const char *counter, size_t len, evprof_buf_t *out);

/* Appends a sentence or remedy of a row with N, M and "..." for its marks. */
void evprof_loss_shape(const char *text, evprof_buf_t *out);

#endif
