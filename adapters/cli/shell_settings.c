/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of options by name, in the file that the web interface keeps them in.
 * What is not saved there stays as it is.
 */
#include <string.h>

#include "adapters/cli/shell.h"
#include "core/base/error.h"
#include "core/report/settings.h"

static int
save_options(cli_shell_t *shell, const char *file, const char *name,
             evprof_error_t *err)
{
    evprof_settings_t settings;
    int status = evprof_settings_read(file, &settings, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_settings_set(&settings, name, &shell->cli->options, err);
    if (status == EVPROF_OK) {
        status = evprof_settings_write(file, &settings, err);
    }
    evprof_settings_free(&settings);
    return status;
}

static int
load_options(cli_shell_t *shell, const char *file, const char *name,
             evprof_error_t *err)
{
    evprof_settings_t settings;
    int status = evprof_settings_read(file, &settings, err);
    if (status != EVPROF_OK) {
        return status;
    }
    const evprof_options_t *saved = evprof_settings_find(&settings, name);
    if (saved == NULL) {
        status =
            evprof_fail(err, EVPROF_ENOENT, "no options are saved as %s", name);
    }
    for (size_t i = 0; status == EVPROF_OK && i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        char scratch[EVPROF_OPTION_TEXT_SIZE];
        const char *value = evprof_option_get(saved, option, scratch);
        bool is_unset = option->choices != NULL && value[0] == '\0';
        if (option->is_saved && !is_unset) {
            status =
                evprof_option_set(&shell->cli->options, option, value, err);
        }
    }
    evprof_settings_free(&settings);
    return status;
}

/* Runs "save NAME" or "load NAME" as `with_file`. */
static void
run_settings(cli_shell_t *shell, const cli_words_t *words,
             int (*with_file)(cli_shell_t *shell, const char *file,
                              const char *name, evprof_error_t *err))
{
    evprof_buf_t file = { 0 };
    evprof_error_t err;
    int status = EVPROF_OK;
    if (words->count != 2) {
        status = evprof_fail(&err, EVPROF_EPARSE, "%s needs one name: %s NAME",
                             words->items[0], words->items[0]);
    } else {
        status = evprof_settings_file(&file, &err);
    }
    if (status == EVPROF_OK) {
        status = with_file(shell, file.data, words->items[1], &err);
    }
    if (status != EVPROF_OK) {
        cli_complain("%s", err.message);
    }
    evprof_buf_free(&file);
}

void
cli_shell_save(cli_shell_t *shell, const cli_words_t *words)
{
    run_settings(shell, words, save_options);
}

void
cli_shell_load(cli_shell_t *shell, const cli_words_t *words)
{
    run_settings(shell, words, load_options);
}
