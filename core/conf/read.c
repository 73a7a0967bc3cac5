/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a loaded configuration. Two configurations are compared by the words in
 * the file that set their values, since the values are in opaque structs of
 * modules.
 */
#include <string.h>

#include "core/base/error.h"
#include "core/conf/block.h"

const evprof_main_conf_t *
evprof_config_main(const evprof_config_t *config)
{
    return evprof_block_conf(&config->main, &evprof_main_section);
}

const evprof_preload_conf_t *
evprof_config_preload(const evprof_config_t *config)
{
    return evprof_block_conf(&config->main, &evprof_preload_section);
}

const evprof_pprof_conf_t *
evprof_config_pprof(const evprof_config_t *config)
{
    return evprof_block_conf(&config->outer[EVPROF_OUTER_PPROF],
                             &evprof_pprof_section);
}

const evprof_push_conf_t *
evprof_config_push(const evprof_config_t *config)
{
    return evprof_block_conf(&config->outer[EVPROF_OUTER_PUSH],
                             &evprof_push_section);
}

const evprof_watch_conf_t *
evprof_config_watch(const evprof_config_t *config)
{
    return evprof_block_conf(&config->outer[EVPROF_OUTER_WATCH],
                             &evprof_watch_section);
}

const evprof_profile_limits_t *
evprof_config_limits(const evprof_config_t *config)
{
    return evprof_block_conf(&config->outer[EVPROF_OUTER_PPROF],
                             &evprof_limits_section);
}

const char *
evprof_config_path(const evprof_config_t *config)
{
    return config->path;
}

size_t
evprof_config_profile_count(const evprof_config_t *config)
{
    return config->module_count;
}

const evprof_profile_conf_t *
evprof_config_profile_at(const evprof_config_t *config, size_t i)
{
    return &config->profiles[i].conf;
}

static const evprof_profile_block_t *
find_profile(const evprof_config_t *config, const char *name)
{
    for (size_t i = 0; i < config->module_count; i++) {
        if (strcmp(config->modules[i]->name, name) == 0) {
            return &config->profiles[i];
        }
    }
    return NULL;
}

const evprof_profile_conf_t *
evprof_config_profile(const evprof_config_t *config, const char *name)
{
    const evprof_profile_block_t *profile = find_profile(config, name);
    return profile == NULL ? NULL : &profile->conf;
}

const void *
evprof_config_section(const evprof_config_t *config,
                      const evprof_section_t *section, const char *profile)
{
    const evprof_profile_block_t *own =
        profile == NULL ? NULL : find_profile(config, profile);
    const void *conf =
        own == NULL ? NULL : evprof_block_conf(&own->block, section);
    if (conf == NULL) {
        conf = evprof_block_conf(&config->outer[EVPROF_OUTER_PPROF], section);
    }
    return conf != NULL ? conf : evprof_block_conf(&config->main, section);
}

/* ---- Comparing ---- */

static bool
same_words(const evprof_statement_t *a, const evprof_statement_t *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (unsigned i = 1; i < a->count; i++) {
        if (strcmp(a->words[i].text, b->words[i].text) != 0) {
            return false;
        }
    }
    return true;
}

static bool
same_slot(const evprof_slot_t *a, const evprof_slot_t *b)
{
    const evprof_statement_t *left = a->first;
    const evprof_statement_t *right = b->first;
    while (left != NULL && right != NULL && same_words(left, right)) {
        left = left->again;
        right = right->again;
    }
    return left == NULL && right == NULL;
}

bool
evprof_config_profile_equal(const evprof_config_t *a, const evprof_config_t *b,
                            const char *name)
{
    const evprof_profile_block_t *left = find_profile(a, name);
    const evprof_profile_block_t *right = find_profile(b, name);
    if (left == NULL || right == NULL ||
        left->conf.module != right->conf.module) {
        return left == right;
    }
    for (size_t i = 0; i < left->block.slot_count; i++) {
        if (left->block.fills[left->block.slots[i].fill].section == NULL &&
            !same_slot(&left->block.slots[i], &right->block.slots[i])) {
            return false;
        }
    }
    return true;
}

static const char *
changed_directive(const evprof_block_t *a, const evprof_block_t *b)
{
    for (size_t i = 0; i < a->slot_count; i++) {
        const evprof_directive_t *d = a->slots[i].directive;
        if ((d->flags & EVPROF_DIRECTIVE_FIXED) != 0 &&
            !same_slot(&a->slots[i], &b->slots[i])) {
            return d->name;
        }
    }
    return NULL;
}

int
evprof_config_check_switch(const evprof_config_t *from,
                           const evprof_config_t *to, evprof_error_t *err)
{
    const char *name = changed_directive(&from->main, &to->main);
    for (size_t i = 0; i < EVPROF_OUTER_BLOCKS && name == NULL; i++) {
        name = changed_directive(&from->outer[i], &to->outer[i]);
    }
    if (name == NULL) {
        return EVPROF_OK;
    }
    return evprof_fail(err, EVPROF_ESTATE,
                       "reload: \"%s\" cannot change while the server runs: "
                       "restart it, or take the change back",
                       name);
}
