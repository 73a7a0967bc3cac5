/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairs [all]: calls every two of the public functions on two threads at once,
 * for a moment each pair; ThreadSanitizer is the judge. Without `all`, a sample
 * of the pairs, another one each day.
 */
#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evhttp.h>

#define MOMENT_NS INT64_C(100000000)
enum { SAMPLE = 7 }; /* one of so many pairs */

static char conf[64];

/* What a thread has for itself. */
typedef struct own {
    struct event_base *base;
    struct evhttp *http;
    unsigned serial;
    unsigned number; /* of the thread */
} own_t;

static int
take_nothing(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

static const evprof_writer_t nowhere = { take_nothing, NULL };

static void
call_default(own_t *own)
{
    (void)own;
    (void)evprof_default(NULL);
}

static void
call_new(own_t *own)
{
    (void)own;
    (void)evprof_new(NULL, NULL);
}

static void
call_new_file(own_t *own)
{
    (void)own;
    (void)evprof_new(conf, NULL);
}

static void
call_free(own_t *own)
{
    (void)own;
    evprof_free(evprof_default(NULL));
}

static void
call_reload(own_t *own)
{
    (void)own;
    (void)evprof_reload(NULL, NULL);
}

static void
call_lookup(own_t *own)
{
    (void)own;
    (void)evprof_lookup(NULL, "goroutine");
}

static void
call_profiles(own_t *own)
{
    (void)own;
    (void)evprof_profiles(NULL, NULL, 0);
}

static void
call_profile_new(own_t *own)
{
    char name[32];
    snprintf(name, sizeof(name), "own.%u.%u", own->number,
             own->serial++ % 2000);
    (void)evprof_profile_new(NULL, name, NULL);
}

static void
call_rates(own_t *own)
{
    (void)evprof_set_block_rate(NULL, own->serial++ % 2 * 1000);
    (void)evprof_set_mutex_fraction(NULL, (int)(own->serial % 2));
}

static void
call_cpu(own_t *own)
{
    (void)own;
    if (evprof_cpu_start(NULL, &nowhere, NULL) == 0) {
        (void)evprof_cpu_stop(NULL, NULL);
    }
}

static void
call_labels(own_t *own)
{
    char value[16];
    snprintf(value, sizeof(value), "%u", own->serial++ % 8);
    int token = evprof_label_push("key", value);
    (void)evprof_label_get("key");
    evprof_label_restore(token);
}

static void
call_mount(own_t *own)
{
    if (evprof_evhttp_mount(NULL, own->http, NULL) == 0) {
        (void)evprof_evhttp_unmount(NULL, own->http);
    }
}

static int
bind_nothing(void *ctx, const char *path,
             void (*callback)(struct evhttp_request *, void *), void *arg)
{
    (void)ctx;
    (void)path;
    (void)callback;
    (void)arg;
    return 0;
}

static void
call_mux(own_t *own)
{
    const evprof_mux_t mux = { bind_nothing, NULL };
    evprof_error_t err;
    (void)own;
    (void)evprof_mount(NULL, &mux, &err);
}

static void
call_handler(own_t *own)
{
    evprof_route_t route;
    (void)own;
    (void)evprof_evhttp_handler(NULL, "heap", &route);
}

static void
call_check(own_t *own)
{
    evprof_error_t err;
    (void)own;
    (void)evprof_conf_check(conf, &nowhere, &err);
}

/* ---- With the handle of a profile, which evprof_free() ends ---- */

static void
call_add(own_t *own)
{
    static evprof_profile_t *_Atomic shared;
    evprof_profile_t *profile = atomic_load(&shared);
    if (profile == NULL) {
        profile = evprof_profile_new(NULL, "shared", NULL);
        if (profile == NULL) {
            return;
        }
        atomic_store(&shared, profile);
    }
    (void)evprof_profile_add(profile, own, 0);
    (void)evprof_profile_count(profile);
    (void)evprof_profile_remove(profile, own);
}

static void
call_write(own_t *own)
{
    (void)own;
    (void)evprof_profile_write(evprof_lookup(NULL, "threadcreate"), &nowhere, 1,
                               NULL);
}

static const struct call {
    const char *name;
    void (*fn)(own_t *own);
    bool has_handle;
    bool ends_handles;
} calls[] = {
    { "default", call_default, false, false },
    { "new", call_new, false, false },
    { "new_file", call_new_file, false, false },
    { "free", call_free, false, true },
    { "reload", call_reload, false, false },
    { "lookup", call_lookup, false, false },
    { "profiles", call_profiles, false, false },
    { "profile_new", call_profile_new, false, false },
    { "rates", call_rates, false, false },
    { "cpu", call_cpu, false, false },
    { "labels", call_labels, false, false },
    { "mount", call_mount, false, false },
    { "mux", call_mux, false, false },
    { "handler", call_handler, false, false },
    { "check", call_check, false, false },
    { "add", call_add, true, false },
    { "write", call_write, true, false },
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

typedef struct side {
    void (*fn)(own_t *own);
    own_t *own;
    atomic_bool *is_over;
} side_t;

static void *
repeat(void *arg)
{
    const side_t *side = arg;
    while (!atomic_load(side->is_over)) {
        side->fn(side->own);
    }
    return NULL;
}

static void
race(const struct call *a, const struct call *b, own_t owns[2])
{
    atomic_bool is_over = false;
    side_t sides[2] = { { a->fn, &owns[0], &is_over },
                        { b->fn, &owns[1], &is_over } };
    pthread_t threads[2];
    const struct timespec moment = { .tv_nsec = MOMENT_NS };
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, repeat, &sides[i]);
    }
    nanosleep(&moment, NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

static bool
may_meet(const struct call *a, const struct call *b)
{
    return !(a->has_handle && b->ends_handles) &&
           !(b->has_handle && a->ends_handles);
}

/* Pairs with handles come last, and nothing is freed from then on. */
static int
race_all(own_t owns[2], bool all, bool with_handles)
{
    int day = (int)(time(NULL) / 86400);
    int count = 0;
    int number = 0;
    for (int i = 0; i < CALLS; i++) {
        for (int k = i; k < CALLS; k++) {
            bool has_handle = calls[i].has_handle || calls[k].has_handle;
            if (has_handle != with_handles ||
                !may_meet(&calls[i], &calls[k]) ||
                (!all && (number++ + day) % SAMPLE != 0)) {
                continue;
            }
            race(&calls[i], &calls[k], owns);
            count++;
        }
    }
    return count;
}

int
main(int argc, char **argv)
{
    own_t owns[2] = { { .number = 0 }, { .number = 1 } };
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;
    static const char text[] = "pprof { profile block { rate 1us; } }\n";
    snprintf(conf, sizeof(conf), "/tmp/evprof-pairs.XXXXXX");
    int fd = mkstemp(conf);
    if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0) {
        return 1;
    }
    close(fd);
    setenv("EVPROF_CONF", conf, 1);
    for (int i = 0; i < 2; i++) {
        owns[i].base = event_base_new();
        owns[i].http = evhttp_new(owns[i].base);
    }
    int count = race_all(owns, all, false) + race_all(owns, all, true);
    printf("%d pairs\n", count);
    evprof_free(evprof_default(NULL));
    for (int i = 0; i < 2; i++) {
        evhttp_free(owns[i].http);
        event_base_free(owns[i].base);
    }
    unlink(conf);
    return 0;
}
