/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources on the network. What fetches them is a shared object that is opened
 * at the first such source, from where the tool itself lies: its libcurl takes
 * longer to load than a report of a small profile takes in all.
 */
#include "adapters/cli/remote.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/cli/attached.h"
#include "adapters/cli/library.h"
#include "adapters/fetch/fetch.h"
#include "adapters/fetch/url.h"
#include "core/analysis/format.h"
#include "core/analysis/scale.h"
#include "core/base/error.h"

typedef int (*fetch_fn)(const evprof_fetch_source_t *sources, size_t count,
                        const evprof_fetch_options_t *options,
                        const evprof_fetch_ui_t *ui, evprof_error_t *err);

typedef int (*post_fn)(const evprof_fetch_source_t *source,
                       const evprof_fetch_options_t *options, const char *body,
                       evprof_buf_t *out, evprof_error_t *err);

bool
cli_is_remote(const char *source)
{
    struct stat info;
    evprof_url_t url;
    pid_t pid;
    if (strcmp(source, "-") == 0 || stat(source, &info) == 0) {
        return false;
    }
    if (cli_attached_pid(source, &pid)) {
        return true;
    }
    if (evprof_url_of_source(source, &url) != EVPROF_OK) {
        return evprof_url_fault(source) != NULL;
    }
    evprof_url_free(&url);
    return true;
}

static void *
open_fetcher(evprof_error_t *err)
{
    void *library =
        cli_open_library("evprof/libevprof_fetch.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *why = dlerror();
        evprof_fail(err, EVPROF_ENOTSUP, "cannot fetch: %s",
                    why == NULL ? "libevprof_fetch.so is missing" : why);
    }
    return library;
}

/* The address of a function of the fetcher; NULL: there is none. */
static void *
find_in_fetcher(const char *name, evprof_error_t *err)
{
    /* Kept for the life of the process: libcurl has global state. */
    static void *library;
    if (library == NULL) {
        library = open_fetcher(err);
    }
    void *symbol = library == NULL ? NULL : dlsym(library, name);
    if (library != NULL && symbol == NULL) {
        evprof_fail(err, EVPROF_ENOTSUP,
                    "cannot fetch: libevprof_fetch.so is "
                    "of another version");
    }
    return symbol;
}

/* ---- What arrives ---- */

typedef struct fetch {
    cli_item_t **items; /* those that are remote, in the fetcher's order */
    void (*on_item)(void *ctx, const cli_item_t *item);
    void *ctx;
} fetch_t;

static void
take(void *ctx, evprof_fetched_t *fetched)
{
    fetch_t *fetch = ctx;
    cli_item_t *item = fetch->items[fetched->index];
    item->status = fetched->status;
    if (fetched->status == EVPROF_OK) {
        item->body = fetched->body;
        fetched->body = (evprof_buf_t){ 0 };
    } else {
        item->why = strdup(fetched->why);
        evprof_fail(&item->err, fetched->status, "%s", fetched->why);
    }
    fetch->on_item(fetch->ctx, item);
}

/* The one body that is asked for. */
typedef struct got {
    evprof_buf_t *body;
    evprof_error_t *err;
    int status;
} got_t;

static int
add_labels(cli_item_t *item, evprof_pprof_t *p)
{
    const evprof_source_label_t *label =
        item->line == NULL ? NULL : item->line->labels;
    int status = EVPROF_OK;
    for (; label != NULL && status == EVPROF_OK; label = label->next) {
        status = evprof_pprof_set_label(p, label->key, label->value);
    }
    return status == EVPROF_OK
               ? status
               : evprof_fail(&item->err, status, "out of memory");
}

/* Whether the body says the same as what was read from it: the format that we
 * write, in gzip, with nothing added to it. */
static bool
is_as_it_came(const cli_item_t *item, const evprof_pprof_t *p)
{
    const evprof_buf_t *body = &item->body;
    bool is_gzip = body->len > 2 && memcmp(body->data, "\x1f\x8b", 2) == 0;
    return is_gzip && p->mapping_count > 0 &&
           (item->line == NULL || item->line->labels == NULL);
}

