/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directives that belong to no other room: the private port, the prefix,
 * the limits, the log. Their defaults are here and nowhere else.
 */
#include <string.h>

#include "core/base/address.h"
#include "core/conf/block.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The file itself ---- */

static const evprof_directive_t listen_directives[] = {
    { .name = "max_connections",
      .args = "NUMBER",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_listen_conf_t, max_connections),
      .min = 1,
      .max = 65536,
      .set = evprof_set_number },
    { .name = "request_timeout",
      .args = "TIME",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_listen_conf_t, request_timeout_ns),
      .min = 1000000,
      .max = 3600000000000,
      .set = evprof_set_time_ns },
    { .name = "send_timeout",
      .args = "TIME",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_listen_conf_t, send_timeout_ns),
      .min = 1000000,
      .max = 3600000000000,
      .set = evprof_set_time_ns },
    EVPROF_DIRECTIVE_END
};

void
evprof_listen_defaults(evprof_listen_conf_t *listen)
{
    listen->max_connections = 64;
    listen->request_timeout_ns = 10000000000;
    listen->send_timeout_ns = 30000000000;
}

/* Sets one directive in the block of a private port. */
static void
set_in_listen(const evprof_conf_t *cf, const evprof_statement_t *s,
              evprof_listen_conf_t *listen)
{
    const evprof_directive_t *d = listen_directives;
    while (d->name != NULL && strcmp(d->name, s->words[0].text) != 0) {
        d++;
    }
    evprof_conf_t inner = { .config = cf->config,
                            .problems = cf->problems,
                            .directive = d,
                            .statement = s };
    const char *fault = NULL;
    if (d->name == NULL) {
        fault = "is unknown: a port has max_connections, request_timeout and "
                "send_timeout";
    } else if (s->count != 2 || s->has_block) {
        fault = "takes 1 argument and no block";
    } else {
        fault = d->set(&inner, d, listen);
    }
    if (fault != NULL) {
        evprof_problems_add(cf->problems, &s->place, "\"%s\" %s",
                            s->words[0].text, fault);
    }
}

static const char *
set_listen(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_listen_conf_t **end = &((evprof_main_conf_t *)conf)->listen;
    evprof_listen_address_t address;
    const char *fault =
        evprof_listen_address_parse(evprof_conf_arg(cf, 0), &address);
    (void)d;
    if (fault != NULL) {
        return evprof_conf_fragment(cf, "%s %s", evprof_conf_arg(cf, 0), fault);
    }
    for (; *end != NULL; end = &(*end)->next) {
        if (strcmp((*end)->address, evprof_conf_arg(cf, 0)) == 0) {
            return "is duplicate: this address is listed already";
        }
    }
    evprof_listen_conf_t *entry = evprof_conf_alloc(cf, sizeof(*entry));
    char *text = evprof_conf_strdup(cf, evprof_conf_arg(cf, 0));
    if (entry == NULL || text == NULL) {
        return "cannot be kept: out of memory";
    }
    evprof_listen_defaults(entry);
    entry->address = text;
    *end = entry;
    for (const evprof_statement_t *s = cf->statement->children; s != NULL;
         s = s->next) {
        set_in_listen(cf, s, entry);
    }
    return NULL;
}

static const char *
set_reload_signal(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *arg = evprof_conf_arg(cf, 0);
    int number = evprof_conf_signal(arg);
    (void)d;
    if (number < 0) {
        return evprof_conf_fragment(
            cf, "must be HUP, USR1, USR2, WINCH or off, not %s", arg);
    }
    ((evprof_main_conf_t *)conf)->reload_signal = number;
    return NULL;
}

static const evprof_directive_t main_directives[] = {
    { .name = "listen",
      .args = "ADDRESS:PORT|unix:PATH [{ ... }]",
      .help = "Serves the profiles on a port and a thread of their own, for "
              "programs without an evhttp; may be repeated. The block may have "
              "max_connections NUMBER; (64) for clients at a time, of whom "
              "more wait, request_timeout TIME; (10s) for a request to come "
              "in, and send_timeout TIME; (30s) for a reply to be taken.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_main_conf_t, listen),
      .flags = EVPROF_DIRECTIVE_MANY | EVPROF_DIRECTIVE_FIXED |
               EVPROF_DIRECTIVE_OWN_BLOCK,
      .set = set_listen },
    { .name = "reload_signal",
      .args = "HUP|USR1|USR2|WINCH|off",
      .help = "Reads this file again when the signal comes, through a "
              "signalfd; every thread must have the signal blocked.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_main_conf_t, reload_signal),
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = set_reload_signal },
    EVPROF_DIRECTIVE_END
};

