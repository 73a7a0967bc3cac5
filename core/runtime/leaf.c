/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under which names profiles are asked for. Most go by their own; a few have
 * the one that Go's clients ask for instead, or beside it. Nothing that is made
 * while running may take such a name: it could never be reached.
 */
#include <string.h>

#include "core/runtime/catalog.h"

/* The first of a profile is the one that the index shows. */
static const struct {
    const char *leaf;
    const char *profile;
    bool is_shown;
} aliases[] = {
    { "profile", "cpu", true },
    { "threads", "goroutine", false },
    { EVPROF_LEAF_FGPROF, "wall", false },
};

#define ALIAS_COUNT (sizeof(aliases) / sizeof(aliases[0]))

/* Pages and handlers that are no profiles, and what an own profile of the last
 * part of a path would be taken for. */
static const char *const others[] = { "fgprof", "status", "trace" };

#define OTHER_COUNT (sizeof(others) / sizeof(others[0]))

const char *
evprof_leaf_of(const char *profile)
{
    for (size_t i = 0; i < ALIAS_COUNT; i++) {
        if (aliases[i].is_shown && strcmp(aliases[i].profile, profile) == 0) {
            return aliases[i].leaf;
        }
    }
    return profile;
}

const char *
evprof_profile_of(const char *leaf)
{
    for (size_t i = 0; i < ALIAS_COUNT; i++) {
        if (strcmp(aliases[i].leaf, leaf) == 0) {
            return aliases[i].profile;
        }
    }
    return leaf;
}

bool
evprof_leaf_is_reserved(const char *name)
{
    bool is_reserved = evprof_profile_of(name) != name;
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        is_reserved = is_reserved || strcmp(others[i], name) == 0;
    }
    return is_reserved;
}
