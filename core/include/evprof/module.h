/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_MODULE_H
#define EVPROF_MODULE_H

/*
 * The contract of a profile type. A module fills an evprof_module_t; the core
 * configures it, calls its hooks and serves what its snapshot says. Every hook
 * runs on the library's worker thread, one at a time for a module, and may
 * block up to its deadline, but for init and fini of evprof_new() and
 * evprof_free(), which run on the thread that calls these; none prints or
 * writes HTTP. NULL hooks are skipped; only `abi`, `name`, `summary` and one of
 * `snapshot` and `text` are required.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/directive.h>
#include <evprof/export.h>
#include <evprof/status.h>
#include <evprof/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a field below changes; checked before anything else. */
#define EVPROF_MODULE_ABI 4u

enum evprof_module_flag {
    /* begin, then a wait of `seconds` that the core owns, then snapshot. */
    EVPROF_MODULE_TIMED = 1u << 0,
    /* One request at a time; a second is refused at once with EVPROF_EBUSY. */
    EVPROF_MODULE_EXCLUSIVE = 1u << 1,
    /* ?seconds=N is the difference of two snapshots, taken by the core. */
    EVPROF_MODULE_DELTA = 1u << 2,
    /* Always text, through `text`, never a profile: "cmdline", "symbol". */
    EVPROF_MODULE_TEXT_ONLY = 1u << 3,
    /* Takes a request body (POST): "symbol". */
    EVPROF_MODULE_BODY = 1u << 4,
    /* `text` writes a file of a format of its own, for TIMED modules when the
     * window closes; it is downloaded under the name of the leaf. */
    EVPROF_MODULE_FILE = 1u << 5,
};

/* What was asked. Strings and body are owned by the core and live as long as
 * the request. */
typedef struct evprof_ask {
    double seconds;    /* length of the window, 0: a snapshot of now */
    int debug;         /* 0: profile.proto, else text */
    bool gc;           /* flush and purge before a heap snapshot */
    long rate;         /* samples a second that were asked for, 0: any */
    long tid;          /* kernel id of the thread that asked, 0: unknown */
    const char *query; /* the raw query or NULL */
    const void *body;  /* what was sent (POST), or NULL */
    size_t body_len;   /* its bytes */
    void *window;      /* what begin set for this request */
} evprof_ask_t;

/* ---- What a snapshot is written to ---- */

/* The profile that a hook fills; owned by the core, valid while the hook runs,
 * and used on its thread. */
typedef struct evprof_builder evprof_builder_t;

/* A string label (`text` set) or a numeric one (`text` NULL; `unit` may be).
 * The caller owns the texts, which are copied. */
typedef struct evprof_sample_label {
    const char *key;  /* its name */
    const char *text; /* the value of a string label */
    int64_t number;   /* the value of a numeric label, in `unit` */
    const char *unit; /* "bytes", "nanoseconds", ..., or NULL */
} evprof_sample_label_t;

/* A stack as samplers see it, leaf first. The caller owns it and what it points
 * to; both are copied. */
typedef struct evprof_stack {
    const uintptr_t *pcs; /* addresses, one a frame */
    size_t count;         /* how many frames */
    /* pcs[0] is the address of an instruction that was running; without it, and
     * for all others, a pc is a return address and means the call before it. */
    bool leaf_is_exact;
} evprof_stack_t;

/* Adds a column; both texts are copied. EVPROF_ESTATE: a sample was added
 * before, or a second snapshot has other columns than the first;
 * EVPROF_ENOMEM. */
EVPROF_API int evprof_builder_type(evprof_builder_t *b, const char *type,
                                   const char *unit);

/* Names the column that viewers show first; the last one otherwise. `type` is
 * copied. EVPROF_ENOMEM. */
EVPROF_API int evprof_builder_default_type(evprof_builder_t *b,
                                           const char *type);

/* What one sampling event stands for: `period` of `unit`, such as 10000000
 * nanoseconds. Both texts are copied. EVPROF_ENOMEM. */
EVPROF_API int evprof_builder_period(evprof_builder_t *b, const char *type,
                                     const char *unit, int64_t period);

/* When the window began: `time_ns` nanoseconds of Unix time, 0 for now; and how
 * long it was: `duration_ns` nanoseconds, 0 for a moment. */
EVPROF_API void evprof_builder_time(evprof_builder_t *b, int64_t time_ns,
                                    int64_t duration_ns);

/*
 * Adds a sample: one value a column, `label_count` labels. Equal stacks with
 * equal labels are merged by adding values. Everything is copied.
 * EVPROF_ESTATE: there are no columns yet; EVPROF_ELIMIT: the profile is as
 * large as one may be; EVPROF_ENOMEM.
 */