const evprof_section_t evprof_main_section = {
    .name = "main",
    .contexts = EVPROF_CONTEXT_MAIN,
    .directives = main_directives,
    .conf_size = sizeof(evprof_main_conf_t),
};

/* ---- pprof { } ---- */

static const char *
set_prefix(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *arg = evprof_conf_arg(cf, 0);
    size_t len = strlen(arg);
    if (len < 2 || arg[0] != '/' || arg[len - 1] != '/') {
        return evprof_conf_fragment(
            cf, "must begin and end with /, as /debug/pprof/, not %s", arg);
    }
    if (strpbrk(arg, "?#% \t\r\n\"<>\\") != NULL || strstr(arg, "//") != NULL ||
        strstr(arg, "/./") != NULL || strstr(arg, "/../") != NULL) {
        return evprof_conf_fragment(cf, "must be a plain path, not %s", arg);
    }
    return evprof_set_string(cf, d, conf);
}

static const char *const gather_names[] = { "off", "all", NULL };

static const char *const log_levels[] = { "error", "warn", "info", NULL };

static const char *
set_log(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_pprof_conf_t *pprof = conf;
    const char *level = evprof_conf_arg(cf, 1);
    (void)d;
    if (strcmp(evprof_conf_arg(cf, 0), "off") == 0) {
        return level == NULL ? NULL : "takes no level when it is off";
    }
    pprof->log_file = evprof_conf_path(cf, evprof_conf_arg(cf, 0));
    pprof->log_level = EVPROF_LOG_WARN;
    if (pprof->log_file == NULL) {
        return "cannot be kept: out of memory";
    }
    for (int i = 0; level != NULL && log_levels[i] != NULL; i++) {
        if (strcmp(level, log_levels[i]) == 0) {
            pprof->log_level = i;
            level = NULL;
        }
    }
    return level == NULL
               ? NULL
               : evprof_conf_fragment(cf,
                                      "has the level %s, but there are error, "
                                      "warn and info",
                                      level);
}

static const char *
set_symbolize_helper(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_pprof_conf_t *pprof = conf;
    if (strcmp(evprof_conf_arg(cf, 0), "off") != 0) {
        return evprof_set_path(cf, d, conf);
    }
    pprof->symbolize_helper = "off";
    return NULL;
}

static const evprof_directive_t pprof_directives[] = {
    { .name = "prefix",
      .args = "PATH",
      .help = "Where the profiles are mounted.",
      .by_default = "/debug/pprof/",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, prefix),
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = set_prefix },
    { .name = "max_profiles",
      .args = "NUMBER",
      .help = "How many profiles may be in the making at once; the next one is "
              "refused.",
      .by_default = "16",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, max_profiles),
      .min = 1,
      .max = 1024,
      .set = evprof_set_number },
    { .name = "max_reply",
      .args = "SIZE",
      .help = "The largest reply, as it is sent; a larger one is refused.",
      .by_default = "64m",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, max_reply_bytes),
      .min = 1 << 10,
      .max = 1LL << 30,
      .set = evprof_set_size },
    { .name = "labels",
      .args = "on|off",
      .help = "Keeps the labels of threads in profiles.",
      .by_default = "on",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, labels),
      .set = evprof_set_flag },
    { .name = "label_requests",
      .args = "on|off",
      .help = "Gives every sample inside a request's callbacks the label "
              "route, the path that was bound.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, label_requests),
      .set = evprof_set_flag },
    { .name = "status",
      .args = "on|off",
      .help = "Serves the page `status`: what is on, sampled and lost.",
      .by_default = "on",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, status),
      .set = evprof_set_flag },
    { .name = "gather",
      .args = "off|all",
      .help = "all: a request for a profile is answered with that of all "
              "workers of the process group, merged and labelled by pid; who "
              "does not answer in time is left out, and counted in a comment.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, gather),
      .data = gather_names,
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = evprof_set_choice },
    { .name = "metrics",
      .args = "on|off",
      .help =
          "Serves the numbers of that page, and those of the process and of "
          "jemalloc, at `metrics` as OpenMetrics text for Prometheus.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, metrics),
      .set = evprof_set_flag },
    { .name = "ui",
      .args = "on|off",
      .help = "Serves the web UI at `ui/`, from an optional library: flame "
              "graphs and tables of the profiles that a browser takes here.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, ui),
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = evprof_set_flag },
    { .name = "ui_source",
      .args = "on|off",
      .help = "Lets the web UI read the source files that a profile names.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, ui_source),
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = evprof_set_flag },
    { .name = "symbolize_helper",
      .args = "FILE|off",
      .help = "The program that reads debug information outside the server, "
              "for lines and inlined calls; without, the one that is installed "
              "with the library, unless a seccomp filter is in force.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_pprof_conf_t, symbolize_helper),
      .set = set_symbolize_helper },
    { .name = "log",
      .args = "FILE [error|warn|info]|off",
      .help = "Appends what the library has to say to a file; the level is "
              "warn unless named.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 2,
      .offset = offsetof(evprof_pprof_conf_t, log_file),
      .set = set_log },
    EVPROF_DIRECTIVE_END
};

