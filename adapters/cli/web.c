/* SPDX-License-Identifier: Apache-2.0 */
/* -http: the profiles of the command line as a site on a port. */
#include "adapters/cli/web.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cli/code.h"
#include "adapters/cli/remote.h"
#include "adapters/cli/viewer.h"
#include "adapters/web/web.h"
#include "core/base/error.h"
#include "core/base/path.h"
#include "core/report/settings.h"

static void
on_ready(void *ctx, const char *url)
{
    const cli_t *cli = ctx;
    cli_tell("Serving web UI on %s", url);
    if (!cli->no_browser && isatty(STDOUT_FILENO) != 0) {
        cli_browse(url);
    }
}

/* The profiles of a server that answers as Go's do. */
static const char *const kinds[] = { "profile",   "heap",         "allocs",
                                     "block",     "mutex",        "wall",
                                     "goroutine", "threadcreate", NULL };

/* The same server's other profile: the last part of the path is replaced. NULL:
 * out of memory, or the source has no such path. */
static char *
source_of_kind(const char *source, const char *kind)
{
    size_t end = strcspn(source, "?");
    size_t slash = end;
    while (slash > 0 && source[slash - 1] != '/') {
        slash--;
    }
    evprof_buf_t text = { 0 };
    if (slash == 0 || strstr(source, "/pprof/") == NULL) {
        return NULL;
    }
    evprof_buf_add(&text, source, slash);
    evprof_buf_puts(&text, kind);
    return text.failed ? NULL : text.data;
}

/* Fetches the sources again, or another profile of their server. */
static int
reload(void *ctx, const evprof_reload_t *what, evprof_pprof_t **out,
       evprof_error_t *err)
{
    const cli_t *cli = ctx;
    cli_t again = *cli;
    cli_profiles_t loaded;
    char *source = NULL;
    const char *sources[1];
    if (what->seconds > 0) {
        again.seconds = what->seconds;
    }
    again.bases = (cli_list_t){ 0 };
    if (what->kind != NULL) {
        source = source_of_kind(cli->sources.items[0], what->kind);
        if (source == NULL) {
            return evprof_fail(err, EVPROF_EINVAL, "no other profile is known");
        }
        sources[0] = source;
        again.sources = (cli_list_t){ .items = sources, .count = 1 };
    }
    int status = cli_load(&again, &loaded, err);
    if (status == EVPROF_OK) {
        *out = loaded.profile;
        loaded.profile = NULL;
        cli_profiles_free(&loaded);
    }
    free(source);
    return status;
}

/* What people see: the binary and what was measured come from the profile; this
 * is where it came from. */
static void
put_name(const cli_t *cli, evprof_buf_t *out)
{
    if (cli->sources.count == 0) {
        evprof_buf_puts(out, "profile");
        return;
    }
    const char *source = cli->sources.items[0];
    bool is_remote = strstr(source, "://") != NULL;
    if (is_remote) {
        evprof_buf_puts(out, source);
        char *query = out->failed ? NULL : strchr(out->data, '?');
        if (query != NULL) {
            *query = '\0';
            out->len = (size_t)(query - out->data);
        }
    } else {
        evprof_path_base(out, source);
    }
    if (cli->sources.count > 1) {
        evprof_buf_printf(out, " and %zu more", cli->sources.count - 1);
    }
}

int
cli_serve(cli_t *cli, cli_profiles_t *loaded, evprof_error_t *err)
{
    evprof_buf_t name = { 0 };
    evprof_buf_t settings = { 0 };
    evprof_error_t none;
    put_name(cli, &name);
    bool has_settings = evprof_settings_file(&settings, &none) == EVPROF_OK;
    evprof_site_setup_t setup = {
        .name = name.failed ? "profile" : name.data,
        .profile = loaded->profile,
        .base = loaded->base,
        .is_diff_base = cli->is_diff_base,
        .options = &cli->options,
        .formats = evprof_formats,
        .hooks = { .ctx = cli,
                   .reload = reload,
                   .settings_file = has_settings ? settings.data : NULL,
                   .code = cli_code(cli),
                   .kinds = cli->sources.count > 0 &&
                                    cli_is_remote(cli->sources.items[0])
                                ? kinds
                                : NULL,
                   .may_run_dot = true,
                   .may_read_sources = true },
    };
    evprof_site_t *site;
    int status = evprof_site_new(&setup, &site, err);
    if (status == EVPROF_OK) {
        loaded->profile = NULL;
        loaded->base = NULL;
        const evprof_web_port_t port = { .address = cli->http,
                                         .on_ready = on_ready,
                                         .ctx = cli };
        status = evprof_web_serve(site, &port, err);
        evprof_site_free(site);
    }
    evprof_buf_free(&name);
    evprof_buf_free(&settings);
    return status;
}
