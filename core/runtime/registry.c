/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles that there are: one of each module of the build, and those that
 * are added while running. A list sorted by name; entries are only added while
 * the profiler is open, so that a pointer to one stays good until
 * evprof_free(). How a module is switched on and off stands in
 * switch_modules.c; every other hook runs on the worker.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/profile/loss.h"
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

/* The place for `name` in the list: at it, or at the first behind it. */
static evprof_profile_t **
find_place(evprof_t *prof, const char *name)
{
    evprof_profile_t **at = &prof->profiles;
    while (*at != NULL && strcmp((*at)->name, name) < 0) {
        at = &(*at)->next;
    }
    return at;
}

static int
insert_profile(evprof_t *prof, evprof_profile_t *profile, evprof_error_t *err)
{
    evprof_lock_enter(&prof->lock);
    evprof_profile_t **at = find_place(prof, profile->name);
    bool is_taken = *at != NULL && strcmp((*at)->name, profile->name) == 0;
    /* Here, or a reload could come between reading them and being listed. */
    profile->limits = *evprof_config_limits(prof->config);
    if (!is_taken) {
        profile->next = *at;
        *at = profile;
    }
    evprof_lock_leave(&prof->lock);
    if (is_taken) {
        return evprof_fail(err, EVPROF_EBUSY, "profile %s: the name is taken",
                           profile->name);
    }
    return EVPROF_OK;
}

int
evprof_registry_add(evprof_t *prof, const evprof_module_t *module, void *state,
                    evprof_profile_t **out, evprof_error_t *err)
{
    evprof_profile_t *profile = calloc(1, sizeof(*profile));
    if (profile == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "profile %s: out of memory",
                           module->name);
    }
    profile->prof = prof;
    profile->module = module;
    profile->name = module->name;
    profile->state = state;
    atomic_init(&profile->is_on, true);
    profile->is_running = true;
    int status = insert_profile(prof, profile, err);
    if (status != EVPROF_OK) {
        free(profile);
        return status;
    }
    *out = profile;
    return EVPROF_OK;
}

static int
open_module(evprof_t *prof, const evprof_module_t *module, evprof_error_t *err)
{
    evprof_profile_t *profile = NULL;
    int status = evprof_registry_add(prof, module, NULL, &profile, err);
    if (profile == NULL) {
        return status;
    }
    profile->is_running = false;
    evprof_profile_announce(profile, prof->config);
    return evprof_profile_configure(profile, prof->config, err);
}

int
evprof_registry_open(evprof_t *prof, evprof_error_t *err)
{
    size_t count = evprof_config_profile_count(prof->config);
    for (size_t i = 0; i < count; i++) {
        int status = open_module(
            prof, evprof_config_profile_at(prof->config, i)->module, err);
        if (status != EVPROF_OK) {
            evprof_registry_close(prof);
            return status;
        }
    }
    return EVPROF_OK;
}

static void
close_profile(evprof_profile_t *profile)
{
    evprof_profile_stop(profile);
    free(profile);
}

void
evprof_registry_close(evprof_t *prof)
{
    while (prof->profiles != NULL) {
        evprof_profile_t *profile = prof->profiles;
        prof->profiles = profile->next;
        close_profile(profile);
    }
}

evprof_profile_t *
evprof_registry_find(evprof_t *prof, const char *name)
{
    evprof_lock_enter(&prof->lock);
    evprof_profile_t *at = *find_place(prof, name);
    evprof_lock_leave(&prof->lock);
    return at != NULL && strcmp(at->name, name) == 0 ? at : NULL;
}

evprof_profile_t *
evprof_registry_first(evprof_t *prof)
{
    evprof_lock_enter(&prof->lock);
    evprof_profile_t *first = prof->profiles;
    evprof_lock_leave(&prof->lock);
    return first;
}

evprof_profile_t *
evprof_registry_next(const evprof_profile_t *profile)
{
    evprof_lock_enter(&profile->prof->lock);
    evprof_profile_t *next = profile->next;
    evprof_lock_leave(&profile->prof->lock);
    return next;
}

long
evprof_registry_count(evprof_profile_t *profile)
{
    if (!profile->is_running || profile->module->count == NULL) {
        return -1;
    }
    evprof_profile_mend(profile);
    return profile->module->count(profile->state);
}