const evprof_section_t evprof_pprof_section = {
    .name = "pprof",
    .contexts = EVPROF_CONTEXT_PPROF,
    .directives = pprof_directives,
    .conf_size = sizeof(evprof_pprof_conf_t),
};

/* ---- pprof { } and each profile ---- */

/* In the order of enum evprof_symbolize. */
static const char *const symbolize_levels[] = { "off", "names", "lines", "on",
                                                NULL };

static const char *
set_max_samples(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    if (strcmp(evprof_conf_arg(cf, 0), "none") == 0) {
        ((evprof_profile_limits_t *)conf)->max_samples = 0;
        return NULL;
    }
    return evprof_set_number(cf, d, conf);
}

static const evprof_directive_t limits_directives[] = {
    { .name = "max_seconds",
      .args = "NUMBER",
      .help = "The longest window that `seconds` may ask for.",
      .by_default = "300",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_profile_limits_t, max_seconds),
      .min = 1,
      .max = 86400,
      .set = evprof_set_number },
    { .name = "max_stacks",
      .args = "NUMBER",
      .help = "How many distinct stacks a profile keeps; what is beyond is "
              "counted as lost.",
      .by_default = "65536",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_profile_limits_t, max_stacks),
      .min = 16,
      .max = 1 << 24,
      .set = evprof_set_number },
    { .name = "max_samples",
      .args = "NUMBER|none",
      .help = "How many samples a reply may have; the largest stay, and the "
              "others become one, [beyond max_samples], so that totals are "
              "exact. Pyroscope takes 16000: 15000 is on its safe side.",
      .by_default = "none",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_profile_limits_t, max_samples),
      .min = 2,
      .max = 1 << 24,
      .set = set_max_samples },
    { .name = "symbolize",
      .args = "off|names|lines",
      .help = "What the server finds out about addresses: nothing (the tool "
              "names them by build id), functions, or files, lines and "
              "inlined calls too; on is another word for lines.",
      .by_default = "lines",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_profile_limits_t, symbolize),
      .data = symbolize_levels,
      .set = evprof_set_choice },
    EVPROF_DIRECTIVE_END
};

const evprof_section_t evprof_limits_section = {
    .name = "limits",
    .contexts = EVPROF_CONTEXT_PPROF | EVPROF_CONTEXT_PROFILE,
    .directives = limits_directives,
    .conf_size = sizeof(evprof_profile_limits_t),
};

static const evprof_section_t *const sections[] = {
    &evprof_main_section,
    &evprof_preload_section,
    &evprof_pprof_section,
    &evprof_limits_section,
    &evprof_push_section,
    &evprof_watch_section,
    NULL,
};

const evprof_outer_block_t evprof_outer_blocks[EVPROF_OUTER_BLOCKS] = {
    [EVPROF_OUTER_PPROF] = { "pprof", EVPROF_CONTEXT_PPROF },
    [EVPROF_OUTER_PUSH] = { "push", EVPROF_CONTEXT_PUSH },
    [EVPROF_OUTER_WATCH] = { "watch", EVPROF_CONTEXT_WATCH },
};

void
evprof_schema_each(const evprof_schema_t *schema,
                   void (*fn)(void *ctx, const evprof_section_t *section),
                   void *ctx)
{
    const evprof_section_t *const *lists[] = { sections, schema->sections };
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t k = 0; lists[i] != NULL && lists[i][k] != NULL; k++) {
            fn(ctx, lists[i][k]);
        }
    }
}
