/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_SITE_H
#define EVPROF_WEB_SITE_H

/*
 * What a site keeps: the open profiles, and caches of what was made of them. A
 * view is cached as stacks, an answer as the bytes that were sent, so that
 * nothing in a cache is parsed or filtered twice.
 */

#include "adapters/web/web.h"
#include "core/report/document.h"

/* An open profile. The first one is that of the command line. */
typedef struct evprof_opened {
    char *name; /* NULL: closed */
    evprof_pprof_t *profile;
    evprof_pprof_t *base; /* the default base of comparisons, or NULL */
    /* Compared with the base; false: the base is subtracted. */
    bool is_compared;
} evprof_opened_t;

#define EVPROF_WEB_MAX_OPENED 16

/* A view in the cache. */
typedef struct evprof_seen {
    char *key;
    const evprof_pprof_t *profile; /* the whole profile that it shows */
    evprof_stacks_t *stacks;
    evprof_row_t *rows;
    evprof_buf_t notes; /* remarks as a JSON list, without brackets */
} evprof_seen_t;

/* Which profile a request asks for. */
typedef struct evprof_wanted {
    size_t profile; /* index of an open one */
    size_t base;    /* index of another one, or EVPROF_WEB_NO_BASE */
    bool wants_own_base;
    bool folds_recursion;
} evprof_wanted_t;

#define EVPROF_WEB_NO_BASE SIZE_MAX

/* The view of a profile with these options. EVPROF_ENOENT: no such profile;
 * otherwise as evprof_view_new(). */
int evprof_site_see(evprof_site_t *site, const evprof_wanted_t *wanted,
                    const evprof_options_t *options, const evprof_seen_t **out,
                    evprof_error_t *err);

/* Opens a profile, which the site then owns. EVPROF_ELIMIT, EVPROF_ENOMEM: the
 * caller keeps it. */
int evprof_site_open(evprof_site_t *site, const char *name,
                     evprof_pprof_t *profile, size_t *index,
                     evprof_error_t *err);

/* Closes a profile opened by evprof_site_open(). EVPROF_ENOENT: it is not open,
 * or it is the first one, which stays. */
int evprof_site_close(evprof_site_t *site, size_t index, evprof_error_t *err);

/*
 * Adds a fetched profile: in the place of the profile of that kind, or beside
 * the others. With `keeps`, the replaced profile becomes the new one's base, so
 * that pages show what has changed. The site owns the profile; where there is
 * no room it is freed. Returns its index.
 */
size_t evprof_site_update(evprof_site_t *site, const char *kind, bool keeps,
                          evprof_pprof_t *profile);

/* The site's fetcher of profiles. */
struct evprof_live *evprof_site_live(evprof_site_t *site);

/* All EVPROF_WEB_MAX_OPENED places for open profiles. */
const evprof_opened_t *evprof_site_opened(const evprof_site_t *site);

/* The options that pages start with. */
const evprof_options_t *evprof_site_options(const evprof_site_t *site);

/* The setup the site was made with; profiles in it may have been replaced
 * since. */
const evprof_site_setup_t *evprof_site_setup(const evprof_site_t *site);

/* A number that changes with the set of open profiles; part of the keys of
 * answers. */
unsigned evprof_site_generation(const evprof_site_t *site);

/* ---- Answers ---- */

/* Copies the answer that is kept under that key; false: there is none, or out
 * of memory. */
bool evprof_site_recall(evprof_site_t *site, const char *key,
                        evprof_web_answer_t *answer);

/* Keeps a copy of the answer; drops older ones to make room. */
void evprof_site_remember(evprof_site_t *site, const char *key,
                          const evprof_web_answer_t *answer);

#endif
