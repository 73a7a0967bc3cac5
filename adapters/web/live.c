/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/web/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"

struct evprof_live {
    const evprof_site_hooks_t *hooks;
    evprof_reload_t what;
    char kind[EVPROF_RELOAD_KIND_SIZE];
    evprof_live_result_t result;
    pthread_t thread;
    bool is_running; /* the thread was started and not joined */
    atomic_bool is_done;
};

evprof_live_t *
evprof_live_new(const evprof_site_hooks_t *hooks)
{
    evprof_live_t *live = calloc(1, sizeof(*live));
    if (live != NULL) {
        live->hooks = hooks;
    }
    return live;
}

static void *
run(void *arg)
{
    evprof_live_t *live = arg;
    evprof_live_result_t *r = &live->result;
    r->status = live->hooks->reload(live->hooks->ctx, &live->what, &r->profile,
                                    &r->err);
    atomic_store(&live->is_done, true);
    return NULL;
}

bool
evprof_live_take(evprof_live_t *live, evprof_live_result_t *out)
{
    if (!live->is_running || !atomic_load(&live->is_done)) {
        return false;
    }
    pthread_join(live->thread, NULL);
    live->is_running = false;
    *out = live->result;
    live->result = (evprof_live_result_t){ 0 };
    return true;
}

int
evprof_live_start(evprof_live_t *live, const evprof_reload_t *what,
                  evprof_error_t *err)
{
    evprof_live_result_t left;
    if (evprof_live_take(live, &left)) {
        /* Nobody has taken the result: the page that asked for it has gone. */
        evprof_pprof_free(left.profile);
    }
    if (live->is_running) {
        return evprof_fail(err, EVPROF_EBUSY,
                           "a profile is being taken already");
    }
    live->what = *what;
    (void)snprintf(live->kind, sizeof(live->kind), "%s",
                   what->kind != NULL ? what->kind : "");
    live->what.kind = live->kind[0] != '\0' ? live->kind : NULL;
    live->result = (evprof_live_result_t){ 0 };
    atomic_store(&live->is_done, false);
    if (pthread_create(&live->thread, NULL, run, live) != 0) {
        return evprof_fail(err, EVPROF_ENOMEM, "no thread could be made");
    }
    live->is_running = true;
    return EVPROF_OK;
}

bool
evprof_live_is_busy(const evprof_live_t *live)
{
    return live->is_running;
}

void
evprof_live_free(evprof_live_t *live)
{
    if (live == NULL) {
        return;
    }
    if (live->is_running) {
        pthread_join(live->thread, NULL);
        evprof_pprof_free(live->result.profile);
    }
    free(live);
}
