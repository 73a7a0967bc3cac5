/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push { }: the directives for libevprof_push.so. They are declared here so
 * that a file can be checked and listed where that library is not installed;
 * adapters/push carries them out.
 */
#include <string.h>

#include "core/base/scheme.h"
#include "core/conf/block.h"

static const char *
add_text(evprof_conf_t *cf, evprof_text_list_t **end, const char *text)
{
    while (*end != NULL) {
        end = &(*end)->next;
    }
    evprof_text_list_t *entry = evprof_conf_alloc(cf, sizeof(*entry));
    if (entry == NULL || text == NULL) {
        return "cannot be kept: out of memory";
    }
    entry->text = text;
    *end = entry;
    return NULL;
}

static const char *
set_url(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *url = evprof_conf_arg(cf, 0);
    if (evprof_scheme_of(url, NULL) == EVPROF_SCHEME_NONE) {
        return evprof_conf_fragment(
            cf, "must begin with http:// or https://, not %s", url);
    }
    return evprof_set_string(cf, d, conf);
}

static const char *
set_profiles(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    static const char *const known[] = { "allocs", "block", "cpu", "goroutine",
                                         "heap",   "mutex", "wall" };
    evprof_push_conf_t *push = conf;
    (void)d;
    for (unsigned i = 0; i < evprof_conf_arg_count(cf); i++) {
        const char *name = evprof_conf_arg(cf, i);
        size_t k = 0;
        while (k < sizeof(known) / sizeof(known[0]) &&
               strcmp(known[k], name) != 0) {
            k++;
        }
        if (k == sizeof(known) / sizeof(known[0])) {
            return evprof_conf_fragment(cf,
                                        "must be of allocs, block, cpu, "
                                        "goroutine, heap, mutex and wall, not "
                                        "%s",
                                        name);
        }
        const char *fault = add_text(cf, &push->profiles, known[k]);
        if (fault != NULL) {
            return fault;
        }
    }
    return NULL;
}

/* Whether the name is one that receivers accept for a label. */
static bool
is_label_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    return strchr(letters, name[0]) != NULL && name[0] != '\0' &&
           strncmp(name, "__", 2) != 0 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] == '\0';
}

static const char *
add_label(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_push_label_t **end = &((evprof_push_conf_t *)conf)->labels;
    const char *name = evprof_conf_arg(cf, 0);
    (void)d;
    if (!is_label_name(name)) {
        return evprof_conf_fragment(
            cf, "must have a name of letters, digits and _, not %s", name);
    }
    for (; *end != NULL; end = &(*end)->next) {
        if (strcmp((*end)->name, name) == 0) {
            return evprof_conf_fragment(cf, "%s is duplicate", name);
        }
    }
    evprof_push_label_t *label = evprof_conf_alloc(cf, sizeof(*label));
    if (label != NULL) {
        label->name = evprof_conf_strdup(cf, name);
        label->value = evprof_conf_strdup(cf, evprof_conf_arg(cf, 1));
    }
    if (label == NULL || label->name == NULL || label->value == NULL) {
        return "cannot be kept: out of memory";
    }
    *end = label;
    return NULL;
}

static const char *
add_header(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *said = evprof_conf_arg(cf, 0);
    char *text = NULL;
    (void)d;
    if (said[0] == '@') {
        const char *path = evprof_conf_path(cf, said + 1);
        text = path == NULL ? NULL : evprof_conf_alloc(cf, strlen(path) + 2);
        if (text != NULL) {
            text[0] = '@';
            memcpy(text + 1, path, strlen(path) + 1);
        }
    } else if (strchr(said, ':') == NULL || strpbrk(said, "\r\n") != NULL) {
        return "must be one line \"Name: value\", or @FILE with one";
    } else {
        text = evprof_conf_strdup(cf, said);
    }
    return add_text(cf, &((evprof_push_conf_t *)conf)->headers, text);
}

static const char *
set_spool(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_push_conf_t *push = conf;
    const char *fault = evprof_set_path(cf, d, conf);
    if (fault == NULL && evprof_conf_arg(cf, 1) != NULL) {
        fault = evprof_conf_size(cf, 1, &push->spool_bytes);
    } else if (fault == NULL) {
        push->spool_bytes = 64 << 20;
    }
    return fault != NULL || push->spool_bytes >= 1 << 20
               ? fault
               : "must have room for 1m at least";
}

static const char *const formats[] = { "pyroscope", "parca", NULL };

