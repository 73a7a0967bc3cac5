/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_REMOTE_H
#define EVPROF_CLI_REMOTE_H

#include "adapters/cli/cli.h"
#include "adapters/fetch/sources.h"

/* A source and what came of it. */
typedef struct cli_item {
    const char *source;
    const evprof_source_line_t *line; /* of a sources file, or NULL */
    evprof_pprof_t *profile;          /* NULL: it failed */
    char *shown; /* the source without secrets, owned; NULL: as it is */
    bool is_remote;
    evprof_error_t err;
} cli_item_t;

/* True for what is no file and has a host: "scheme://host", "host:port/path".
 */
bool cli_is_remote(const char *source);

/*
 * Fetches the items that are remote, many at a time, and decodes each as it
 * comes. Errors are left in the items.
 */
void cli_fetch_items(const cli_t *cli, cli_item_t *items, size_t count);

/*
 * Copies what of the command line may hold a secret and blanks the original, so
 * that it no longer shows in a list of processes. EVPROF_ENOMEM.
 */
int cli_hide_secrets(cli_t *cli, evprof_error_t *err);

/* Frees the copies, wiped. */
void cli_forget_secrets(cli_t *cli);

#endif
