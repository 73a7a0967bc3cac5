/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/sampling.h"

#include <limits.h>
#include <stdlib.h>

#include "core/base/error.h"

int
evprof_sampling_init(const char *name, const evprof_sampling_conf_t *conf,
                     const evprof_sampling_t *sampler, void **state,
                     evprof_error_t *err)
{
    evprof_sampling_t *sampling = malloc(sizeof(*sampling));
    if (sampling == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", name);
    }
    *sampling = *sampler;
    sampling->options = (evprof_sampling_options_t){
        .rate_hz = (unsigned)conf->rate,
        .unwinder = conf->unwinder != NULL ? conf->unwinder
                                           : evprof_unwinder_find("auto"),
        .depth = (size_t)conf->depth,
        .thread_labels = conf->thread_labels,
        .asks_sleepers = conf->asks_sleepers,
    };
    *state = sampling;
    return EVPROF_OK;
}

int
evprof_sampling_begin(void *state, const evprof_ask_t *ask, void **window,
                      evprof_error_t *err)
{
    const evprof_sampling_t *sampling = state;
    evprof_sampling_options_t options = sampling->options;
    evprof_sample_window_t *opened = NULL;
    options.takes_any_rate = ask->rate == 0;
    if (ask->rate != 0) {
        options.rate_hz = ask->rate > 0 && ask->rate <= UINT_MAX
                              ? (unsigned)ask->rate
                              : 0;
    }
    int status = sampling->begin(&options, &opened, err);
    *window = opened;
    return status;
}

int
evprof_sampling_snapshot(void *state, const evprof_ask_t *ask,
                         evprof_builder_t *out, evprof_error_t *err)
{
    const evprof_sampling_t *sampling = state;
    return sampling->end(ask->window, out, err);
}

void
evprof_sampling_cancel(void *state, void *window)
{
    const evprof_sampling_t *sampling = state;
    (void)sampling->end(window, NULL, NULL);
}

void
evprof_sampling_fini(void *state)
{
    free(state);
}
