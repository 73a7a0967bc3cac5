/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of functions. A mangled name is sufficient. Where DWARF has none, as
 * for templates over a lambda that were inlined, the qualified name is made of
 * the scopes around the declaration. libdw has no way from a DIE to its parent,
 * so the scopes are found from the unit downward, each time in the last child
 * that begins before the DIE.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/plain_name.h"
#include "core/symbol/dwarf_reader.h"

/* Scopes nested deeper than this are left out. */
#define MAX_SCOPES 32

static const char *
string_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attr;
    return dwarf_formstring(dwarf_attr_integrate(die, name, &attr));
}

static const char *
linkage_name(Dwarf_Die *die)
{
    const char *name = string_of(die, DW_AT_linkage_name);
    return name != NULL ? name : string_of(die, DW_AT_MIPS_linkage_name);
}

static bool
is_mangled(const char *name)
{
    return name != NULL && name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

/* ---- Declarations ---- */

/* Follows `die`, a copy or a definition, to its declaration. */
static void
find_declaration(Dwarf_Die *die, Dwarf_Die *out)
{
    static const unsigned links[] = { DW_AT_abstract_origin,
                                      DW_AT_specification };
    *out = *die;
    for (size_t i = 0; i < 2; i++) {
        Dwarf_Attribute attr;
        Dwarf_Die next;
        if (dwarf_attr(out, links[i], &attr) != NULL &&
            dwarf_formref_die(&attr, &next) != NULL) {
            *out = next;
        }
    }
}

/* ---- The way down to a DIE ---- */

void
evprof_dwarf_names_forget(evprof_dwarf_reader_t *reader)
{
    for (size_t i = 0; i < reader->children_count; i++) {
        free(reader->children[i].items);
    }
    free(reader->children);
    free(reader->scopes);
    evprof_index_free(&reader->children_index);
    evprof_index_free(&reader->scope_index);
    reader->children = NULL;
    reader->children_count = reader->children_cap = 0;
    reader->scopes = NULL;
    reader->scope_count = reader->scope_cap = 0;
}

/* Lists the children of `parent`. The list is kept, since every function of a
 * namespace needs it. */
static bool
read_children(Dwarf_Die *parent, evprof_dwarf_children_t *out)
{
    Dwarf_Die child;
    size_t cap = 0;
    *out = (evprof_dwarf_children_t){ .parent = parent->addr };
    if (dwarf_child(parent, &child) != 0) {
        return true;
    }
    do {
        void **items =
            evprof_grow(out->items, &cap, out->count + 1, sizeof(*items));
        if (items == NULL) {
            return false;
        }
        out->items = items;
        items[out->count++] = child.addr;
    } while (dwarf_siblingof(&child, &child) == 0);
    return true;
}

static const evprof_dwarf_children_t *
children_of(evprof_dwarf_reader_t *reader, Dwarf_Die *parent)
{
    uint64_t hash = evprof_hash_mix((uintptr_t)parent->addr);
    evprof_index_walk_t walk = evprof_index_walk(&reader->children_index, hash);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (reader->children[row].parent == parent->addr) {
            return &reader->children[row];
        }
    }
    evprof_dwarf_children_t *all =
        evprof_grow(reader->children, &reader->children_cap,
                    reader->children_count + 1, sizeof(*all));
    if (all == NULL) {
        return NULL;
    }
    reader->children = all;
    evprof_dwarf_children_t *new = &all[reader->children_count];
    if (!read_children(parent, new) ||
        evprof_index_add(&reader->children_index, hash,
                         (uint32_t)reader->children_count) != EVPROF_OK) {
        free(new->items);
        return NULL;
    }
    reader->children_count++;
    return new;
}

/* The last child that begins at or before `die`, and so contains it. */
static bool
find_child(evprof_dwarf_reader_t *reader, Dwarf_Die *parent, Dwarf_Die *die,
           Dwarf_Die *out)
{
    const evprof_dwarf_children_t *all = children_of(reader, parent);
    size_t low = 0;
    size_t high = all == NULL ? 0 : all->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)all->items[middle] <= (uintptr_t)die->addr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return false;
    }
    *out = (Dwarf_Die){ .addr = all->items[low - 1], .cu = die->cu };
    return true;
}

/* Fills in the DIEs from a child of the unit down to `die`; returns their
 * number. */
static size_t
find_path(evprof_dwarf_reader_t *reader, Dwarf_Die *die,
          Dwarf_Die path[MAX_SCOPES])
{
    Dwarf_Die parent;
    if (dwarf_diecu(die, &parent, NULL, NULL) == NULL) {
        return 0;
    }
    for (size_t count = 0; count < MAX_SCOPES; count++) {
        if (!find_child(reader, &parent, die, &path[count])) {
            return 0;
        }
        if (path[count].addr == die->addr) {
            return count + 1;
        }
        parent = path[count];
    }
    return 0;
}

/* ---- Scopes ---- */

static bool
is_type(int tag)
{
    return tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
           tag == DW_TAG_union_type;
}

/* Whether a type is that of a lambda expression. */
static bool
is_closure(Dwarf_Die *type)
{
    Dwarf_Die child;
    const char *name = dwarf_diename(type);
    if (name != NULL) {
        return strncmp(name, "<lambda", 7) == 0;
    }
    if (dwarf_child(type, &child) != 0) {
        return false;
    }
    do {
        name = dwarf_tag(&child) == DW_TAG_subprogram ? dwarf_diename(&child)
                                                      : NULL;
        if (name != NULL && strncmp(name, "operator()", 10) == 0) {
            return true;
        }
    } while (dwarf_siblingof(&child, &child) == 0);
    return false;
}

static bool
is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The number of `closure` among the closures of `scope` with the same
 * parameters, counted from 1: mangled names number them like this. */
