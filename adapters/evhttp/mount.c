/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in: paths bound with evhttp_set_cb, paths bound through an
 * application's own router, and requests passed on by a generic callback. A
 * route is a callback and a record of the name that it serves. Records are
 * never freed and are reused, so that an argument that stays in somebody's
 * router never points to freed memory.
 */
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evhttp.h>

#include "adapters/evhttp/list_lock.h"
#include "adapters/evhttp/pending.h"
#include "adapters/evhttp/reply.h"
#include "adapters/evhttp/serve.h"
#include "adapters/evhttp/ui.h"
#include "adapters/evhttp/unheard_errors.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/runtime/catalog.h"

typedef struct route {
    evprof_t *prof;
    struct evhttp *http; /* NULL: the application binds the route itself */
    unsigned mount;      /* the mount that has bound it; 0: not bound */
    struct route *next;
    char name[];
} route_t;

static route_t *routes; /* under the lock of the lists; never freed */
static unsigned last_mount;

static void
serve_route(struct evhttp_request *req, void *arg)
{
    const route_t *route = arg;
    evprof_serve(route->prof, route->http, req, route->name);
}

static void
serve_redirect(struct evhttp_request *req, void *prof)
{
    evprof_serve_redirect(prof, req);
}

static route_t *
find_route(evprof_t *prof, const struct evhttp *http, const char *name)
{
    route_t *route = routes;
    while (route != NULL && (route->prof != prof || route->http != http ||
                             strcmp(route->name, name) != 0)) {
        route = route->next;
    }
    return route;
}

/* The record of a route, made on first use; NULL: out of memory. */
static route_t *
intern_route(evprof_t *prof, struct evhttp *http, const char *name)
{
    evprof_lists_enter();
    route_t *route = find_route(prof, http, name);
    if (route == NULL) {
        size_t len = strlen(name) + 1;
        route = calloc(1, sizeof(*route) + len);
        if (route != NULL) {
            route->prof = prof;
            route->http = http;
            memcpy(route->name, name, len);
            route->next = routes;
            routes = route;
        }
    }
    evprof_lists_leave();
    return route;
}

/* ---- All paths, one after the other ---- */

/* The length of PREFIX without its last component. */
static size_t
parent_length(const char *prefix)
{
    size_t len = strlen(prefix) - 1;
    while (len > 0 && prefix[len - 1] != '/') {
        len--;
    }
    return len > 0 ? len : 1;
}

/* Writes PREFIX and `leaf` as one path. NULL stands for the prefix without its
 * slash; a leaf with "../" in front is beside the prefix. */
static void
put_path(evprof_buf_t *path, const char *prefix, const char *leaf)
{
    size_t len = strlen(prefix);
    if (leaf == NULL) {
        evprof_buf_add(path, prefix, len > 1 ? len - 1 : len);
    } else if (strncmp(leaf, "../", 3) == 0) {
        evprof_buf_add(path, prefix, parent_length(prefix));
        evprof_buf_puts(path, leaf + 3);
    } else {
        evprof_buf_add(path, prefix, len);
        evprof_buf_puts(path, leaf);
    }
}

/* A path to bind; its leaf is NULL for the prefix without its slash. */
typedef struct path {
    char *text;
    const char *leaf;
} path_t;

typedef struct path_list {
    const char *prefix;
    path_t *paths;
    size_t count;
    size_t cap;
} path_list_t;

static int
add_path(path_list_t *list, const char *leaf)
{
    evprof_buf_t text = { 0 };
    path_t *paths =
        evprof_grow(list->paths, &list->cap, list->count + 1, sizeof(*paths));
    put_path(&text, list->prefix, leaf);
    if (paths == NULL || text.failed) {
        list->paths = paths == NULL ? list->paths : paths;
        evprof_buf_free(&text);
        return EVPROF_ENOMEM;
    }
    list->paths = paths;
    paths[list->count++] = (path_t){ text.data, leaf };
    return EVPROF_OK;
}

static void
free_paths(path_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i].text);
    }
    free(list->paths);
}

static int
compare_lengths(const void *a, const void *b)
{
    size_t left = strlen(((const path_t *)a)->text);
    size_t right = strlen(((const path_t *)b)->text);
    return (left < right) - (left > right);
}

/* Adds the paths that are not profiles: the index, the status page, metrics,
 * the web UI where it is on, and Go's paths, which are answered 501 where no
 * module serves them. */
