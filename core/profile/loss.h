/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_LOSS_H
#define EVPROF_PROFILE_LOSS_H

/*
 * The one table of what a profile can lack: a row for each cause, with the
 * sentence that readers of the profile see, the remedy, and the profile types
 * in which it can occur. Code that finds a loss reports it here: the loss
 * becomes a comment of the profile (or an error, where no profile could be
 * taken) and is counted for the status page. The guide
 * conf/doc/troubleshooting.md shows the same table. Everything but the counts
 * is constant. Any thread, not for handlers.
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
    EVPROF_LOSS_OF_SYMBOLS, /* the names in profiles of any type */
    EVPROF_LOSS_OF_OTHER,   /* a profile type of the application */
    EVPROF_LOSS_OF_COUNT
};

/*
 * What replaces the marks in a sentence. @N@: how much is lost; @OF@: of how
 * much; @WHAT@: the object, file or directive; @WHY@: the reason. Unset strings
 * count as "".
 */
typedef struct evprof_lost {
    uint64_t n;
    uint64_t of;
    const char *what;
    const char *why;
} evprof_lost_t;

typedef struct evprof_loss_row {
    const char *key;      /* the counter is "lost_KEY" */
    const char *sentence; /* with marks */
    const char *remedy;   /* "": there is none, or none is needed */
    unsigned profiles;    /* bit n: can occur in profile type n */
} evprof_loss_row_t;

/* The row of a cause. Static. */
const evprof_loss_row_t *evprof_loss_row(enum evprof_loss cause);

/* The name of a profile type, "cpu". Static. */
const char *evprof_loss_name(enum evprof_loss_of who);

/* The profile type of that name in the configuration; EVPROF_LOSS_OF_OTHER:
 * another one. */
enum evprof_loss_of evprof_loss_who(const char *profile);

/* Appends "PROFILE: SENTENCE; REMEDY" with the marks replaced. */
void evprof_loss_text(enum evprof_loss_of who, enum evprof_loss cause,
                      const evprof_lost_t *lost, evprof_buf_t *out);

/* Whether a profile's comment says that nothing happened, EVPROF_LOSS_IDLE. */
bool evprof_loss_is_idle(const char *comment);

/* Adds the loss as a comment to a profile that is being built; finishing it
 * counts the loss. EVPROF_ENOMEM. */
int evprof_loss_say(evprof_builder_t *out, enum evprof_loss_of who,
                    enum evprof_loss cause, const evprof_lost_t *lost);

/* As above, for a finished profile, and counts the loss. EVPROF_ENOMEM. */
int evprof_loss_note(evprof_pprof_t *p, enum evprof_loss_of who,
                     enum evprof_loss cause, const evprof_lost_t *lost);

/* Makes an error of the loss, where no profile could be taken, and counts it.
 * Returns `status`. */
int evprof_loss_fail(evprof_error_t *err, int status, enum evprof_loss_of who,
                     enum evprof_loss cause, const evprof_lost_t *lost);

/* Counts a profile that reports these causes, a bit each. */
void evprof_loss_count(enum evprof_loss_of who, uint64_t causes);

/* Appends a line "lost_KEY: N" for each cause that N profiles of that type have
 * reported since the start. */
void evprof_loss_status(const char *profile, evprof_buf_t *out);

/* Appends the meaning of the counter with that name; false: it is not a
 * "lost_KEY" of the table. */
bool evprof_loss_meaning(const char *counter, size_t len, evprof_buf_t *out);

/* Appends a sentence or remedy with N, M and "..." in place of its marks. */
void evprof_loss_shape(const char *text, evprof_buf_t *out);

#endif
