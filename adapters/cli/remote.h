/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_REMOTE_H
#define EVPROF_CLI_REMOTE_H

#include "adapters/cli/cli.h"
#include "adapters/fetch/sources.h"

struct cli_place;

/* A source and what came of it. */
typedef struct cli_item {
    const char *source;
    const evprof_source_line_t *line; /* of a sources file, or NULL */
    char *shown;       /* the source without secrets, owned; NULL: as it is */
    evprof_buf_t body; /* what came from there, until it is read */
    bool is_remote;
    bool keeps_body; /* `body` is wanted if it is all of the profile */
    bool is_loaded;
    int status; /* of the fetch */
    char *why;  /* it failed, owned; NULL: see `err` */
    evprof_error_t err;
    struct cli_place *places; /* of its mappings, for symbolz.h */
    size_t place_count;
} cli_item_t;

/* True for what is no file and has a host: "scheme://host", "host:port/path".
 */
bool cli_is_remote(const char *source);

/*
 * Fetches the items that are remote, many at a time. `on_item` is called on
 * this thread for each of them, with its body or with its status and error.
 */
void cli_fetch_items(const cli_t *cli, cli_item_t *items, size_t count,
                     void (*on_item)(void *ctx, const cli_item_t *item),
                     void *ctx);

/*
 * Reads what came for an item, which is freed, and puts the item's labels on
 * it; what could not be fetched fails as it did there. MT-Safe.
 */
int cli_remote_read(cli_item_t *item, evprof_pprof_t **out);

/*
 * Posts `body` to where the item's server tells names, with the credentials
 * that fetched the item; the answer is appended to `out`. The message is whole.
 */
int cli_remote_post(const cli_t *cli, const cli_item_t *item, const char *body,
                    evprof_buf_t *out, evprof_error_t *err);

/*
 * Copies what of the command line may hold a secret and blanks the original, so
 * that it no longer shows in a list of processes. EVPROF_ENOMEM.
 */
int cli_hide_secrets(cli_t *cli, evprof_error_t *err);

/* Frees the copies, wiped. */
void cli_forget_secrets(cli_t *cli);

/*
 * Gets what is at a URL, with the command line's proxy but none of its
 * credentials. The body replaces `out`, to be freed.
 */
int cli_remote_get(const cli_t *cli, const char *url, int64_t timeout_s,
                   int64_t max_bytes, evprof_buf_t *out, evprof_error_t *err);

#endif
