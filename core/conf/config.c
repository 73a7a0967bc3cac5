/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a configuration in four steps, each over the whole file: the tree; the
 * directives outside of blocks, which may add profile types; pprof; the
 * profiles, which inherit from it. Problems of all steps are collected, and a
 * configuration with an error is not returned. Everything is in one arena, the
 * tree included, since each value refers to its origin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/conf/block.h"

/* ---- Profiles ---- */

static bool
is_called(const evprof_module_t *module, const char *name)
{
    bool is_found = strcmp(module->name, name) == 0;
    for (const char *const *alias = module->aliases;
         alias != NULL && *alias != NULL && !is_found; alias++) {
        is_found = strcmp(*alias, name) == 0;
    }
    return is_found;
}

static size_t
find_module(const evprof_config_t *config, const char *name)
{
    size_t i = 0;
    while (i < config->module_count && !is_called(config->modules[i], name)) {
        i++;
    }
    return i;
}

/* "cpu, heap and mutex" */
static const char *
known_names(evprof_conf_t *cf)
{
    const evprof_config_t *config = cf->config;
    evprof_buf_t names = { 0 };
    for (size_t i = 0; i < config->module_count; i++) {
        const char *before = i == 0                          ? ""
                             : i + 1 == config->module_count ? " and "
                                                             : ", ";
        evprof_buf_printf(&names, "%s%s", before, config->modules[i]->name);
    }
    const char *copy =
        evprof_conf_fragment(cf, "%s", names.failed ? "" : names.data);
    evprof_buf_free(&names);
    return copy;
}

static void
report_profile(evprof_conf_t *cf, const evprof_statement_t *s)
{
    const char *name = s->words[1].text;
    evprof_nearest_t nearest = { .word = name };
    for (size_t i = 0; i < cf->config->module_count; i++) {
        evprof_nearest_try(&nearest, cf->config->modules[i]->name);
    }
    if (nearest.best != NULL) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"profile\" %s is unknown; did you mean \"%s\"?",
                            name, nearest.best);
    } else {
        evprof_problems_add(cf->problems, &s->place,
                            "\"profile\" %s is unknown; there are %s", name,
                            known_names(cf));
    }
}

/* The fault of a statement `profile NAME [on|off]`, or NULL. */
static const char *
profile_fault(evprof_conf_t *cf, const evprof_statement_t *s)
{
    cf->statement = s;
    unsigned line = evprof_statement_open_line(s);
    if (s->count > 3 && line > 0) {
        return evprof_conf_fragment(cf,
                                    "takes a name and on or off: a ; is "
                                    "missing in line %u",
                                    line);
    }
    if (s->count < 2 || s->count > 3 || (s->count == 2 && !s->has_block)) {
        return "must be written as profile NAME on; profile NAME off; or "
               "profile NAME { ... }";
    }
    if (s->count == 3 && strcmp(s->words[2].text, "on") != 0 &&
        strcmp(s->words[2].text, "off") != 0) {
        return evprof_conf_fragment(cf, "%s must be on or off, not %s",
                                    s->words[1].text, s->words[2].text);
    }
    return NULL;
}

static void
read_profile(evprof_conf_t *cf, const evprof_statement_t *s)
{
    const char *fault = profile_fault(cf, s);
    if (fault != NULL) {
        evprof_problems_add(cf->problems, &s->place, "\"profile\" %s", fault);
        return;
    }
    size_t i = find_module(cf->config, s->words[1].text);
    if (i == cf->config->module_count) {
        report_profile(cf, s);
        return;
    }
    evprof_profile_block_t *profile = &cf->config->profiles[i];
    if (profile->statement != NULL) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"profile\" %s is duplicate: line %u has it "
                            "already",
                            s->words[1].text, profile->statement->place.line);
        return;
    }
    profile->statement = s;
    profile->block.place = s->place;
    profile->block.statements = s->children;
    profile->conf.is_enabled =
        s->count < 3 || strcmp(s->words[2].text, "on") == 0;
    for (evprof_statement_t *c = s->children; c != NULL; c = c->next) {
        evprof_block_set(cf, &profile->block, c);
    }
}

