/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_CONF_H
#define EVPROF_CONF_CONF_H

/*
 * A configuration is loaded as a whole and never changes. A reload loads
 * another one, while users of the old one hold references to it. Loading runs
 * on one thread; a loaded configuration may be read and referenced from any
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include <evprof/module.h>

typedef struct evprof_config evprof_config_t;

/* Where directives may stand. */
enum evprof_context {
    EVPROF_CONTEXT_MAIN = 1u << 0,    /* the file itself */
    EVPROF_CONTEXT_PPROF = 1u << 1,   /* pprof { } */
    EVPROF_CONTEXT_PROFILE = 1u << 2, /* profile NAME { } */
    EVPROF_CONTEXT_PUSH = 1u << 3,    /* push { } */
    EVPROF_CONTEXT_WATCH = 1u << 4,   /* watch { } */
};

/*
 * A set of directives and the struct that they fill. A section that is allowed
 * in pprof and in profile has a struct in each; what a profile does not set it
 * inherits from pprof. Directives that fill one list (repeatable, with equal
 * offsets) are inherited together, so that `deny` in a profile also replaces
 * the `allow` of pprof.
 */
typedef struct evprof_section {
    const char *name;
    unsigned contexts;
    const evprof_directive_t *directives;
    size_t conf_size; /* zeroed first */
    /*
     * Checks and completes a struct when all directives are set. NULL, or a
     * fragment about the directive that `culprit` is set to.
     */
    const char *(*finish)(evprof_conf_t *cf, void *conf, const char **culprit);
} evprof_section_t;

/* The modules and sections that a configuration may name. Both arrays end in
 * NULL and outlive it. */
typedef struct evprof_schema {
    const evprof_module_t *const *modules;
    const evprof_section_t *const *sections; /* NULL: only those of this room */
} evprof_schema_t;

/* ---- What this room's own directives set ---- */

/* A private port. */
typedef struct evprof_listen_conf {
    const char *address;
    long max_connections;
    long long request_timeout_ns; /* from the connection to the whole request */
    long long send_timeout_ns;    /* without progress of a reply */
    struct evprof_listen_conf *next;
} evprof_listen_conf_t;

/* Sets the defaults of everything but the address. */
EVPROF_API void evprof_listen_defaults(evprof_listen_conf_t *listen);

/* The file itself. */
typedef struct evprof_main_conf {
    evprof_listen_conf_t *listen; /* in the order of the file */
    int reload_signal;            /* 0: none */
} evprof_main_conf_t;

/* Names in the order of the file. */
typedef struct evprof_text_list {
    const char *text;
    struct evprof_text_list *next;
} evprof_text_list_t;

/* For libevprof_preload.so; see the directives of the same names. */
typedef struct evprof_preload_conf {
    long long listen_after_ns;
    int listen_signal;        /* 0: none */
    evprof_text_list_t *only; /* NULL: every program */
    bool follow_exec;
    int mount; /* 1: on the program's evhttp as well */
} evprof_preload_conf_t;

enum evprof_log_level {
    EVPROF_LOG_ERROR,
    EVPROF_LOG_WARN,
    EVPROF_LOG_INFO,
};

/* pprof { } */
typedef struct evprof_pprof_conf {
    const char *prefix; /* begins and ends in a slash */
    long max_profiles;  /* at the same time */
    long long max_reply_bytes;
    bool labels;
    bool label_requests;
    bool status;
    bool metrics;
    int gather;                   /* 1: of all workers */
    bool ui;                      /* the web UI is served */
    bool ui_source;               /* and may show source text */
    const char *symbolize_helper; /* a file, "off", or NULL: beside us */
    const char *log_file;         /* NULL: nothing is logged */
    int log_level;                /* of enum evprof_log_level */
} evprof_pprof_conf_t;

enum evprof_push_format { EVPROF_PUSH_PYROSCOPE, EVPROF_PUSH_PARCA };

/* "label K V;" */
typedef struct evprof_push_label {
    const char *name;
    const char *value;
    struct evprof_push_label *next;
} evprof_push_label_t;

/* push { } */
typedef struct evprof_push_conf {
    const char *url; /* NULL: nothing is pushed */
    int format;      /* of enum evprof_push_format */
    long long every_ns;
    evprof_text_list_t *profiles;
    evprof_push_label_t *labels;
    evprof_text_list_t *headers; /* "Name: value" or "@" and a path */
    const char *bearer_token_file;
    const char *proxy;
    const char *tls_ca;
    const char *tls_cert;
    const char *tls_key;
    const char *spool; /* a folder; NULL: memory */
    long long spool_bytes;
    /* How long the process's end is delayed for the last windows. */
    long long linger_ns;
} evprof_push_conf_t;

/* watch { }; a bound of 0 is not watched. */
typedef struct evprof_watch_conf {
    long cpu_percent; /* of one CPU */
    long long cpu_for_ns;
    long long rss_bytes;
    long rss_growth_percent;
    long long rss_growth_in_ns;
    long threads;
    long long latency_ns; /* of requests, or of a wake-up of our thread */
    long long every_ns;   /* at most one set of profiles in that time */
    long keep_files;
    long long keep_bytes;
    const char *folder; /* NULL: nothing is written */
    bool push;
} evprof_watch_conf_t;

