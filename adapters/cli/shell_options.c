/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all options with their values, as the command "options" prints.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/shell.h"
#include "core/base/utf8.h"

/* What follows this in an assignment is a remark. */
#define REMARK "//:"

static void
print_option(const cli_shell_t *shell, const evprof_option_t *option,
             evprof_buf_t *out)
{
    char scratch[EVPROF_OPTION_TEXT_SIZE];
    const evprof_pprof_t *p = shell->profile;
    const char *value =
        evprof_option_get(&shell->cli->options, option, scratch);
    evprof_buf_t remark = { 0 };
    if (option->choices != NULL) {
        const char *names[CLI_MAX_CHOICES];
        size_t count = 0;
        for (const evprof_choice_t *c = option->choices; c->name != NULL; c++) {
            size_t at = count++;
            for (; at > 0 && strcmp(names[at - 1], c->name) > 0; at--) {
                names[at] = names[at - 1];
            }
            names[at] = c->name;
        }
        for (size_t i = 0; i < count; i++) {
            evprof_buf_printf(&remark, "%s%s", i > 0 ? " | " : "", names[i]);
        }
        value = value[0] == '\0' ? "(default)" : value;
    } else if (strcmp(option->name, "sample_index") == 0) {
        for (size_t i = 0; i < p->type_count; i++) {
            evprof_buf_printf(&remark, "%s%s", i > 0 ? " | " : "",
                              p->types[i].type);
        }
        value = value[0] == '\0' ? p->types[p->type_count - 1].type : value;
    }
    bool is_default_count =
        strcmp(option->name, "nodecount") == 0 && strcmp(value, "-1") == 0;
    evprof_buf_puts(out, "  ");
    evprof_utf8_pad_right(out, option->name, 25);
    evprof_buf_puts(out, " = ");
    evprof_utf8_pad_right(out, value[0] == '\0' ? "\"\"" : value, 20);
    evprof_buf_putc(out, ' ');
    if (remark.len > 0) {
        evprof_buf_printf(out, REMARK " [%s]", remark.data);
    } else if (is_default_count) {
        evprof_buf_puts(out, REMARK " default");
    }
    evprof_buf_free(&remark);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
cli_shell_options(const cli_shell_t *shell)
{
    char **lines = calloc(evprof_option_count, sizeof(*lines));
    evprof_buf_t text = { 0 };
    size_t count = 0;
    for (size_t i = 0; lines != NULL && i < evprof_option_count; i++) {
        if (strcmp(evprof_option_table[i].name, "source_path") == 0) {
            continue;
        }
        evprof_buf_t line = { 0 };
        print_option(shell, &evprof_option_table[i], &line);
        if (!line.failed) {
            lines[count++] = line.data;
        }
    }
    if (count > 0) {
        qsort(lines, count, sizeof(*lines), compare_lines);
    }
    for (size_t i = 0; i < count; i++) {
        evprof_buf_printf(&text, "%s\n", lines[i]);
        free(lines[i]);
    }
    if (text.len > 0) {
        cli_tell("%s", text.data);
    }
    evprof_buf_free(&text);
    free(lines);
}