static int
make_profiles(evprof_conf_t *cf)
{
    evprof_config_t *config = cf->config;
    config->profiles =
        evprof_conf_alloc(cf, config->module_count * sizeof(*config->profiles));
    if (config->profiles == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = EVPROF_OK;
    for (size_t i = 0; i < config->module_count && status == EVPROF_OK; i++) {
        evprof_profile_block_t *profile = &config->profiles[i];
        profile->block.context = EVPROF_CONTEXT_PROFILE;
        profile->block.place = config->outer[EVPROF_OUTER_PPROF].place;
        profile->conf.module = config->modules[i];
        profile->conf.is_enabled = true;
        status = evprof_block_init(cf, &profile->block, config->modules[i]);
    }
    return status;
}

static int
finish_profiles(evprof_conf_t *cf)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < cf->config->module_count && status == EVPROF_OK;
         i++) {
        evprof_profile_block_t *profile = &cf->config->profiles[i];
        status = evprof_block_finish(cf, &profile->block,
                                     &cf->config->outer[EVPROF_OUTER_PPROF]);
        profile->conf.conf = profile->block.fills[0].conf;
        profile->conf.limits =
            *(const evprof_profile_limits_t *)evprof_block_conf(
                &profile->block, &evprof_limits_section);
    }
    return status;
}

/* ---- The file and pprof ---- */

static size_t
find_outer(const char *word)
{
    size_t i = 0;
    while (i < EVPROF_OUTER_BLOCKS &&
           strcmp(evprof_outer_blocks[i].word, word) != 0) {
        i++;
    }
    return i;
}

/* Takes the statement of a block that is in the file itself. */
static void
place_outer(evprof_conf_t *cf, size_t i, evprof_statement_t *s)
{
    evprof_block_t *block = &cf->config->outer[i];
    const char *word = evprof_outer_blocks[i].word;
    if (!s->has_block || s->count > 1) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"%s\" must be followed by { ... }", word);
    } else if (block->said != NULL) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"%s\" is duplicate: line %u has it already", word,
                            block->said->place.line);
    } else {
        block->said = s;
        block->place = s->place;
        block->statements = s->children;
    }
}

static void
read_main(evprof_conf_t *cf, evprof_statement_t *first)
{
    cf->config->main.statements = first;
    for (evprof_statement_t *s = first; s != NULL; s = s->next) {
        size_t i = find_outer(s->words[0].text);
        if (i == EVPROF_OUTER_BLOCKS) {
            evprof_block_set(cf, &cf->config->main, s);
        } else {
            place_outer(cf, i, s);
        }
    }
}

/* Plain directives come first, since profiles inherit their values. */
static int
read_pprof(evprof_conf_t *cf)
{
    evprof_block_t *block = &cf->config->outer[EVPROF_OUTER_PPROF];
    evprof_statement_t *first = block->statements;
    for (evprof_statement_t *s = first; s != NULL; s = s->next) {
        if (strcmp(s->words[0].text, "profile") != 0) {
            evprof_block_set(cf, block, s);
        }
    }
    int status = evprof_block_finish(cf, block, NULL);
    if (status == EVPROF_OK) {
        status = make_profiles(cf);
    }
    for (evprof_statement_t *s = first; s != NULL && status == EVPROF_OK;
         s = s->next) {
        if (strcmp(s->words[0].text, "profile") == 0) {
            read_profile(cf, s);
        }
    }
    return status == EVPROF_OK ? finish_profiles(cf) : status;
}

/* Reads a block that contains directives only. */
static int
read_plain(evprof_conf_t *cf, evprof_block_t *block)
{
    for (evprof_statement_t *s = block->statements; s != NULL; s = s->next) {
        evprof_block_set(cf, block, s);
    }
    return evprof_block_finish(cf, block, NULL);
}

static int
init_blocks(evprof_conf_t *cf)
{
    evprof_config_t *config = cf->config;
    config->main.context = EVPROF_CONTEXT_MAIN;
    config->main.place.file = config->path;
    int status = evprof_block_init(cf, &config->main, NULL);
    for (size_t i = 0; i < EVPROF_OUTER_BLOCKS && status == EVPROF_OK; i++) {
        evprof_block_t *block = &config->outer[i];
        block->context = evprof_outer_blocks[i].context;
        block->place = config->main.place;
        status = evprof_block_init(cf, block, NULL);
    }
    return status;
}