enum evprof_symbolize {
    EVPROF_SYMBOLIZE_OFF,
    EVPROF_SYMBOLIZE_NAMES,
    EVPROF_SYMBOLIZE_LINES, /* and everything above it */
};

/* pprof { }, and each profile by itself. */
typedef struct evprof_profile_limits {
    long max_seconds;
    long max_stacks;  /* distinct ones kept for a profile */
    long max_samples; /* of a reply; 0: no bound */
    int symbolize;    /* of enum evprof_symbolize */
} evprof_profile_limits_t;

/* One profile type as configured. */
typedef struct evprof_profile_conf {
    const evprof_module_t *module;
    bool is_enabled;
    const void *conf; /* what the module's own directives filled */
    evprof_profile_limits_t limits;
} evprof_profile_conf_t;

/* ---- Loading ---- */

/*
 * Loads a file, or the built-in defaults when `file` is NULL, into `out`, with
 * one reference that the caller owns. EVPROF_EPARSE: `err` has the first error
 * and how many there are; EVPROF_EIO: the file cannot be read; EVPROF_ENOMEM.
 */
int evprof_config_load(const char *file, const evprof_schema_t *schema,
                       evprof_config_t **out, evprof_error_t *err);

/* As evprof_conf_check() of <evprof/evprof.h>. */
int evprof_config_check(const char *file, const evprof_schema_t *schema,
                        const evprof_writer_t *out, evprof_error_t *err);

/* Takes a reference, for evprof_config_unref(). */
evprof_config_t *evprof_config_ref(evprof_config_t *config);

/* Gives a reference back; the last one frees. NULL is ignored. */
void evprof_config_unref(evprof_config_t *config);

/* ---- Reading; results live as long as the configuration ---- */

/* The directives outside of all blocks. */
const evprof_main_conf_t *evprof_config_main(const evprof_config_t *config);

/* The directives for a preloaded library. */
const evprof_preload_conf_t *
evprof_config_preload(const evprof_config_t *config);

/* The directives of pprof { }. */
const evprof_pprof_conf_t *evprof_config_pprof(const evprof_config_t *config);

/* The directives of push { }; defaults for what is not in the file. */
const evprof_push_conf_t *evprof_config_push(const evprof_config_t *config);

/* The directives of watch { }; defaults for what is not in the file. */
const evprof_watch_conf_t *evprof_config_watch(const evprof_config_t *config);

/* The limits of pprof { }, for requests that are not for a module's profile. */
const evprof_profile_limits_t *
evprof_config_limits(const evprof_config_t *config);

/* The absolute path of the loaded file; NULL: the built-in defaults. */
const char *evprof_config_path(const evprof_config_t *config);

/* Warnings of a file that was loaded, one a line, or NULL. */
const char *evprof_config_warnings(const evprof_config_t *config);

/* The number of profiles. */
size_t evprof_config_profile_count(const evprof_config_t *config);

/* Profile `i`, in the order of the schema, then of the modules that were
 * loaded.
 */
const evprof_profile_conf_t *
evprof_config_profile_at(const evprof_config_t *config, size_t i);

/* The profile of that name, or NULL. */
const evprof_profile_conf_t *
evprof_config_profile(const evprof_config_t *config, const char *name);

/*
 * The struct of `section`: that of profile `profile`, or, when `profile` is
 * NULL or has no struct of its own, that of the file or pprof { }. NULL: the
 * section is not in the schema.
 */
const void *evprof_config_section(const evprof_config_t *config,
                                  const evprof_section_t *section,
                                  const char *profile);

/* True when both configurations give this profile's module the same values. */
bool evprof_config_profile_equal(const evprof_config_t *a,
                                 const evprof_config_t *b, const char *name);

/*
 * EVPROF_ESTATE when a directive that is fixed while running differs; `err`
 * names it.
 */
int evprof_config_check_switch(const evprof_config_t *from,
                               const evprof_config_t *to, evprof_error_t *err);

/* ---- Writing ---- */

/* The effective configuration as a file, each line with its origin. */
int evprof_config_dump(const evprof_config_t *config,
                       const evprof_writer_t *out);

/*
 * Writes every directive of a schema as a commented configuration file: its
 * syntax, its meaning, its default. Loading this file gives the defaults.
 */
int evprof_config_reference(const evprof_schema_t *schema,
                            const evprof_writer_t *out);

/* ---- For setters of sections in the core ---- */

/* Adds a profile type; NULL, or a fragment when that fails. For directives of
 * the file itself only. */
const char *evprof_conf_add_module(evprof_conf_t *cf,
                                   const evprof_module_t *module);

/* Has `fn` called when the configuration is freed, the latest first.
 * EVPROF_ENOMEM. */
int evprof_conf_defer(evprof_conf_t *cf, void (*fn)(void *ctx), void *ctx);

/* Zeroed memory that lives as long as the configuration; NULL: out of
 * memory. */
void *evprof_conf_alloc(evprof_conf_t *cf, size_t size);

/* `path`, or the folder of the configuration and `path`; NULL: no memory. */
const char *evprof_conf_path(evprof_conf_t *cf, const char *path);

/* Warns about the directive that is being set. */
void evprof_conf_warn(evprof_conf_t *cf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