static int
add_pages(path_list_t *list, evprof_t *prof)
{
    int status = add_path(list, "");
    if (status == EVPROF_OK) {
        status = add_path(list, "status");
    }
    if (status == EVPROF_OK) {
        status = add_path(list, "metrics");
    }
    for (size_t i = 0; evprof_go_leaves[i] != NULL && status == EVPROF_OK;
         i++) {
        status = add_path(list, evprof_go_leaves[i]);
    }
    const char *const *paths = evprof_ui_paths(prof);
    for (size_t i = 0; paths != NULL && paths[i] != NULL && status == EVPROF_OK;
         i++) {
        status = add_path(list, paths[i]);
    }
    return status;
}

static bool
is_go_leaf(const char *leaf)
{
    size_t i = 0;
    while (evprof_go_leaves[i] != NULL &&
           strcmp(evprof_go_leaves[i], leaf) != 0) {
        i++;
    }
    return evprof_go_leaves[i] != NULL;
}

/* Adds a profile's leaf, its aliases, and its name where that differs. */
static int
add_entry(path_list_t *list, const evprof_entry_t *entry)
{
    int status =
        is_go_leaf(entry->leaf) ? EVPROF_OK : add_path(list, entry->leaf);
    for (const char *const *alias = entry->module->aliases;
         alias != NULL && *alias != NULL && status == EVPROF_OK; alias++) {
        status = add_path(list, *alias);
    }
    if (status == EVPROF_OK && strcmp(entry->leaf, entry->name) != 0) {
        status = add_path(list, entry->name);
    }
    return status;
}

static int
add_profiles(path_list_t *list, evprof_t *prof)
{
    size_t max = evprof_catalog_size(prof);
    evprof_entry_t *entries = calloc(max + 1, sizeof(*entries));
    if (entries == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t count = evprof_catalog_list(prof, entries, max);
    int status = EVPROF_OK;
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = add_entry(list, &entries[i]);
    }
    free(entries);
    return status;
}

/* Binds one path; EVPROF_OK, or a status that ends the walk. */
typedef int (*bind_fn)(void *ctx, const char *path, const char *leaf);

/* The longest paths come first, for routers that match by prefix and take the
 * first match. */
static int
bind_paths(path_list_t *list, bind_fn bind, void *ctx)
{
    int status = EVPROF_OK;
    qsort(list->paths, list->count, sizeof(*list->paths), compare_lengths);
    for (size_t i = 0; i < list->count && status == EVPROF_OK; i++) {
        status = bind(ctx, list->paths[i].text, list->paths[i].leaf);
    }
    return status;
}

static int
bind_all(evprof_t *prof, bind_fn bind, void *ctx, evprof_error_t *err)
{
    if (!evprof_visit(prof)) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "mount: the profiler is shut down");
    }
    path_list_t list = { .prefix = evprof_prefix(prof) };
    int status = list.prefix[1] == '\0' ? EVPROF_OK : add_path(&list, NULL);
    if (status == EVPROF_OK) {
        status = add_pages(&list, prof);
    }
    if (status == EVPROF_OK) {
        status = add_profiles(&list, prof);
    }
    if (status != EVPROF_OK) {
        status = evprof_fail(err, status, "mount: out of memory");
    } else {
        status = bind_paths(&list, bind, ctx);
    }
    free_paths(&list);
    evprof_leave(prof);
    return status;
}

/* ---- evhttp_set_cb ---- */

typedef struct mount {
    evprof_t *prof;
    struct evhttp *http;
    evprof_error_t *err;
    unsigned number; /* of this mount, from 1 */
    size_t count;    /* of paths bound so far */
} mount_t;

/* After the first path could be bound, no earlier mount is left: a freed evhttp
 * was at the same address. */
static void
forget_earlier(const mount_t *m)
{
    evprof_lists_enter();
    for (route_t *route = routes; route != NULL; route = route->next) {
        if (route->http == m->http) {
            route->mount = 0;
        }
    }
    evprof_lists_leave();
}

/* The name in the redirect's record; no profile can have it. */
#define REDIRECT_NAME "\n"

static int
set_callback(void *ctx, const char *path, const char *leaf)
{
    mount_t *m = ctx;
    route_t *route =
        intern_route(m->prof, m->http, leaf != NULL ? leaf : REDIRECT_NAME);
    if (route == NULL) {
        return evprof_fail(m->err, EVPROF_ENOMEM, "mount: out of memory");
    }
    int failure = leaf != NULL
                      ? evhttp_set_cb(m->http, path, serve_route, route)
                      : evhttp_set_cb(m->http, path, serve_redirect, m->prof);
    if (failure == -1) {
        return evprof_fail(m->err, EVPROF_EBUSY, "mount: %s is taken already",
                           path);
    }
    if (failure != 0) {
        return evprof_fail(m->err, EVPROF_ENOMEM, "mount: out of memory");
    }
    if (m->count++ == 0) {
        forget_earlier(m);
    }
    route->mount = m->number;
    return EVPROF_OK;
}

