/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources "perf:PID": processes without evprof in them, profiled from outside
 * while other sources are fetched, all in the same time.
 */
#include "adapters/cli/attached.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/attach/attach.h"
#include "core/base/error.h"
#include "core/base/parse.h"

/* As pprof's for servers. */
#define SECONDS_BY_DEFAULT 30
#define SAMPLES_A_SECOND 100

typedef struct one {
    cli_item_t *item;
    pid_t pid;
    double seconds;
    pthread_t thread;
    bool is_running;
} one_t;

struct cli_attached {
    size_t count;
    one_t items[];
};

bool
cli_attached_pid(const char *source, pid_t *pid)
{
    int64_t number;
    if (strncmp(source, "perf:", 5) != 0 ||
        !evprof_parse_int64(source + 5, &number) || number < 1 ||
        number > INT32_MAX) {
        return false;
    }
    *pid = (pid_t)number;
    return true;
}

static void *
profile(void *arg)
{
    one_t *one = arg;
    cli_item_t *item = one->item;
    evprof_error_t why;
    item->status = evprof_attach(one->pid, one->seconds, SAMPLES_A_SECOND,
                                 &item->body, &why);
    if (item->status == EVPROF_EPERM || item->status == EVPROF_ENOTSUP) {
        evprof_fail(&item->err, item->status,
                    "%s; or start it again with \"evprof run\"", why.message);
    } else {
        item->err = why;
    }
    return NULL;
}

cli_attached_t *
cli_attached_begin(const cli_t *cli, cli_item_t *items, size_t count)
{
    pid_t pid;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += cli_attached_pid(items[i].source, &pid);
    }
    cli_attached_t *out =
        found == 0 ? NULL : calloc(1, sizeof(*out) + found * sizeof(one_t));
    for (size_t i = 0; out != NULL && i < count; i++) {
        if (!cli_attached_pid(items[i].source, &pid)) {
            continue;
        }
        one_t *one = &out->items[out->count++];
        double seconds =
            cli->seconds > 0 ? (double)cli->seconds : SECONDS_BY_DEFAULT;
        *one = (one_t){ .item = &items[i], .pid = pid, .seconds = seconds };
        one->is_running = pthread_create(&one->thread, NULL, profile, one) == 0;
    }
    return out;
}

void
cli_attached_end(cli_attached_t *attached, cli_item_t *items, size_t count,
                 void (*on_item)(void *ctx, const cli_item_t *item), void *ctx)
{
    pid_t pid;
    for (size_t i = 0; attached != NULL && i < attached->count; i++) {
        if (attached->items[i].is_running) {
            pthread_join(attached->items[i].thread, NULL);
        } else {
            profile(&attached->items[i]); /* no thread: one after the other */
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!cli_attached_pid(items[i].source, &pid)) {
            continue;
        }
        if (attached == NULL) {
            items[i].status =
                evprof_fail(&items[i].err, EVPROF_ENOMEM, "out of memory");
        }
        on_item(ctx, &items[i]);
    }
    free(attached);
}
