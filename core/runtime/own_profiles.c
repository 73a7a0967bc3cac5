/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles that the application makes: sets of values, each with the stack that
 * added it. Each is a module, made at run time, and served by the same code. A
 * change of a chain is a single store, so that a fork in the middle of a change
 * leaves the child a consistent table and only a lock to reset.
 */
#include "core/runtime/own_profiles.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"
#include "core/sample/caller_stack.h"
#include "core/unwind/unwind.h"

/* Frames kept of a stack, as in Go. */
#define DEPTH ((size_t)32)

/* Fixed: own profiles hold connections or files, thousands and not millions. */
enum { CHAINS = 4096 };

enum { NAME_MAX_BYTES = 100 };

typedef struct entry {
    struct entry *next;
    const void *value;
    size_t count;
    uintptr_t pcs[];
} entry_t;

typedef struct own {
    evprof_module_t module;
    char *name;
    evprof_lock_t lock; /* guards the chains */
    long count;
    entry_t *chains[CHAINS];
} own_t;

/* The link that leads to `value`, or the NULL at the end of its chain. */
static entry_t **
find_link(own_t *own, const void *value)
{
    entry_t **at =
        &own->chains[evprof_hash_mix((uintptr_t)value) % (uint64_t)CHAINS];
    while (*at != NULL && (*at)->value != value) {
        at = &(*at)->next;
    }
    return at;
}

/* ---- As a module ---- */

static int
write_entries(const own_t *own, evprof_builder_t *out)
{
    const int64_t one = 1;
    int status = EVPROF_OK;
    for (size_t i = 0; i < CHAINS; i++) {
        for (const entry_t *entry = own->chains[i];
             entry != NULL && status == EVPROF_OK; entry = entry->next) {
            const evprof_stack_t stack = { .pcs = entry->pcs,
                                           .count = entry->count };
            status = evprof_builder_add(out, &stack, NULL, 0, &one);
        }
    }
    return status;
}

static int
own_snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
             evprof_error_t *err)
{
    own_t *own = state;
    (void)ask;
    int status = evprof_builder_type(out, own->name, "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, own->name, "count", 1);
    }
    evprof_builder_time(out, 0, 0);
    if (status == EVPROF_OK) {
        evprof_lock_enter(&own->lock);
        status = write_entries(own, out);
        evprof_lock_leave(&own->lock);
    }
    return status == EVPROF_OK
               ? status
               : evprof_fail(err, status, "profile %s: %s", own->name,
                             evprof_status_text(status));
}

static long
own_count(void *state)
{
    own_t *own = state;
    evprof_lock_enter(&own->lock);
    long count = own->count;
    evprof_lock_leave(&own->lock);
    return count;
}

static void
own_free(void *state)
{
    own_t *own = state;
    for (size_t i = 0; i < CHAINS; i++) {
        while (own->chains[i] != NULL) {
            entry_t *entry = own->chains[i];
            own->chains[i] = entry->next;
            free(entry);
        }
    }
    free(own->name);
    free(own);
}

static own_t *
own_of(const evprof_profile_t *p)
{
    return p != NULL && p->module->snapshot == own_snapshot ? p->state : NULL;
}

void
evprof_own_fork_child(evprof_t *prof)
{
    for (evprof_profile_t *p = prof->profiles; p != NULL; p = p->next) {
        own_t *own = own_of(p);
        if (own != NULL) {
            evprof_lock_reset(&own->lock);
        }
    }
}

/* ---- For the application ---- */

static own_t *
own_new(const char *name)
{
    own_t *own = calloc(1, sizeof(*own));
    char *copy = strdup(name);
    if (own == NULL || copy == NULL) {
        free(own);
        free(copy);
        return NULL;
    }
    own->name = copy;
    own->module = (evprof_module_t){
        .abi = EVPROF_MODULE_ABI,
        .name = copy,
        .summary = "Made by the application.",
        .snapshot = own_snapshot,
        .count = own_count,
        .fini = own_free,
    };
    return own;
}