/* Unbinds what mount `number` (0: any) has bound to this evhttp; returns the
 * number of paths. */
static size_t
unbind_all(evprof_t *prof, struct evhttp *http, unsigned number)
{
    size_t count = 0;
    evprof_lists_enter();
    for (route_t *route = routes; route != NULL; route = route->next) {
        if (route->http != http || route->prof != prof || route->mount == 0 ||
            (number != 0 && route->mount != number)) {
            continue;
        }
        evprof_buf_t path = { 0 };
        put_path(&path, evprof_prefix(prof),
                 strcmp(route->name, REDIRECT_NAME) == 0 ? NULL : route->name);
        evhttp_del_cb(http, path.failed ? "" : path.data);
        evprof_buf_free(&path);
        route->mount = 0;
        count++;
    }
    evprof_lists_leave();
    return count;
}

static int
mount_evhttp(evprof_t *prof, struct evhttp *http, evprof_error_t *err)
{
    if (http == NULL) {
        return evprof_fail(err, EVPROF_EINVAL, "mount: no evhttp was given");
    }
    prof = evprof_use(prof, "evprof_evhttp_mount", err);
    if (prof == NULL) {
        return err->status;
    }
    evprof_lists_enter();
    unsigned number = ++last_mount;
    evprof_lists_leave();
    mount_t m = { .prof = prof, .http = http, .err = err, .number = number };
    int status = bind_all(prof, set_callback, &m, err);
    if (status != EVPROF_OK) {
        unbind_all(prof, http, number);
    }
    return status;
}

int
evprof_evhttp_mount(evprof_t *prof, struct evhttp *http, evprof_error_t *err)
{
    evprof_error_t own = { .status = EVPROF_OK };
    int status = mount_evhttp(prof, http, err == NULL ? &own : err);
    return err == NULL ? evprof_unheard(status, &own) : status;
}

int
evprof_evhttp_unmount(evprof_t *prof, struct evhttp *http)
{
    prof = evprof_use(prof, "evprof_evhttp_unmount", NULL);
    if (prof == NULL || http == NULL) {
        return EVPROF_EINVAL;
    }
    if (unbind_all(prof, http, 0) == 0) {
        return EVPROF_ENOENT;
    }
    evprof_pending_cancel(http);
    return EVPROF_OK;
}

/* ---- A router of the application's own ---- */

typedef struct mux_walk {
    evprof_t *prof;
    evprof_mux_t mux;
    evprof_error_t *err;
} mux_walk_t;

static int
hand_to_mux(void *ctx, const char *path, const char *leaf)
{
    const mux_walk_t *w = ctx;
    evprof_route_t route = { .callback = serve_redirect, .arg = w->prof };
    if (leaf != NULL) {
        route = (evprof_route_t){
            .callback = serve_route,
            .arg = intern_route(w->prof, NULL, leaf),
        };
    }
    if (route.arg == NULL) {
        return evprof_fail(w->err, EVPROF_ENOMEM, "mount: out of memory");
    }
    int status = w->mux.handle(w->mux.ctx, path, route.callback, route.arg);
    if (status != EVPROF_OK) {
        evprof_fail(w->err, status, "mount: the mux refused %s", path);
    }
    return status;
}

static int
mount_mux(evprof_t *prof, const evprof_mux_t *mux, evprof_error_t *err)
{
    if (mux == NULL || mux->handle == NULL) {
        return evprof_fail(err, EVPROF_EINVAL, "mount: no mux was given");
    }
    prof = evprof_use(prof, "evprof_mount", err);
    if (prof == NULL) {
        return err->status;
    }
    mux_walk_t w = { .prof = prof, .mux = *mux, .err = err };
    return bind_all(prof, hand_to_mux, &w, err);
}

int
evprof_mount(evprof_t *prof, const evprof_mux_t *mux, evprof_error_t *err)
{
    evprof_error_t own = { .status = EVPROF_OK };
    int status = mount_mux(prof, mux, err == NULL ? &own : err);
    return err == NULL ? evprof_unheard(status, &own) : status;
}