static int
interpret(evprof_conf_t *cf, evprof_statement_t *first)
{
    evprof_config_t *config = cf->config;
    int status = init_blocks(cf);
    const evprof_module_t *const *modules = config->schema->modules;
    for (size_t i = 0; status == EVPROF_OK && modules[i] != NULL; i++) {
        if (evprof_conf_add_module(cf, modules[i]) != NULL) {
            status = EVPROF_ENOMEM;
        }
    }
    if (status != EVPROF_OK) {
        return status;
    }
    read_main(cf, first);
    status = evprof_block_finish(cf, &config->main, NULL);
    if (status == EVPROF_OK) {
        status = read_pprof(cf);
    }
    if (status == EVPROF_OK) {
        status = read_plain(cf, &config->outer[EVPROF_OUTER_PUSH]);
    }
    return status == EVPROF_OK
               ? read_plain(cf, &config->outer[EVPROF_OUTER_WATCH])
               : status;
}

static bool
is_served(const evprof_config_t *config, const char *leaf)
{
    for (size_t i = 0; i < config->module_count; i++) {
        const evprof_module_t *other = config->modules[i];
        if (is_called(other, leaf) ||
            (other->leaf != NULL && strcmp(other->leaf, leaf) == 0)) {
            return true;
        }
    }
    return false;
}

/* The first of the module's names that is taken by another one, or NULL. */
static const char *
taken_name(const evprof_config_t *config, const evprof_module_t *module)
{
    if (is_served(config, module->name)) {
        return module->name;
    }
    if (module->leaf != NULL && is_served(config, module->leaf)) {
        return module->leaf;
    }
    const char *const *alias = module->aliases;
    while (alias != NULL && *alias != NULL && !is_served(config, *alias)) {
        alias++;
    }
    return alias != NULL ? *alias : NULL;
}

const char *
evprof_conf_add_module(evprof_conf_t *cf, const evprof_module_t *module)
{
    evprof_config_t *config = cf->config;
    const char *taken = taken_name(config, module);
    if (taken != NULL) {
        return evprof_conf_fragment(
            cf, "brings the profile \"%s\", which exists already", taken);
    }
    size_t n = config->module_count;
    const evprof_module_t **grown =
        evprof_conf_alloc(cf, (n + 1) * sizeof(const evprof_module_t *));
    if (grown == NULL) {
        return "cannot be kept: out of memory";
    }
    if (n > 0) {
        memcpy(grown, config->modules, n * sizeof(const evprof_module_t *));
    }
    grown[n] = module;
    config->modules = grown;
    config->module_count++;
    return NULL;
}

/* ---- Life ---- */

int
evprof_conf_defer(evprof_conf_t *cf, void (*fn)(void *ctx), void *ctx)
{
    struct evprof_conf_cleanup *cleanup =
        evprof_conf_alloc(cf, sizeof(*cleanup));
    if (cleanup == NULL) {
        return EVPROF_ENOMEM;
    }
    *cleanup = (struct evprof_conf_cleanup){ .next = cf->config->cleanups,
                                             .fn = fn,
                                             .ctx = ctx };
    cf->config->cleanups = cleanup;
    return EVPROF_OK;
}

evprof_config_t *
evprof_config_ref(evprof_config_t *config)
{
    atomic_fetch_add_explicit(&config->references, 1, memory_order_relaxed);
    return config;
}

void
evprof_config_unref(evprof_config_t *config)
{
    if (config == NULL) {
        return;
    }
    /* Acquire and release: reads by other holders happen before the free. */
    if (atomic_fetch_sub_explicit(&config->references, 1,
                                  memory_order_acq_rel) > 1) {
        return;
    }
    for (struct evprof_conf_cleanup *c = config->cleanups; c != NULL;
         c = c->next) {
        c->fn(c->ctx);
    }
    evprof_arena_free(&config->arena);
    free(config);
}

/* The absolute path. A server may change its working folder after the start,
 * and files read later, by a reload or for a password, must not depend on
 * it. */
