/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_SITE_H
#define EVPROF_WEB_SITE_H

/*
 * What a site keeps: the open profiles, and what was made of them for requests.
 * Nothing is parsed or filtered twice while it is in a cache: a view is kept as
 * stacks, an answer as the bytes that were sent.
 */

#include "adapters/web/web.h"
#include "core/report/document.h"

/* A profile that is open. The first one is that of the command line. */
typedef struct evprof_opened {
    char *name; /* NULL: closed */
    evprof_pprof_t *profile;
    evprof_pprof_t *base; /* what it is compared with by default, or NULL */
    bool is_compared;     /* with it; else it is only taken away */
} evprof_opened_t;

#define EVPROF_WEB_MAX_OPENED 16

/* A view in the cache. */
typedef struct evprof_seen {
    char *key;
    const evprof_pprof_t *profile; /* that it shows, whole */
    evprof_stacks_t *stacks;
    evprof_row_t *rows;
    evprof_buf_t notes; /* remarks as a JSON list, without brackets */
} evprof_seen_t;

/* Which profile is wanted. */
typedef struct evprof_wanted {
    size_t profile; /* index of an open one */
    size_t base;    /* another one, or EVPROF_WEB_NO_BASE */
    bool wants_own_base;
    bool folds_recursion;
} evprof_wanted_t;

#define EVPROF_WEB_NO_BASE SIZE_MAX

/* The view of a profile with these options. EVPROF_ENOENT: no such profile;
 * otherwise as evprof_view_new(). */
int evprof_site_see(evprof_site_t *site, const evprof_wanted_t *wanted,
                    const evprof_options_t *options, const evprof_seen_t **out,
                    evprof_error_t *err);

/* Opens a profile, which is the site's then. EVPROF_ELIMIT, EVPROF_ENOMEM: it
 * stays the caller's. */
int evprof_site_open(evprof_site_t *site, const char *name,
                     evprof_pprof_t *profile, size_t *index,
                     evprof_error_t *err);

/* Closes a profile that was opened so. EVPROF_ENOENT: it is not open, or the
 * first one, which stays. */
int evprof_site_close(evprof_site_t *site, size_t index, evprof_error_t *err);

/*
 * Puts what came over the network where it belongs: in the place of the profile
 * of that name, or beside the others. With `keeps`, the profile before it
 * becomes its base, so that pages show what changed. The profile is the site's
 * then; where there is no room it is freed. Returns its index.
 */
size_t evprof_site_update(evprof_site_t *site, const char *kind, bool keeps,
                          evprof_pprof_t *profile);

/* How profiles are fetched. */
struct evprof_live *evprof_site_live(evprof_site_t *site);

/* All of them, EVPROF_WEB_MAX_OPENED. */
const evprof_opened_t *evprof_site_opened(const evprof_site_t *site);

/* What pages begin with. */
const evprof_options_t *evprof_site_options(const evprof_site_t *site);

/* What the site was made with; the profiles in it may have been replaced. */
const evprof_site_setup_t *evprof_site_setup(const evprof_site_t *site);

/* Counts the changes of what is open; part of what clients ask for. */
unsigned evprof_site_generation(const evprof_site_t *site);

/* ---- Answers ---- */

/* A copy of the answer that was kept under that key; false when there is none,
 * or memory is out. */
bool evprof_site_recall(evprof_site_t *site, const char *key,
                        evprof_web_answer_t *answer);

/* Keeps a copy; forgets older ones for it. */
void evprof_site_remember(evprof_site_t *site, const char *key,
                          const evprof_web_answer_t *answer);

#endif