int
evprof_evhttp_handler(evprof_t *prof, const char *name, evprof_route_t *out)
{
    if (out == NULL || name == NULL || name[0] == '\0') {
        return EVPROF_EINVAL;
    }
    evprof_error_t err = { .status = EVPROF_OK };
    prof = evprof_use(prof, "evprof_evhttp_handler", &err);
    if (prof == NULL) {
        return err.status;
    }
    route_t *route = intern_route(prof, NULL, name);
    if (route == NULL) {
        return EVPROF_ENOMEM;
    }
    *out = (evprof_route_t){ .callback = serve_route, .arg = route };
    return EVPROF_OK;
}

/* ---- Requests by their path ---- */

/* The part of the request's path after the prefix, decoded, to be freed; NULL:
 * the path is elsewhere. */
static char *
name_below_prefix(evprof_t *prof, struct evhttp_request *req)
{
    const char *prefix = evprof_prefix(prof);
    size_t len = strlen(prefix);
    char *path = evhttp_uridecode(
        evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req)), 0, NULL);
    if (path == NULL) {
        return NULL;
    }
    if (strncmp(path, prefix, len) != 0) {
        free(path);
        return NULL;
    }
    memmove(path, path + len, strlen(path + len) + 1);
    return path;
}

static bool
is_bare_prefix(evprof_t *prof, struct evhttp_request *req)
{
    const char *prefix = evprof_prefix(prof);
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    size_t len = strlen(prefix) - 1;
    return len > 0 && strncmp(path, prefix, len) == 0 && path[len] == '\0';
}

/* If the request's path is an alias beside the prefix, that alias, to be freed;
 * else NULL. */
static char *
alias_beside_prefix(evprof_t *prof, struct evhttp_request *req)
{
    const char *prefix = evprof_prefix(prof);
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    size_t len = parent_length(prefix);
    evprof_entry_t entry;
    evprof_buf_t leaf = { 0 };
    if (strncmp(path, prefix, len) != 0 || strchr(path + len, '/') != NULL) {
        return NULL;
    }
    evprof_buf_printf(&leaf, "../%s", path + len);
    if (!leaf.failed && evprof_visit(prof)) {
        bool is_found = evprof_catalog_find_leaf(prof, leaf.data, &entry);
        evprof_leave(prof);
        if (is_found) {
            return leaf.data;
        }
    }
    evprof_buf_free(&leaf);
    return NULL;
}

/* The profiler for a plain callback; NULL: there is none, and the request was
 * answered. */
static evprof_t *
profiler_of(void *prof, struct evhttp_request *req, const char *by)
{
    evprof_error_t err = { .message = "" };
    evprof_t *used = evprof_use(prof, by, &err);
    if (used == NULL) {
        evprof_reply_error(req, 503, NULL, err.message);
    }
    return used;
}

bool
evprof_evhttp_handle(evprof_t *prof, struct evhttp_request *req)
{
    prof = evprof_use(prof, "evprof_evhttp_handle", NULL);
    if (prof == NULL || req == NULL) {
        return false;
    }
    if (is_bare_prefix(prof, req)) {
        evprof_serve_redirect(prof, req);
        return true;
    }
    char *name = name_below_prefix(prof, req);
    if (name == NULL) {
        name = alias_beside_prefix(prof, req);
    }
    if (name == NULL) {
        return false;
    }
    evprof_serve(prof, NULL, req, name);
    free(name);
    return true;
}

void
evprof_evhttp_index(struct evhttp_request *req, void *prof)
{
    evprof_t *used = profiler_of(prof, req, "evprof_evhttp_index");
    if (used != NULL) {
        char *name = name_below_prefix(used, req);
        evprof_serve(used, NULL, req, name != NULL ? name : "");
        free(name);
    }
}

static void
serve_leaf(void *prof, struct evhttp_request *req, const char *leaf)
{
    evprof_t *used = profiler_of(prof, req, leaf);
    if (used != NULL) {
        evprof_serve(used, NULL, req, leaf);
    }
}

void
evprof_evhttp_cmdline(struct evhttp_request *req, void *prof)
{
    serve_leaf(prof, req, "cmdline");
}

void
evprof_evhttp_profile(struct evhttp_request *req, void *prof)
{
    serve_leaf(prof, req, "profile");
}

void
evprof_evhttp_symbol(struct evhttp_request *req, void *prof)
{
    serve_leaf(prof, req, "symbol");
}

void
evprof_evhttp_trace(struct evhttp_request *req, void *prof)
{
    serve_leaf(prof, req, "trace");
}