int
cli_remote_read(cli_item_t *item, evprof_pprof_t **out)
{
    evprof_pprof_t *p = NULL;
    int status = item->status;
    bool keeps_body = false;
    if (status == EVPROF_OK && item->keeps_body &&
        evprof_pprof_decode(item->body.data, item->body.len, 0, &p, NULL) ==
            EVPROF_OK) {
        keeps_body = is_as_it_came(item, p);
    } else if (status == EVPROF_OK) {
        status = evprof_format_read(evprof_formats, item->body.data,
                                    item->body.len, &p, &item->err);
    }
    if (!keeps_body) {
        evprof_buf_free(&item->body);
    }
    if (status == EVPROF_OK) {
        status = add_labels(item, p);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return status;
    }
    *out = p;
    return status;
}

static void
say(void *ctx, const char *line)
{
    (void)ctx;
    cli_tell("%s", line);
}

static evprof_fetch_options_t
fetch_options(const cli_t *cli)
{
    evprof_fetch_options_t options = cli->fetch;
    options.seconds = cli->seconds;
    options.timeout_s = cli->timeout;
    options.headers = cli->headers.items;
    options.header_count = cli->headers.count;
    options.proxy_headers = cli->proxy_headers.items;
    options.proxy_header_count = cli->proxy_headers.count;
    if (options.netrc_file == NULL && cli->wants_netrc) {
        options.netrc_file = "";
    }
    return options;
}

static void
fetch_all(const cli_t *cli, fetch_t *fetch,
          const evprof_fetch_source_t *sources, size_t count)
{
    evprof_error_t err = { 0 };
    const evprof_fetch_options_t options = fetch_options(cli);
    const evprof_fetch_ui_t ui = { .say = say,
                                   .done = take,
                                   .ctx = fetch,
                                   .has_terminal = isatty(STDERR_FILENO) };
    void *symbol = find_in_fetcher("evprof_fetch_run", &err);
    fetch_fn run = NULL;
    memcpy(&run, &symbol, sizeof(run));
    int status =
        run == NULL ? EVPROF_ENOTSUP : run(sources, count, &options, &ui, &err);
    for (size_t i = 0; status != EVPROF_OK && i < count; i++) {
        fetch->items[i]->status = status;
        fetch->items[i]->err = err;
        fetch->on_item(fetch->ctx, fetch->items[i]);
    }
}

void
cli_fetch_items(const cli_t *cli, cli_item_t *items, size_t count,
                void (*on_item)(void *ctx, const cli_item_t *item), void *ctx)
{
    evprof_fetch_source_t *sources = calloc(count + 1, sizeof(*sources));
    fetch_t fetch = { .items = calloc(count + 1, sizeof(*fetch.items)),
                      .on_item = on_item,
                      .ctx = ctx };
    size_t remote = 0;
    for (size_t i = 0; i < count; i++) {
        pid_t pid;
        if (!items[i].is_remote || cli_attached_pid(items[i].source, &pid)) {
            continue;
        }
        items[i].shown = evprof_url_redact(items[i].source);
        if (sources == NULL || fetch.items == NULL || items[i].shown == NULL) {
            items[i].status =
                evprof_fail(&items[i].err, EVPROF_ENOMEM, "out of memory");
            on_item(ctx, &items[i]);
            continue;
        }
        if (items[i].line != NULL) {
            sources[remote] = items[i].line->source;
        }
        sources[remote].url = items[i].source;
        fetch.items[remote++] = &items[i];
    }
    if (remote > 0) {
        fetch_all(cli, &fetch, sources, remote);
    }
    free(sources);
    free(fetch.items);
}

int
cli_remote_post(const cli_t *cli, const cli_item_t *item, const char *body,
                evprof_buf_t *out, evprof_error_t *err)
{
    const evprof_fetch_options_t options = fetch_options(cli);
    evprof_fetch_source_t source = { .url = item->source };
    if (item->line != NULL) {
        source = item->line->source;
    }
    void *symbol = find_in_fetcher("evprof_fetch_post", err);
    post_fn post = NULL;
    memcpy(&post, &symbol, sizeof(post));
    return post == NULL ? EVPROF_ENOTSUP
                        : post(&source, &options, body, out, err);
}

