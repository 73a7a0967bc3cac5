/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_SAMPLING_H
#define EVPROF_RUNTIME_SAMPLING_H

/*
 * What modules share whose profile a sampler takes during a window: their
 * configuration and the hooks between the module contract and the sampler.
 */

#include <evprof/module.h>

#include "core/sample/sampling.h"
#include "core/sample/tap.h"

typedef struct evprof_sampling_conf {
    long rate;
    long depth;
    const evprof_unwinder_t *unwinder; /* NULL: the best there is */
    bool asks_sleepers;
    int thread_labels; /* of enum evprof_thread_labels */
} evprof_sampling_conf_t;

/* Two directives of that struct. */
#define EVPROF_SAMPLING_RATE(sentence)                                         \
    {                                                                          \
        .name = "rate", .args = "HZ", .help = (sentence), .by_default = "100", \
        .min_args = 1, .max_args = 1,                                          \
        .offset = offsetof(evprof_sampling_conf_t, rate), .min = 1,            \
        .max = 1000, .set = evprof_set_number                                  \
    }
#define EVPROF_SAMPLING_DEPTH                                                  \
    {                                                                          \
        .name = "depth", .args = "FRAMES",                                     \
        .help = "How many frames of a stack are kept, from the leaf.",         \
        .by_default = "128", .min_args = 1, .max_args = 1,                     \
        .offset = offsetof(evprof_sampling_conf_t, depth), .min = 1,           \
        .max = EVPROF_TAP_DEPTH_MAX, .set = evprof_set_number                  \
    }

/* For a struct that has the flag. */
#define EVPROF_SAMPLING_ASK_SLEEPERS(type, field)                              \
    {                                                                          \
        .name = "ask_sleepers", .args = "on|off",                              \
        .help = "Asks a sleeping thread by a signal, which ends some of its "  \
                "calls with EINTR, where its stack cannot be read from "       \
                "outside.",                                                    \
        .by_default = "off", .min_args = 1, .max_args = 1,                     \
        .offset = offsetof(type, field), .set = evprof_set_flag                \
    }

/* The state of such a module. */
typedef struct evprof_sampling {
    evprof_sampling_options_t options;
    evprof_sampling_begin_fn *begin;
    evprof_sampling_end_fn *end;
} evprof_sampling_t;

/* For `init`: a state in `*state`, with the sampler's two functions. The caller
 * is the module, hence `name`. EVPROF_ENOMEM. */
int evprof_sampling_init(const char *name, const evprof_sampling_conf_t *conf,
                         const evprof_sampling_t *sampler, void **state,
                         evprof_error_t *err);

/* Opens a window at the rate that was asked for, or at that of the directives.
 * What the sampler says. This and the next are hooks of the same names. */
int evprof_sampling_begin(void *state, const evprof_ask_t *ask, void **window,
                          evprof_error_t *err);

/* Closes the window and fills `out` with its samples. What the sampler says. */
int evprof_sampling_snapshot(void *state, const evprof_ask_t *ask,
                             evprof_builder_t *out, evprof_error_t *err);

/* Closes the window and drops its samples. */
void evprof_sampling_cancel(void *state, void *window);

/* Frees the state. */
void evprof_sampling_fini(void *state);

#endif