static char *
absolute_path(evprof_arena_t *arena, const char *path)
{
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    evprof_buf_t joined = { 0 };
    if (here != NULL) {
        evprof_buf_printf(&joined, "%s/", strcmp(here, "/") == 0 ? "" : here);
    }
    evprof_buf_puts(&joined, path);
    char *out = joined.failed || joined.data == NULL
                    ? NULL
                    : evprof_arena_strndup(arena, joined.data, joined.len);
    evprof_buf_free(&joined);
    free(here);
    return out;
}

/* The folder of an absolute path. */
static char *
folder_of(evprof_arena_t *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    return evprof_arena_strndup(arena, path, slash == path ? 1 : len);
}

static evprof_config_t *
config_new(const char *path, const evprof_schema_t *schema)
{
    evprof_config_t *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        return NULL;
    }
    atomic_init(&config->references, 1);
    config->schema = schema;
    config->folder = "";
    if (path != NULL) {
        config->path = absolute_path(&config->arena, path);
        config->folder = config->path == NULL
                             ? NULL
                             : folder_of(&config->arena, config->path);
    }
    if (config->folder == NULL) {
        evprof_config_unref(config);
        return NULL;
    }
    return config;
}

/* ---- Loading ---- */

/* `file` is NULL for the defaults. */
static int
load(const char *file, const evprof_schema_t *schema,
     evprof_problems_t *problems, evprof_config_t **out)
{
    evprof_config_t *config = config_new(file, schema);
    if (config == NULL) {
        return EVPROF_ENOMEM;
    }
    evprof_tree_t tree = { .arena = &config->arena,
                           .problems = problems,
                           .folder = config->folder };
    evprof_conf_t cf = { .config = config, .problems = problems };
    int status = EVPROF_OK;
    if (file != NULL) {
        status = evprof_tree_read(&tree, file);
    }
    if (status == EVPROF_OK) {
        status = interpret(&cf, tree.first);
    }
    if (status == EVPROF_OK && problems->errors > 0) {
        status = EVPROF_EPARSE;
    }
    if (status != EVPROF_OK) {
        evprof_config_unref(config);
        return status;
    }
    *out = config;
    return EVPROF_OK;
}

static int
explain(int status, const evprof_problems_t *problems, evprof_error_t *err)
{
    const char *first = evprof_problems_first(problems);
    if (status == EVPROF_OK) {
        return EVPROF_OK;
    }
    if (first == NULL) {
        return evprof_fail(err, status, "configuration: %s",
                           evprof_status_text(status));
    }
    if (problems->errors == 1) {
        return evprof_fail(err, status, "%s", first);
    }
    return evprof_fail(err, status, "%.210s (and %zu more)", first,
                       problems->errors - 1);
}

/* Keeps the warnings, or none when out of memory. */
static void
keep_warnings(evprof_config_t *config, const evprof_problems_t *problems)
{
    evprof_buf_t lines = { 0 };
    evprof_writer_t out = evprof_writer_buf(&lines);
    if (problems->warnings > 0 &&
        evprof_problems_write(problems, &out) == EVPROF_OK && lines.len > 0) {
        config->warnings =
            evprof_arena_strndup(&config->arena, lines.data, lines.len);
    }
    evprof_buf_free(&lines);
}

const char *
evprof_config_warnings(const evprof_config_t *config)
{
    return config->warnings;
}

int
evprof_config_load(const char *file, const evprof_schema_t *schema,
                   evprof_config_t **out, evprof_error_t *err)
{
    evprof_problems_t problems = { 0 };
    int status = load(file, schema, &problems, out);
    explain(status, &problems, err);
    if (status == EVPROF_OK) {
        keep_warnings(*out, &problems);
    }
    evprof_problems_free(&problems);
    return status;
}

int
evprof_config_check(const char *file, const evprof_schema_t *schema,
                    const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_problems_t problems = { 0 };
    evprof_config_t *config = NULL;
    int status = load(file, schema, &problems, &config);
    int written = evprof_problems_write(&problems, out);
    explain(status, &problems, err);
    evprof_config_unref(config);
    evprof_problems_free(&problems);
    if (status == EVPROF_OK && written != EVPROF_OK) {
        return evprof_fail(err, written, "configuration: cannot write: %s",
                           evprof_status_text(written));
    }
    return status;
}