static void
take_body(void *ctx, evprof_fetched_t *fetched)
{
    got_t *got = ctx;
    if (fetched->status == EVPROF_OK) {
        *got->body = fetched->body;
        fetched->body = (evprof_buf_t){ 0 };
        got->status = EVPROF_OK;
    } else {
        got->status =
            evprof_fail(got->err, fetched->status, "%s", fetched->why);
    }
}

int
cli_remote_get(const cli_t *cli, const char *url, int64_t timeout_s,
               int64_t max_bytes, evprof_buf_t *out, evprof_error_t *err)
{
    const evprof_fetch_options_t options = {
        .seconds = -1,
        .timeout_s = timeout_s,
        .max_bytes = max_bytes,
        .proxy = cli->fetch.proxy,
        .proxy_user = cli->fetch.proxy_user,
        .proxy_auth = cli->fetch.proxy_auth,
        .proxy_tls_ca = cli->fetch.proxy_tls_ca,
        .proxy_headers = cli->proxy_headers.items,
        .proxy_header_count = cli->proxy_headers.count,
        .tls_ca = cli->fetch.tls_ca,
    };
    got_t got = { out, err, EVPROF_EIO };
    const evprof_fetch_source_t source = { .url = url };
    const evprof_fetch_ui_t ui = { .say = say, .done = take_body, .ctx = &got };
    void *symbol = find_in_fetcher("evprof_fetch_run", err);
    fetch_fn run = NULL;
    memcpy(&run, &symbol, sizeof(run));
    if (run == NULL) {
        return EVPROF_ENOTSUP;
    }
    int status = run(&source, 1, &options, &ui, err);
    return status == EVPROF_OK ? got.status : status;
}

/* ---- Secrets ---- */

static void
blank(const char *start, size_t len)
{
    char *at = NULL;
    memcpy(&at, &start, sizeof(at));
    memset(at, 'x', len);
}

/* Blanks a password in a URL, a header's value, or what follows a name. */
static void
blank_secret(const char *text)
{
    size_t len = 0;
    const char *password = evprof_url_password(text, &len);
    const char *colon = strchr(text, ':');
    if (password != NULL) {
        blank(password, len);
    } else if (colon != NULL && strstr(text, "://") == NULL) {
        blank(colon + 1, strlen(colon + 1));
    }
}

static bool
hide(cli_t *cli, const char **text)
{
    if (*text == NULL || (*text)[0] == '@' || (*text)[0] == '\0') {
        return true;
    }
    char *copy = evprof_arena_strndup(&cli->secrets, *text, strlen(*text));
    if (copy == NULL) {
        return false;
    }
    blank_secret(*text);
    *text = copy;
    return true;
}

/* A source "host:6060" has a colon too; only one with an @ may hide something.
 */
static bool
hide_sources(cli_t *cli, cli_list_t *list)
{
    bool is_ok = true;
    for (size_t i = 0; i < list->count && is_ok; i++) {
        is_ok =
            strchr(list->items[i], '@') == NULL || hide(cli, &list->items[i]);
    }
    return is_ok;
}

static bool
hide_headers(cli_t *cli, cli_list_t *list)
{
    bool is_ok = true;
    for (size_t i = 0; i < list->count && is_ok; i++) {
        is_ok = hide(cli, &list->items[i]);
    }
    return is_ok;
}

int
cli_hide_secrets(cli_t *cli, evprof_error_t *err)
{
    bool has_user =
        cli->fetch.proxy != NULL && strchr(cli->fetch.proxy, '@') != NULL;
    bool is_ok = hide_sources(cli, &cli->sources) &&
                 hide_sources(cli, &cli->bases) &&
                 hide_headers(cli, &cli->headers) &&
                 hide_headers(cli, &cli->proxy_headers) &&
                 hide(cli, &cli->fetch.proxy_user) &&
                 (!has_user || hide(cli, &cli->fetch.proxy));
    return is_ok ? EVPROF_OK : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
}

void
cli_forget_secrets(cli_t *cli)
{
    evprof_arena_wipe(&cli->secrets);
    evprof_arena_free(&cli->secrets);
}
