/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last parts of URLs. A profile has the leaf and the aliases that its
 * module names; the pages have theirs; and Go's paths stay free for what they
 * mean to Go's users. No profile that is made while running may have one of
 * these: it could never be reached.
 */
#include <string.h>

#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

const char *const evprof_go_leaves[] = { "cmdline", "profile", "symbol",
                                         "trace", NULL };

/* Pages that are no profiles. */
static const char *const pages[] = { "status", "ui", "metrics", NULL };

static bool
holds(const char *const *list, const char *word)
{
    while (*list != NULL && strcmp(*list, word) != 0) {
        list++;
    }
    return *list != NULL;
}

const char *
evprof_module_leaf(const evprof_module_t *module)
{
    return module->leaf != NULL ? module->leaf : module->name;
}

bool
evprof_module_has_leaf(const evprof_module_t *module, const char *leaf)
{
    return strcmp(evprof_module_leaf(module), leaf) == 0 ||
           (module->aliases != NULL && holds(module->aliases, leaf));
}

/* Whether a path that ends in `leaf` could be taken for the module's. */
static bool
resembles(const evprof_module_t *module, const char *leaf)
{
    if (evprof_module_has_leaf(module, leaf)) {
        return true;
    }
    for (const char *const *alias = module->aliases;
         alias != NULL && *alias != NULL; alias++) {
        if (strncmp(*alias, "../", 3) == 0 && strcmp(*alias + 3, leaf) == 0) {
            return true;
        }
    }
    return false;
}

bool
evprof_leaf_is_reserved(evprof_t *prof, const char *leaf)
{
    bool is_reserved = holds(evprof_go_leaves, leaf) || holds(pages, leaf);
    evprof_lock_enter(&prof->lock);
    for (evprof_profile_t *p = prof->profiles; p != NULL && !is_reserved;
         p = p->next) {
        is_reserved = strcmp(p->name, leaf) != 0 && resembles(p->module, leaf);
    }
    evprof_lock_leave(&prof->lock);
    return is_reserved;
}

bool
evprof_leaf_is_page(const char *leaf)
{
    return holds(pages, leaf);
}