/* Finds a profile. Called between evprof_visit() and evprof_leave(). */
static evprof_profile_t *
make(evprof_t *prof, const char *name, evprof_error_t *err)
{
    evprof_profile_t *profile = NULL;
    if (evprof_leaf_is_reserved(prof, name)) {
        evprof_fail(err, EVPROF_EBUSY,
                    "profile %s: the name is taken by a page of that name",
                    name);
        return NULL;
    }
    (void)evprof_here_prepare();
    own_t *own = own_new(name);
    if (own == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "profile %s: out of memory", name);
        return NULL;
    }
    if (evprof_registry_add(prof, &own->module, own, &profile, err) !=
        EVPROF_OK) {
        own_free(own);
        return NULL;
    }
    return profile;
}

/* A name is the last part of a URL, as it is: nothing in it has to be encoded,
 * and no router takes it for something else. */
static bool
is_clean_leaf(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-._~:@+,";
    size_t len = name == NULL ? 0 : strnlen(name, NAME_MAX_BYTES + 1);
    return len > 0 && len <= NAME_MAX_BYTES && strspn(name, good) == len &&
           strspn(name, ".") != len;
}

evprof_profile_t *
evprof_profile_new(evprof_t *prof, const char *name, evprof_error_t *err)
{
    if (!is_clean_leaf(name)) {
        evprof_fail(err, EVPROF_EINVAL,
                    "a profile needs a name of letters, digits and -._~:@+,");
        return NULL;
    }
    prof = evprof_use(prof, "evprof_profile_new", err);
    if (prof == NULL) {
        return NULL;
    }
    if (!evprof_visit(prof)) {
        evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
        return NULL;
    }
    evprof_profile_t *profile = make(prof, name, err);
    evprof_leave(prof);
    return profile;
}

/* The stack from `caller`, a return address, with `skip` frames left out. */
static entry_t *
entry_new(const void *value, const void *caller, size_t skip)
{
    uintptr_t pcs[EVPROF_HERE_DEPTH];
    size_t count = evprof_here(pcs, caller);
    count = evprof_unwind_mark_own(pcs, count, EVPROF_HERE_DEPTH);
    size_t first = skip < count ? skip : count;
    count = count - first < DEPTH ? count - first : DEPTH;
    entry_t *entry = malloc(sizeof(*entry) + count * sizeof(*pcs));
    if (entry != NULL) {
        *entry = (entry_t){ .value = value, .count = count };
        memcpy(entry->pcs, pcs + first, count * sizeof(*pcs));
    }
    return entry;
}

int
evprof_profile_add(evprof_profile_t *p, const void *value, int skip)
{
    own_t *own = own_of(p);
    if (own == NULL || skip < 0) {
        return EVPROF_EINVAL;
    }
    entry_t *entry =
        entry_new(value, __builtin_return_address(0), (size_t)skip);
    if (entry == NULL) {
        return EVPROF_ENOMEM;
    }
    evprof_lock_enter(&own->lock);
    entry_t **at = find_link(own, value);
    int status = *at == NULL ? EVPROF_OK : EVPROF_EBUSY;
    if (status == EVPROF_OK) {
        *at = entry;
        own->count++;
    }
    evprof_lock_leave(&own->lock);
    if (status != EVPROF_OK) {
        free(entry);
    }
    return status;
}

int
evprof_profile_remove(evprof_profile_t *p, const void *value)
{
    own_t *own = own_of(p);
    if (own == NULL) {
        return EVPROF_EINVAL;
    }
    evprof_lock_enter(&own->lock);
    entry_t **at = find_link(own, value);
    entry_t *entry = *at;
    if (entry != NULL) {
        *at = entry->next;
        own->count--;
    }
    evprof_lock_leave(&own->lock);
    free(entry);
    return EVPROF_OK;
}
