/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_WEB_H
#define EVPROF_WEB_WEB_H

/*
 * The analysis site: pages that show profiles, for a browser. A site answers
 * requests as plain data, so that the tool's own port, a running server and a
 * test can each bring requests in their way. One thread at a time for a site.
 */

#include "core/analysis/format.h"
#include "core/report/report.h"
#include "core/runtime/ui.h"

typedef struct evprof_site evprof_site_t;

#define EVPROF_RELOAD_KIND_SIZE 32

/* Which profile to get. */
typedef struct evprof_reload {
    int64_t seconds;  /* to measure, 0: as the first time */
    const char *kind; /* another one of the same server: "heap"; or NULL */
} evprof_reload_t;

/* What a site may do outside of itself. NULL: it may not. */
typedef struct evprof_site_hooks {
    void *ctx;

    /* Gets a profile anew. May block; called on a thread of its own. */
    int (*reload)(void *ctx, const evprof_reload_t *what, evprof_pprof_t **out,
                  evprof_error_t *err);

    /* The name of the file that holds the saved settings. */
    const char *settings_file;

    /* Where machine code is found, see core/symbol/code.h. */
    const struct evprof_code_source *code;

    /* The profiles that the server of the first one has too, ended by NULL;
     * NULL: it came from no server. */
    const char *const *kinds;
    bool may_run_dot;
    bool may_read_sources;
} evprof_site_hooks_t;

typedef struct evprof_site_setup {
    const char *name;                /* of the profile, for people */
    evprof_pprof_t *profile;         /* owned by the site; NULL: none yet */
    evprof_pprof_t *base;            /* likewise, or NULL */
    bool is_diff_base;               /* compared with, not only taken away */
    const evprof_options_t *options; /* what pages begin with; copied */
    const evprof_format_t *const *formats; /* that may be dropped on a page */
    evprof_site_hooks_t hooks;
    bool is_guest; /* within an application's server: a few profiles, small
                      caches */
} evprof_site_setup_t;

/* EVPROF_ENOMEM; the profiles are the caller's still then. */
int evprof_site_new(const evprof_site_setup_t *setup, evprof_site_t **out,
                    evprof_error_t *err);

/* Frees the site and the profiles that are its own; NULL is ignored. */
void evprof_site_free(evprof_site_t *site);

enum evprof_web_method {
    EVPROF_WEB_GET, /* and HEAD */
    EVPROF_WEB_POST,
    EVPROF_WEB_DELETE,
};

/* A request. Strings may be NULL where it has none. */
typedef struct evprof_web_ask {
    enum evprof_web_method method;
    const char *path;  /* decoded, below the site's prefix: "flamegraph" */
    const char *query; /* as it came, without the question mark */
    const void *body;
    size_t body_len;
    const char *token; /* of the header X-Evprof-Token */
    const char *if_none_match;
    bool accepts_gzip;
} evprof_web_ask_t;

#define EVPROF_WEB_ETAG_SIZE 24

typedef struct evprof_web_answer {
    int code;
    const char *type;      /* of the body; static */
    const char *filename;  /* what a download is called, NULL: none; static */
    evprof_buf_t location; /* of a redirect */
    evprof_buf_t body;
    char etag[EVPROF_WEB_ETAG_SIZE]; /* "" for none */
    bool is_gzip;
    bool is_immutable; /* the name changes with the content */
} evprof_web_answer_t;

/* Answers; never fails but with a code. Ends with evprof_web_answer_free(). */
void evprof_site_answer(evprof_site_t *site, const evprof_web_ask_t *ask,
                        evprof_web_answer_t *answer);

/* Frees the body and the location; the answer is empty afterwards. */
void evprof_web_answer_free(evprof_web_answer_t *answer);

/* What a request that changes something has to show: 32 hexadecimal digits. */
const char *evprof_site_token(const evprof_site_t *site);

/* The headers that every answer has, ended by a NULL name. */
extern const evprof_ui_header_t evprof_web_headers[];

/* ---- A port of its own ---- */

typedef struct evprof_web_port {
    const char *address; /* "[host]:[port]"; no host: loopback, no port: any */
    /* Called once with the URL to open, when requests are answered. */
    void (*on_ready)(void *ctx, const char *url);
    void *ctx;
} evprof_web_port_t;

/*
 * Serves the site until SIGINT or SIGTERM. EVPROF_EINVAL: the address;
 * EVPROF_EIO: it cannot be bound.
 */
int evprof_web_serve(evprof_site_t *site, const evprof_web_port_t *port,
                     evprof_error_t *err);

#endif