static size_t
count_closures(Dwarf_Die *scope, Dwarf_Die *closure, size_t depth)
{
    Dwarf_Die child;
    size_t count = 0;
    if (depth > MAX_SCOPES || dwarf_child(scope, &child) != 0) {
        return 0;
    }
    do {
        int tag = dwarf_tag(&child);
        if (dwarf_dieoffset(&child) > dwarf_dieoffset(closure)) {
            break;
        }
        if (is_type(tag)) {
            count += is_closure(&child) && is_same_text(dwarf_diename(&child),
                                                        dwarf_diename(closure));
        } else if (tag == DW_TAG_lexical_block) {
            count += count_closures(&child, closure, depth + 1);
        }
    } while (dwarf_siblingof(&child, &child) == 0);
    return count;
}

static const char *qualified_name(evprof_dwarf_reader_t *reader, Dwarf_Die *die,
                                  size_t depth);

/* Appends the name of one scope and "::"; blocks have none. */
static void
put_scope(evprof_dwarf_reader_t *reader, evprof_buf_t *out, Dwarf_Die *path,
          size_t at, size_t depth)
{
    Dwarf_Die *die = &path[at];
    int tag = dwarf_tag(die);
    const char *name = dwarf_diename(die);
    if (tag == DW_TAG_subprogram) {
        /* qualified_name() includes the scopes written so far. */
        name = qualified_name(reader, die, depth + 1);
        evprof_buf_clear(out);
    } else if (tag == DW_TAG_namespace || tag == DW_TAG_module) {
        name = name == NULL ? "(anonymous namespace)" : name;
    } else if (is_type(tag) && is_closure(die)) {
        size_t function = at;
        while (function > 0 &&
               dwarf_tag(&path[function]) != DW_TAG_subprogram) {
            function--;
        }
        evprof_buf_printf(
            out, "{lambda#%zu}::", count_closures(&path[function], die, 0));
        return;
    } else if (!is_type(tag)) {
        return;
    } else if (name == NULL) {
        name = "{unnamed type}";
    }
    if (name != NULL) {
        evprof_plain_name(out, name, EVPROF_NAME_DROP_TEMPLATES);
        evprof_buf_puts(out, "::");
    }
}

/* Makes the qualified name; NULL: the declaration has no name. */
static const char *
make_qualified(evprof_dwarf_reader_t *reader, Dwarf_Die *declaration,
               size_t depth)
{
    Dwarf_Die path[MAX_SCOPES];
    evprof_buf_t text = { 0 };
    const char *name = dwarf_diename(declaration);
    if (name == NULL) {
        return NULL;
    }
    size_t count =
        depth < MAX_SCOPES ? find_path(reader, declaration, path) : 0;
    for (size_t i = 0; i + 1 < count; i++) {
        put_scope(reader, &text, path, i, depth);
    }
    evprof_plain_name(&text, name, EVPROF_NAME_DROP_TEMPLATES);
    const char *made =
        text.failed ? NULL : evprof_strings_intern(&reader->strings, text.data);
    evprof_buf_free(&text);
    return made;
}

static const char *
qualified_name(evprof_dwarf_reader_t *reader, Dwarf_Die *die, size_t depth)
{
    Dwarf_Die declaration;
    find_declaration(die, &declaration);
    uint64_t hash = evprof_hash_mix((uintptr_t)declaration.addr);
    evprof_index_walk_t walk = evprof_index_walk(&reader->scope_index, hash);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (reader->scopes[row].die == declaration.addr) {
            return reader->scopes[row].name;
        }
    }
    const char *name = make_qualified(reader, &declaration, depth);
    evprof_dwarf_scope_t *scopes =
        evprof_grow(reader->scopes, &reader->scope_cap, reader->scope_count + 1,
                    sizeof(*scopes));
    if (scopes == NULL) {
        return name;
    }
    reader->scopes = scopes;
    if (evprof_index_add(&reader->scope_index, hash,
                         (uint32_t)reader->scope_count) == EVPROF_OK) {
        scopes[reader->scope_count++] =
            (evprof_dwarf_scope_t){ declaration.addr, name };
    }
    return name;
}

/* Whether the unit's language has scopes that are not part of the names. */
static bool
has_scopes(Dwarf_Die *die)
{
    Dwarf_Die unit;
    int language =
        dwarf_diecu(die, &unit, NULL, NULL) == NULL ? -1 : dwarf_srclang(&unit);
    switch (language) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case DW_LANG_ObjC_plus_plus:
    case 0x2a: /* C++17 and C++20, newer than the header of libdw */
    case 0x2b:
    case DW_LANG_D:
        return true;
    default:
        return false;
    }
}

/* ---- Names ---- */

evprof_dwarf_name_t
evprof_dwarf_name_of(evprof_dwarf_reader_t *reader, Dwarf_Die *die,
                     const evprof_query_t *query)
{
    evprof_dwarf_name_t out = { NULL, linkage_name(die) };
    if (is_mangled(out.system_name)) {
        return out;
    }
    /* Only the symbol has the mangled name of a constructor. And the public
     * symbol of a function of libc is a better name than the internal one in
     * its DWARF. */
    if (query != NULL && query->symbol != NULL && query->is_sized) {
        out.system_name = query->symbol;
        return out;
    }
    const char *name = string_of(die, DW_AT_name);
    if (out.system_name == NULL) {
        out.system_name = name;
    }
    if (out.system_name == NULL) {
        out.system_name = query == NULL ? NULL : query->symbol;
    } else if (name != NULL && has_scopes(die)) {
        out.name = qualified_name(reader, die, 0);
    } else if (name != NULL && name != out.system_name) {
        out.name = name;
    }
    return out;
}
