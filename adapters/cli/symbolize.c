/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -symbolize is a list of words separated by colons, in any case and order,
 * with pprof's meanings. Forms of names other than the default make all names
 * again.
 */
#include "adapters/cli/symbolize.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapters/cli/code.h"
#include "adapters/cli/debuginfod.h"
#include "adapters/cli/symbolz.h"
#include "core/base/error.h"
#include "core/symbol/local_names.h"
#include "core/symbol/readable.h"

typedef struct names_from {
    bool is_local;
    bool is_remote;
    bool is_fast;
    bool is_forced;
    bool is_off;
    enum evprof_readable form;
} names_from_t;

static bool
take_source(const char *word, names_from_t *mode)
{
    static const struct {
        const char *word;
        bool is_local, is_remote, is_fast, is_off;
    } words[] = {
        { "local", true, false, false, false },
        { "fastlocal", true, false, true, false },
        { "remote", false, true, false, false },
        { "none", false, false, false, true },
        { "no", false, false, false, true },
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(word, words[i].word) == 0) {
            mode->is_local = words[i].is_local;
            mode->is_remote = words[i].is_remote;
            mode->is_fast = mode->is_fast || words[i].is_fast;
            mode->is_off = mode->is_off || words[i].is_off;
            return true;
        }
    }
    return false;
}

static bool
take_form(const char *word, names_from_t *mode)
{
    static const struct {
        const char *word;
        enum evprof_readable form;
    } words[] = {
        { "full", EVPROF_READABLE_FULL },
        { "none", EVPROF_READABLE_NONE },
        { "templates", EVPROF_READABLE_TEMPLATES },
    };
    static const char name[] = "demangle=";
    if (strncasecmp(word, name, sizeof(name) - 1) == 0) {
        word += sizeof(name) - 1;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(word, words[i].word) == 0) {
            mode->form = words[i].form;
            mode->is_forced = true;
            return true;
        }
    }
    return strcasecmp(word, "default") == 0;
}

static names_from_t
read_mode(const char *said)
{
    names_from_t mode = { .is_local = true, .is_remote = true };
    char *copy = strdup(said);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, ":")) != NULL && !mode.is_off;) {
        if (strcasecmp(word, "force") == 0) {
            mode.is_forced = true;
        } else if (word[0] != '\0' && !take_source(word, &mode) &&
                   !take_form(word, &mode)) {
            cli_complain("-symbolize=%s is not understood and does nothing: "
                         "-help symbolize explains it",
                         said);
        }
    }
    free(copy);
    return mode;
}

static void
say(void *ctx, const char *line)
{
    (void)ctx;
    cli_complain("%s", line);
}

/* Where answers are kept from one run to the next; NULL: nowhere. */
static const char *
get_store(void)
{
    static evprof_buf_t folder;
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    evprof_buf_clear(&folder);
    if (cache != NULL && cache[0] == '/') {
        evprof_buf_printf(&folder, "%s/evprof/names", cache);
    } else if (home != NULL && home[0] == '/') {
        evprof_buf_printf(&folder, "%s/.cache/evprof/names", home);
    }
    return folder.failed || folder.len == 0 ? NULL : folder.data;
}

static int
name_locally(const cli_t *cli, const names_from_t *mode, evprof_pprof_t *p,
             bool *is_changed, evprof_error_t *err)
{
    evprof_local_how_t how = { .search_path = cli_search_path(),
                               .binary = cli->binary,
                               .store = get_store(),
                               .is_forced = mode->is_forced,
                               .is_fast = mode->is_fast,
                               .is_strict = cli->is_strict,
                               .say = say,
                               .fetch = cli_debuginfod,
                               .fetch_ctx = cli };
    return evprof_symbolize_local(p, &how, is_changed, err);
}

/* Warns that -tools is ignored: pprof runs the programs it names, we run
 * none. */
static void
say_tools_are_unneeded(const cli_t *cli)
{
    const char *usual = getenv("PPROF_TOOLS");
    static bool is_said;
    if (!is_said && cli->tools[0] != '\0' &&
        (usual == NULL || strcmp(usual, cli->tools) != 0)) {
        cli_complain("-tools is not needed: evprof reads binaries by itself");
        is_said = true;
    }
}

int
cli_symbolize(const cli_t *cli, const cli_item_t *items, size_t count,
              evprof_pprof_t *p, bool *is_changed, evprof_error_t *err)
{
    names_from_t mode = read_mode(cli->symbolize);
    bool is_named = false;
    int status = EVPROF_OK;
    say_tools_are_unneeded(cli);
    if (mode.is_local && !mode.is_off) {
        status = name_locally(cli, &mode, p, &is_named, err);
    }
    if (status == EVPROF_OK && mode.is_remote && !mode.is_off) {
        is_named =
            cli_symbolz(cli, mode.is_forced, items, count, p) || is_named;
    }
    cli_symbolz_unname(items, count, p);
    if (status == EVPROF_OK && !mode.is_off) {
        evprof_readable_how_t how = { .form = mode.form,
                                      .is_forced = mode.is_forced,
                                      .is_strict = cli->is_strict };
        if (evprof_readable_names(p, &how, &is_named) != EVPROF_OK) {
            status = evprof_fail(err, EVPROF_ENOMEM, "out of memory");
        }
    }
    *is_changed = is_named;
    return status;
}