#define TEXT(word, takes, field_name, setter, sentence)                        \
    {                                                                          \
        .name = (word), .args = (takes), .help = (sentence), .min_args = 1,    \
        .max_args = 1, .offset = offsetof(evprof_push_conf_t, field_name),     \
        .flags = EVPROF_DIRECTIVE_FIXED, .set = (setter)                       \
    }

static const evprof_directive_t directives[] = {
    TEXT("url", "URL", url, set_url,
         "Where profiles are sent, the engine's address without a path of its "
         "own; unless set, nothing is."),
    { .name = "format",
      .args = "pyroscope|parca",
      .help = "The engine's way to be told: Pyroscope's push API, or its "
              "older /ingest where that is missing, or Parca's WriteRaw by "
              "gRPC.",
      .by_default = "pyroscope",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_push_conf_t, format),
      .data = formats,
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = evprof_set_choice },
    { .name = "every",
      .args = "TIME",
      .help = "How long the windows are, one after the other.",
      .by_default = "15s",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_push_conf_t, every_ns),
      .min = 1000000000,
      .max = 3600LL * 1000000000,
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = evprof_set_time_ns },
    { .name = "profiles",
      .args = "NAME...",
      .help = "Which ones, of allocs, block, cpu, goroutine, heap, mutex and "
              "wall; what can only be told as a sum since the start is sent "
              "as the difference between two pushes.",
      .by_default = "cpu heap mutex block goroutine",
      .min_args = 1,
      .max_args = 7,
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = set_profiles },
    { .name = "label",
      .args = "NAME VALUE",
      .help = "A label of all that is sent; may be repeated. service_name is "
              "the program's name, and instance HOST:PID, unless set.",
      .min_args = 2,
      .max_args = 2,
      .flags = EVPROF_DIRECTIVE_MANY | EVPROF_DIRECTIVE_FIXED,
      .set = add_label },
    { .name = "header",
      .args = "LINE|@FILE",
      .help = "A header line of each request, or a file that holds it and is "
              "read each time; may be repeated.",
      .min_args = 1,
      .max_args = 1,
      .flags = EVPROF_DIRECTIVE_MANY | EVPROF_DIRECTIVE_FIXED,
      .set = add_header },
    TEXT("bearer_token_file", "FILE", bearer_token_file, evprof_set_path,
         "A file that holds the token of the requests; read each time."),
    TEXT("proxy", "URL", proxy, evprof_set_string,
         "The proxy, instead of the one that the environment names."),
    TEXT("tls_ca", "FILE", tls_ca, evprof_set_path,
         "Certificates that the engine's must be signed by."),
    TEXT("tls_cert", "FILE", tls_cert, evprof_set_path,
         "Our certificate, with tls_key."),
    TEXT("tls_key", "FILE", tls_key, evprof_set_path, "Its key."),
    { .name = "spool",
      .args = "DIR [SIZE]",
      .help = "Keeps what is not sent yet in a folder, also over a restart of "
              "the program, 64m unless the size is given, of which all "
              "processes that have the folder may use an equal share; the "
              "oldest goes when it is full. Unless set, up to 16m are kept in "
              "memory.",
      .min_args = 1,
      .max_args = 2,
      .offset = offsetof(evprof_push_conf_t, spool),
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = set_spool },
    { .name = "linger",
      .args = "TIME",
      .help = "How long evprof_free() and exit() wait at most, and a second "
              "more, until the last windows are sent or spooled; 0: they are "
              "lost.",
      .by_default = "2s",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_push_conf_t, linger_ns),
      .max = 60LL * 1000000000,
      .flags = EVPROF_DIRECTIVE_FIXED,
      .set = evprof_set_time_ns },
    EVPROF_DIRECTIVE_END
};

static const char *
finish(evprof_conf_t *cf, void *conf, const char **culprit)
{
    const evprof_push_conf_t *push = conf;
    (void)cf;
    if ((push->tls_cert == NULL) != (push->tls_key == NULL)) {
        *culprit = push->tls_cert != NULL ? "tls_cert" : "tls_key";
        return "needs the other one of tls_cert and tls_key";
    }
    if (push->url == NULL && (push->labels != NULL || push->headers != NULL ||
                              push->spool != NULL)) {
        *culprit = push->labels != NULL    ? "label"
                   : push->headers != NULL ? "header"
                                           : "spool";
        return "has no use without a url";
    }
    return NULL;
}

const evprof_section_t evprof_push_section = {
    .name = "push",
    .contexts = EVPROF_CONTEXT_PUSH,
    .directives = directives,
    .conf_size = sizeof(evprof_push_conf_t),
    .finish = finish,
};