void
evprof_registry_fork_child(evprof_t *prof)
{
    for (evprof_profile_t *p = prof->profiles; p != NULL; p = p->next) {
        p->is_abandoned = p->is_abandoned || p->windows > 0;
        p->windows = 0;
        p->recording = NULL;
        p->is_recording = false;
        atomic_store(&p->is_claimed, false);
    }
}

int
evprof_registry_refusal(evprof_profile_t *profile, evprof_error_t *err)
{
    evprof_lock_enter(&profile->prof->lock);
    evprof_error_t refusal = profile->refusal;
    evprof_lock_leave(&profile->prof->lock);
    return refusal.status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, refusal.status, "%s", refusal.message);
}

long
evprof_registry_max_seconds(evprof_profile_t *profile)
{
    evprof_lock_enter(&profile->prof->lock);
    long most = profile->limits.max_seconds;
    evprof_lock_leave(&profile->prof->lock);
    return most;
}

/* Under the lock. */
static evprof_entry_t
describe(const evprof_profile_t *profile)
{
    return (evprof_entry_t){
        .name = profile->name,
        .leaf = evprof_module_leaf(profile->module),
        .module = profile->module,
        .is_on = profile->is_on,
        .max_seconds = profile->limits.max_seconds,
    };
}

size_t
evprof_catalog_size(evprof_t *prof)
{
    return evprof_catalog_list(prof, NULL, 0);
}

size_t
evprof_catalog_list(evprof_t *prof, evprof_entry_t *out, size_t max)
{
    size_t count = 0;
    evprof_lock_enter(&prof->lock);
    for (evprof_profile_t *p = prof->profiles; p != NULL; p = p->next) {
        if (out != NULL && count < max) {
            out[count] = describe(p);
        }
        count++;
    }
    evprof_lock_leave(&prof->lock);
    return out == NULL || count < max ? count : max;
}

static bool
fill_entry(evprof_profile_t *profile, evprof_entry_t *out)
{
    if (profile == NULL) {
        return false;
    }
    evprof_lock_enter(&profile->prof->lock);
    *out = describe(profile);
    evprof_lock_leave(&profile->prof->lock);
    return true;
}

static bool
find_entry(evprof_t *prof, const char *name, evprof_entry_t *out)
{
    return fill_entry(evprof_registry_find(prof, name), out);
}

bool
evprof_catalog_find_leaf(evprof_t *prof, const char *leaf, evprof_entry_t *out)
{
    evprof_lock_enter(&prof->lock);
    evprof_profile_t *profile = prof->profiles;
    while (profile != NULL && !evprof_module_has_leaf(profile->module, leaf)) {
        profile = profile->next;
    }
    evprof_lock_leave(&prof->lock);
    return fill_entry(profile, out) || find_entry(prof, leaf, out);
}

long
evprof_catalog_set_rate(evprof_t *prof, const evprof_module_t *module,
                        long rate)
{
    evprof_entry_t entry;
    prof = evprof_use(prof, module->name, NULL);
    if (prof == NULL || !evprof_visit(prof)) {
        return EVPROF_EOFF;
    }
    bool is_on = find_entry(prof, module->name, &entry) && entry.is_on;
    long before = is_on ? module->set_rate(rate) : EVPROF_EOFF;
    evprof_leave(prof);
    return before;
}

bool
evprof_catalog_loss_meaning(const char *name, size_t len, evprof_buf_t *out)
{
    return evprof_loss_meaning(name, len, out);
}

int
evprof_catalog_losses(const char *name, const evprof_writer_t *out)
{
    evprof_buf_t text = { 0 };
    evprof_loss_status(name, &text);
    int status = evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return status;
}

int
evprof_catalog_status(evprof_t *prof, const char *name,
                      const evprof_writer_t *out)
{
    evprof_profile_t *profile = evprof_registry_find(prof, name);
    if (profile == NULL || !profile->is_running) {
        return EVPROF_OK;
    }
    int status = EVPROF_OK;
    if (profile->module->status != NULL) {
        evprof_profile_mend(profile);
        status = profile->module->status(profile->state, out);
    }
    return status == EVPROF_OK && evprof_loss_who(name) != EVPROF_LOSS_OF_OTHER
               ? evprof_catalog_losses(name, out)
               : status;
}

const char *
evprof_catalog_note(evprof_t *prof, const char *name)
{
    evprof_profile_t *profile = evprof_registry_find(prof, name);
    return profile != NULL && profile->is_running &&
                   profile->module->note != NULL
               ? profile->module->note(profile->state)
               : NULL;
}
