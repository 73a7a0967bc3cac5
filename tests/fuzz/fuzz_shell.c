/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the tool's shell, each way that it may be understood: words and a
 * command, an assignment, the start of something to complete. Nothing is run:
 * a line may name files and programs.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/shell.h"
#include "adapters/cli/shell_words.h"
#include "core/analysis/format.h"
#include "tests/fuzz/fuzz.h"

static void
parse_command(const char *line, bool is_strict, const evprof_options_t *options)
{
    cli_words_t words;
    if (cli_words_split(line, is_strict, &words) != EVPROF_OK) {
        return;
    }
    cli_command_t command;
    evprof_error_t err = { 0 };
    if (words.count > 0) {
        int status = cli_command_parse(&words, options, &command, &err);
        if (status == EVPROF_OK) {
            evprof_options_free(&command.options);
        } else if (err.status != status || err.message[0] == '\0') {
            abort();
        }
        cli_nearest(words.items[0], is_strict);
    }
    cli_words_free(&words);
}

static void
assign(const char *line, evprof_options_t *options)
{
    const char *equals = strchr(line, '=');
    evprof_error_t err = { 0 };
    if (equals == NULL) {
        return;
    }
    char *name = strndup(line, (size_t)(equals - line));
    if (name != NULL) {
        int status = evprof_options_set(options, name, equals + 1, &err);
        if (status != EVPROF_OK && err.message[0] == '\0') {
            abort();
        }
    }
    free(name);
}

static void
count_word(void *ctx, const char *word)
{
    *(size_t *)ctx += strlen(word) > 0;
}

static evprof_pprof_t *
make_profile(void)
{
    static const char stacks[] = "main;shop::Cart::add 2\nmain;walk 3\n";
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    evprof_format_read(evprof_formats, stacks, sizeof(stacks) - 1, &p, &err);
    return p;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static evprof_pprof_t *profile;
    evprof_options_t options;
    if (profile == NULL) {
        profile = make_profile();
    }
    char *line = malloc(len + 1);
    if (line == NULL || profile == NULL ||
        evprof_options_init(&options, NULL) != EVPROF_OK) {
        free(line);
        return 0;
    }
    memcpy(line, data, len);
    line[len] = '\0';
    parse_command(line, false, &options);
    parse_command(line, true, &options);
    assign(line, &options);
    size_t found = 0;
    const cli_shell_t shell = { .profile = profile, .whole = profile };
    cli_complete(&shell, line, count_word, &found);
    evprof_options_free(&options);
    free(line);
    return 0;
}
