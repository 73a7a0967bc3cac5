/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_DIRECTIVE_H
#define EVPROF_DIRECTIVE_H

/*
 * Configuration directives are data: a module lists them, the core reads,
 * checks, defaults, documents and dumps them. A directive's default is text
 * that its own setter parses, so that it is written in one place only.
 */

#include <stddef.h>

#include <evprof/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The place in a configuration that is being read; opaque to setters, owned by
 * the reader and valid while the setter runs. */
typedef struct evprof_conf evprof_conf_t;

/* What a directive may do beyond being set once. */
enum evprof_directive_flag {
    /* May be repeated; its setter is called for each, in the file's order. */
    EVPROF_DIRECTIVE_MANY = 1u << 0,
    /* Cannot change while running: a reload that changes it is refused. */
    EVPROF_DIRECTIVE_FIXED = 1u << 1,
};

/* One directive. The module owns it and all that it points to, and keeps them
 * while it is loaded. */
typedef struct evprof_directive {
    const char *name; /* as it stands in a file */
    const char *args; /* how the reference writes them: "SIZE", "on|off" */
    const char *help; /* one sentence for the reference and the man page */
    const char *by_default; /* arguments as written in a file; NULL: unset */
    unsigned min_args;      /* fewest arguments */
    unsigned max_args;      /* most arguments */
    /* Bytes from the conf struct's begin to the field, for typed setters. */
    size_t offset;
    long long min; /* lowest number, in the setter's unit; both 0: no bounds */
    long long max; /* highest number, likewise */
    const void *data; /* for the setter: evprof_set_choice's table of names */
    unsigned flags;   /* of enum evprof_directive_flag */

    /*
     * Parses the arguments into `conf`, the struct of the enclosing block.
     * Returns NULL, or a sentence fragment that completes `"name" ...`, such as
     * "must be between 1 and 1000"; the core adds file, line, column and name.
     */
    const char *(*set)(evprof_conf_t *cf, const struct evprof_directive *d,
                       void *conf);
} evprof_directive_t;

#define EVPROF_DIRECTIVE_END                                                   \
    {                                                                          \
        .name = NULL                                                           \
    }

/* Argument `i` (0 is the first after the name), or NULL beyond the last; valid
 * until the setter returns. On the setter's thread. */
EVPROF_API const char *evprof_conf_arg(const evprof_conf_t *cf, unsigned i);

/* How many arguments there are. On the setter's thread. */
EVPROF_API unsigned evprof_conf_arg_count(const evprof_conf_t *cf);

/*
 * Writes argument `i`, which must be there, to the caller's `out`: in bytes
 * (suffixes k m g), or in nanoseconds (suffixes ns us ms s m h). NULL, or a
 * fragment that says what is wrong, valid until the next call. On the setter's
 * thread.
 */
EVPROF_API const char *evprof_conf_size(evprof_conf_t *cf, unsigned i,
                                        long long *out);
EVPROF_API const char *evprof_conf_time_ns(evprof_conf_t *cf, unsigned i,
                                           long long *out);

/* Makes the fragment for a setter to return; valid until the next call. On the
 * setter's thread. */
EVPROF_API const char *evprof_conf_fragment(evprof_conf_t *cf,
                                            const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of `text` that lives as long as the configuration; NULL: no memory. On
 * the setter's thread. */
EVPROF_API char *evprof_conf_strdup(evprof_conf_t *cf, const char *text);

/* The typed setters; each names the type of the field at `offset`. */
#define EVPROF_SETTER(name)                                                    \
    EVPROF_API const char *evprof_set_##name(                                  \
        evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
EVPROF_SETTER(flag);    /* bool: on, off */
EVPROF_SETTER(number);  /* long: a decimal integer */
EVPROF_SETTER(size);    /* long long: bytes, suffixes k m g (1024) */
EVPROF_SETTER(time_ns); /* long long: nanoseconds; suffixes ns us ms s m h,
                           plain numbers are seconds */
EVPROF_SETTER(string);  /* const char *: lives as long as the configuration */
EVPROF_SETTER(path);    /* const char *: the same, relative to the folder of the
                           configuration file unless it begins with / */
EVPROF_SETTER(choice); /* int: index into `data`, a NULL-ended table of names */
#undef EVPROF_SETTER

#ifdef __cplusplus
}
#endif

#endif
