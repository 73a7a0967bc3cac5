/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.json: {"configs": [{"name": ..., option: value, ...}]}. pprof leaves
 * out zero values and reads what is missing as zero, not as the default; so
 * does this, or a saved "trim: false" would come back true. Members that are no
 * options of ours are skipped.
 */
#include "core/report/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/base/folder.h"
#include "core/base/json.h"
#include "core/base/new_file.h"

int
evprof_settings_file(evprof_buf_t *out, evprof_error_t *err)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config != NULL && config[0] != '\0') {
        evprof_buf_printf(out, "%s/pprof/settings.json", config);
    } else if (home != NULL && home[0] != '\0') {
        evprof_buf_printf(out, "%s/.config/pprof/settings.json", home);
    } else {
        return evprof_fail(err, EVPROF_ENOENT,
                           "neither $XDG_CONFIG_HOME nor $HOME are defined");
    }
    return out->failed
               ? evprof_fail(err, EVPROF_ENOMEM, "settings: out of memory")
               : EVPROF_OK;
}

/* Sets the option to Go's zero value of its kind. */
static int
set_zero(evprof_options_t *o, const evprof_option_t *option,
         evprof_error_t *err)
{
    switch (option->kind) {
    case EVPROF_OPTION_BOOL:
        return evprof_option_set(o, option, "false", err);
    case EVPROF_OPTION_INT:
    case EVPROF_OPTION_FLOAT:
        return evprof_option_set(o, option, "0", err);
    case EVPROF_OPTION_CHOICE:
        return EVPROF_OK;
    case EVPROF_OPTION_STRING:
    default:
        return evprof_option_set(o, option, "", err);
    }
}

static int
set_member(evprof_options_t *o, const evprof_option_t *option,
           const json_t *value, evprof_error_t *err)
{
    evprof_buf_t text = { 0 };
    if (json_is_string(value)) {
        evprof_buf_puts(&text, json_string_value(value));
    } else if (json_is_boolean(value)) {
        evprof_buf_puts(&text, json_is_true(value) ? "true" : "false");
    } else if (json_is_integer(value)) {
        evprof_buf_put_int(&text, json_integer_value(value));
    } else if (json_is_real(value)) {
        evprof_buf_printf(&text, "%.17g", json_real_value(value));
    }
    int status = EVPROF_OK;
    if (text.failed) {
        status = evprof_fail(err, EVPROF_ENOMEM, "settings: out of memory");
    } else if (text.len > 0) {
        status = evprof_option_set(o, option, text.data, err);
    }
    evprof_buf_free(&text);
    return status;
}

static int
read_options(const json_t *config, evprof_options_t *o, evprof_error_t *err)
{
    int status = evprof_options_init(o, err);
    for (size_t i = 0; status == EVPROF_OK && i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        if (!option->is_saved) {
            continue;
        }
        status = set_zero(o, option, err);
        const json_t *value = json_object_get(config, option->name);
        if (status == EVPROF_OK && value != NULL) {
            status = set_member(o, option, value, err);
        }
    }
    return status;
}

static int
read_configs(const json_t *root, evprof_settings_t *out, evprof_error_t *err)
{
    const json_t *configs = json_object_get(root, "configs");
    int status = EVPROF_OK;
    for (size_t i = 0; status == EVPROF_OK && i < json_array_size(configs);
         i++) {
        const json_t *config = json_array_get(configs, i);
        const char *name = json_string_value(json_object_get(config, "name"));
        evprof_options_t options;
        status = read_options(config, &options, err);
        if (status == EVPROF_OK) {
            status = name == NULL
                         ? EVPROF_OK
                         : evprof_settings_set(out, name, &options, err);
            evprof_options_free(&options);
        }
    }
    return status;
}

int
evprof_settings_read(const char *file, evprof_settings_t *out,
                     evprof_error_t *err)
{
    *out = (evprof_settings_t){ 0 };
    if (access(file, F_OK) != 0 && errno == ENOENT) {
        return EVPROF_OK;
    }
    json_error_t problem;
    json_t *root = json_load_file(file, 0, &problem);
    if (root == NULL) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "the settings are no valid JSON: %s", problem.text);
    }
    int status = read_configs(root, out, err);
    json_decref(root);
    if (status != EVPROF_OK) {
        evprof_settings_free(out);
    }
    return status;
}

