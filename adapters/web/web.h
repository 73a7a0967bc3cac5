/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_WEB_H
#define EVPROF_WEB_WEB_H

/*
 * The analysis site: pages that show profiles in a browser. A site takes
 * requests and gives answers as plain data, so that the tool's port, a running
 * server and tests can each transport them in their own way. One thread at a
 * time for a site.
 */

#include "core/analysis/format.h"
#include "core/report/report.h"
#include "core/runtime/ui.h"

typedef struct evprof_site evprof_site_t;

#define EVPROF_RELOAD_KIND_SIZE 32

/* Which profile to fetch. */
typedef struct evprof_reload {
    int64_t seconds; /* length of the window; 0: as the first time */
    /* Another profile of the same server, such as "heap"; or NULL. */
    const char *kind;
} evprof_reload_t;

/* What a site may do outside of itself. A member that is NULL forbids it. */
typedef struct evprof_site_hooks {
    void *ctx;

    /* Fetches a profile again. May block; called on a thread of its own. */
    int (*reload)(void *ctx, const evprof_reload_t *what, evprof_pprof_t **out,
                  evprof_error_t *err);

    /* The file with the saved settings. */
    const char *settings_file;

    /* How machine code is found, see core/symbol/code.h. */
    const struct evprof_code_source *code;

    /* The other profiles of the server that the first one is from, ended by
     * NULL; NULL: it is from no server. */
    const char *const *kinds;
    bool may_run_dot;
    bool may_read_sources;
} evprof_site_hooks_t;

typedef struct evprof_site_setup {
    const char *name;        /* of the profile, for people */
    evprof_pprof_t *profile; /* owned by the site; NULL: none yet */
    evprof_pprof_t *base;    /* likewise, or NULL */
    /* Compare with the base; false: subtract it. */
    bool is_diff_base;
    const evprof_options_t *options; /* what pages start with; copied */
    /* The formats of files that can be dropped on a page. */
    const evprof_format_t *const *formats;
    evprof_site_hooks_t hooks;
    /* Inside an application's server: few profiles, small caches. */
    bool is_guest;
} evprof_site_setup_t;

/* Makes a site. EVPROF_ENOMEM: the caller keeps the profiles. */
int evprof_site_new(const evprof_site_setup_t *setup, evprof_site_t **out,
                    evprof_error_t *err);

/* Frees the site and its profiles; NULL is ignored. */
void evprof_site_free(evprof_site_t *site);

enum evprof_web_method {
    EVPROF_WEB_GET, /* and HEAD */
    EVPROF_WEB_POST,
    EVPROF_WEB_DELETE,
};

/* A request. Strings that it lacks may be NULL. */
typedef struct evprof_web_ask {
    enum evprof_web_method method;
    const char *path;  /* decoded, below the site's prefix: "flamegraph" */
    const char *query; /* not decoded, without the question mark */
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
    const char *filename;  /* name of a download; static; NULL: none */
    evprof_buf_t location; /* of a redirect */
    evprof_buf_t body;
    char etag[EVPROF_WEB_ETAG_SIZE]; /* "" for none */
    bool is_gzip;
    bool is_immutable; /* the address changes with the content */
} evprof_web_answer_t;

/* Answers a request; a failure is an answer too. Free it by
 * evprof_web_answer_free(). */
void evprof_site_answer(evprof_site_t *site, const evprof_web_ask_t *ask,
                        evprof_web_answer_t *answer);

/* Frees the body and the location; the answer is empty afterwards. */
void evprof_web_answer_free(evprof_web_answer_t *answer);

/* The token that a request must have to change something: 32 hex digits. */
const char *evprof_site_token(const evprof_site_t *site);

/* The headers of every answer, ended by a NULL name. */
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