EVPROF_API int evprof_builder_add(evprof_builder_t *b,
                                  const evprof_stack_t *stack,
                                  const evprof_sample_label_t *labels,
                                  size_t label_count, const int64_t *values);

/* Adds a comment line, which is copied; "# evprof: ..." for statistics, which
 * pprof hides. EVPROF_ENOMEM. */
EVPROF_API int evprof_builder_comment(evprof_builder_t *b, const char *format,
                                      ...)
    __attribute__((format(printf, 2, 3)));

/* ---- The contract ---- */

/* A profile type. The module owns it and the texts it points to, and keeps them
 * unchanged while the process lives. */
typedef struct evprof_module {
    unsigned abi;        /* EVPROF_MODULE_ABI */
    const char *name;    /* the configuration's word for it: "heap" */
    const char *summary; /* one sentence for the index page */
    unsigned flags;      /* of enum evprof_module_flag */
    /* The last part of its URL; NULL: `name`. */
    const char *leaf;
    /* Further leaves, ended by NULL, which the configuration takes for its name
     * too; one that begins with "../" lies beside the prefix, and is no word of
     * the configuration. NULL: none. */
    const char *const *aliases;
    /* TIMED only: the window of a request that names none, in seconds; 0 is 30.
     */
    double default_seconds;
    /* TIMED only: whether this request is for what is there already and has no
     * window; NULL: none is. Any thread. */
    bool (*is_immediate)(const evprof_ask_t *ask);
    /* TIMED only: ?seconds may have a fraction. */
    bool takes_fractions;
    /* What stands before the reason when `begin` fails; NULL: nothing. */
    const char *refusal;
    /* What ?debug=2 shows beyond ?debug=1, as the text of a link on the index
     * page; NULL: nothing more. */
    const char *full_text;
    /* The flag of a test program that has this profile written to a file at its
     * end, and its meaning with the value's name in backquotes; NULL: none. */
    const char *file_flag;
    const char *file_help;
    /* The flag that has set_rate() called for such a file, its meaning, and the
     * rate without it; NULL: none. A negative rate leaves what is set. */
    const char *rate_flag;
    const char *rate_help;
    const char *rate_default;
    const evprof_directive_t *directives; /* NULL: none of its own */
    size_t conf_size; /* bytes of the struct that the directives fill, which is
                         zeroed first */

    /* Switched on, at first or after a reload changed its directives. */
    int (*init)(const void *conf, void **state, evprof_error_t *err);
    /* TIMED only: a window opens. Unless the module is EXCLUSIVE others may be
     * open; `*window` (NULL before) is the module's to tell them apart. */
    int (*begin)(void *state, const evprof_ask_t *ask, void **window,
                 evprof_error_t *err);
    /* Fills `out`; for TIMED modules the window `ask->window` closes. */
    int (*snapshot)(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
                    evprof_error_t *err);
    /* The number on the index page; -1: there is none to show. */
    long (*count)(void *state);
    /* debug != 0; the core has a text form of its own where this is NULL. 0, or
     * the status that the request fails with, and its words in `err`. */
    int (*text)(void *state, const evprof_ask_t *ask,
                const evprof_writer_t *out, evprof_error_t *err);
    /* FILE and TIMED only: writes the beginning of the file up to now, or what
     * has come to it since the last call, of a window that goes on; `text` then
     * writes the rest. NULL: the file is written as a whole. */
    int (*part)(void *state, const evprof_writer_t *out, evprof_error_t *err);
    /* A few `name: value` lines for the status page. 0, or what the writer
     * returned: the page is cut there. */
    int (*status)(void *state, const evprof_writer_t *out);
    /* Sets how much is recorded, in the module's own unit, and returns what was
     * set before; a negative rate only reads where the module says so. Any
     * thread, while the profile is on. */
    long (*set_rate)(long rate);
    /* A sentence for the index page, or NULL when there is nothing to say. The
     * module owns it and keeps it until its next call of this hook or `fini`.
     */
    const char *(*note)(void *state);
    /* The client left between begin and snapshot; exactly one of both runs. In
     * the child of a fork, once and with `window` NULL, for all that the parent
     * had open. */
    void (*cancel)(void *state, void *window);
    /* Switched off; state goes. */
    void (*fini)(void *state);
} evprof_module_t;

/*
 * A module that is compiled elsewhere is a shared object that defines this one
 * object; the directive `load_module FILE;` loads it. Its name must be unlike
 * those of all other profiles.
 */
extern EVPROF_API const evprof_module_t evprof_module;
#define EVPROF_MODULE_SYMBOL "evprof_module"

#ifdef __cplusplus
}
#endif

#endif