static bool
is_zero(const evprof_option_t *option, const char *value)
{
    return value[0] == '\0' ||
           (option->kind != EVPROF_OPTION_STRING &&
            (strcmp(value, "0") == 0 || strcmp(value, "false") == 0));
}

static void
print_setting(evprof_buf_t *out, const evprof_setting_t *setting)
{
    evprof_buf_puts(out, "    {\n      \"name\": ");
    evprof_json_string(out, setting->name);
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        char scratch[EVPROF_OPTION_TEXT_SIZE];
        const char *value =
            evprof_option_get(&setting->options, option, scratch);
        if (!option->is_saved || is_zero(option, value)) {
            continue;
        }
        evprof_buf_printf(out, ",\n      \"%s\": ", option->name);
        if (option->kind == EVPROF_OPTION_STRING ||
            option->kind == EVPROF_OPTION_CHOICE) {
            evprof_json_string(out, value);
        } else {
            evprof_buf_puts(out, value);
        }
    }
    evprof_buf_puts(out, "\n    }");
}

int
evprof_settings_write(const char *file, const evprof_settings_t *settings,
                      evprof_error_t *err)
{
    evprof_buf_t text = { 0 };
    evprof_buf_puts(&text, "{\n  \"configs\": [");
    for (size_t i = 0; i < settings->count; i++) {
        evprof_buf_puts(&text, i > 0 ? ",\n" : "\n");
        print_setting(&text, &settings->items[i]);
    }
    evprof_buf_puts(&text, settings->count > 0 ? "\n  ]\n}" : "]\n}");
    evprof_folder_make_parent(file, 0700);
    evprof_new_file_t new_file;
    int status = evprof_new_file_begin(&new_file, file, err);
    if (status == EVPROF_OK) {
        evprof_writer_t out = evprof_new_file_writer(&new_file);
        status =
            evprof_new_file_end(&new_file, evprof_buf_write(&text, &out), err);
    }
    evprof_buf_free(&text);
    return status;
}

static evprof_setting_t *
find(const evprof_settings_t *settings, const char *name)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (strcmp(settings->items[i].name, name) == 0) {
            return &settings->items[i];
        }
    }
    return NULL;
}

const evprof_options_t *
evprof_settings_find(const evprof_settings_t *settings, const char *name)
{
    const evprof_setting_t *setting = find(settings, name);
    return setting != NULL ? &setting->options : NULL;
}

int
evprof_settings_set(evprof_settings_t *settings, const char *name,
                    const evprof_options_t *options, evprof_error_t *err)
{
    if (name[0] == '\0') {
        return evprof_fail(err, EVPROF_EINVAL, "a set of options needs a name");
    }
    evprof_options_t copy;
    int status = evprof_options_copy(&copy, options, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_setting_t *setting = find(settings, name);
    if (setting != NULL) {
        evprof_options_free(&setting->options);
        setting->options = copy;
        return EVPROF_OK;
    }
    evprof_setting_t *items =
        realloc(settings->items, (settings->count + 1) * sizeof(*items));
    if (items != NULL) {
        settings->items = items;
        items[settings->count] =
            (evprof_setting_t){ .name = strdup(name), .options = copy };
    }
    if (items == NULL || items[settings->count].name == NULL) {
        evprof_options_free(&copy);
        return evprof_fail(err, EVPROF_ENOMEM, "settings: out of memory");
    }
    settings->count++;
    return EVPROF_OK;
}

static void
free_setting(evprof_setting_t *setting)
{
    free(setting->name);
    evprof_options_free(&setting->options);
}

int
evprof_settings_remove(evprof_settings_t *settings, const char *name,
                       evprof_error_t *err)
{
    evprof_setting_t *setting = find(settings, name);
    if (setting == NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "no options are saved as %s",
                           name);
    }
    free_setting(setting);
    size_t after = (size_t)(settings->items + settings->count - setting) - 1;
    memmove(setting, setting + 1, after * sizeof(*setting));
    settings->count--;
    return EVPROF_OK;
}

void
evprof_settings_free(evprof_settings_t *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        free_setting(&settings->items[i]);
    }
    free(settings->items);
    *settings = (evprof_settings_t){ 0 };
}
