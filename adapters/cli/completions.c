/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completions of shells for "evprof": flags, each with its meaning where a
 * shell shows that, and files. A flag that takes a value is completed up to its
 * "=".
 */
#include "adapters/cli/completions.h"

#include <string.h>

#include "adapters/cli/help_entries.h"

static size_t
first_line(const char *help)
{
    return strcspn(help, "\n");
}

/* Appends the first line of a help text, with a backslash before the characters
 * of `special`. */
static void
add_escaped(evprof_buf_t *out, const char *help, const char *special)
{
    size_t len = first_line(help);
    for (size_t i = 0; i < len; i++) {
        if (strchr(special, help[i]) != NULL) {
            evprof_buf_putc(out, '\\');
        }
        evprof_buf_putc(out, help[i]);
    }
}

static bool
has_file(const cli_entry_t *e)
{
    return e->value != NULL &&
           (strcmp(e->value, "FILE") == 0 || strcmp(e->value, "PATH") == 0 ||
            strcmp(e->value, "SOURCE") == 0);
}

/* ---- bash ---- */

static const char bash_head[] =
    "# Completions of evprof for bash, made by evprof -help bash.\n"
    "_evprof()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=()\n"
    "    [[ $word == -* ]] || return 0\n"
    "    local flags='\n";

static const char bash_tail[] =
    "    '\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$word\")\n"
    "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
    "    return 0\n"
    "}\n"
    "complete -o default -F _evprof evprof\n";

static void
add_bash(void *ctx, const cli_entry_t *e)
{
    bool has_equals = e->value != NULL && !e->is_alone;
    evprof_buf_printf(ctx, "        -%s%s\n", e->name, has_equals ? "=" : "");
}

/* ---- zsh ---- */

static const char zsh_head[] =
    "#compdef evprof\n"
    "# Completions of evprof for zsh, made by evprof -help zsh.\n"
    "_arguments \\\n";

static const char zsh_tail[] = "    '*:source:_files'\n";

static void
add_zsh(void *ctx, const cli_entry_t *e)
{
    bool has_equals = e->value != NULL && !e->is_alone;
    evprof_buf_printf(ctx, "    '-%s%s[", e->name, has_equals ? "=-" : "");
    evprof_buf_t text = { 0 };
    add_escaped(&text, e->help, "[]:\\");
    /* A quote ends the word: it is closed, escaped and opened again. */
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'') {
            evprof_buf_puts(ctx, "'\\''");
        } else {
            evprof_buf_putc(ctx, text.data[i]);
        }
    }
    evprof_buf_free(&text);
    evprof_buf_putc(ctx, ']');
    if (e->value != NULL) {
        evprof_buf_puts(ctx, ":value:");
        evprof_buf_puts(ctx, has_file(e) ? "_files" : " ");
    }
    evprof_buf_puts(ctx, "' \\\n");
}

/* ---- fish ---- */

static const char fish_head[] =
    "# Completions of evprof for fish, made by evprof -help fish.\n";

static void
add_fish(void *ctx, const cli_entry_t *e)
{
    evprof_buf_printf(ctx, "complete -c evprof -o %s", e->name);
    if (e->value != NULL) {
        evprof_buf_puts(ctx, has_file(e) ? " -r" : " -x");
    }
    evprof_buf_puts(ctx, " -d '");
    add_escaped(ctx, e->help, "'\\");
    evprof_buf_puts(ctx, "'\n");
}

bool
cli_completions(evprof_buf_t *out, const char *shell)
{
    const struct {
        const char *shell;
        const char *head;
        void (*each)(void *ctx, const cli_entry_t *e);
        const char *tail;
    } shells[] = {
        { "bash", bash_head, add_bash, bash_tail },
        { "zsh", zsh_head, add_zsh, zsh_tail },
        { "fish", fish_head, add_fish, "" },
    };
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(shells[i].shell, shell) == 0) {
            evprof_buf_puts(out, shells[i].head);
            cli_entries_each(shells[i].each, out);
            evprof_buf_puts(out, shells[i].tail);
            return true;
        }
    }
    return false;
}
