/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block collects statements into slots and calls the setters in the file's
 * order. Then it sets what the file leaves open: from the outer block, by
 * calling the setters again with that block's statements, or from the default,
 * which is text too. So every value is made in the same way, and its origin is
 * always known.
 */
#include "core/conf/block.h"

#include <string.h>

#include "core/base/nearest.h"

/* ---- Making ---- */

typedef struct making {
    evprof_conf_t *cf;
    evprof_block_t *block;
    size_t fills;
    size_t slots;
    bool failed;
} making_t;

static size_t
count_directives(const evprof_directive_t *d)
{
    size_t n = 0;
    while (d != NULL && d[n].name != NULL) {
        n++;
    }
    return n;
}

static void
add_fill(making_t *m, const evprof_section_t *section,
         const evprof_directive_t *directives, size_t conf_size)
{
    evprof_block_t *block = m->block;
    void *conf = evprof_conf_alloc(m->cf, conf_size);
    m->failed = m->failed || conf == NULL;
    block->fills[block->fill_count] =
        (evprof_fill_t){ .section = section, .conf = conf };
    size_t n = count_directives(directives);
    for (size_t i = 0; i < n; i++) {
        block->slots[block->slot_count++] =
            (evprof_slot_t){ .directive = &directives[i],
                             .fill = block->fill_count };
    }
    block->fill_count++;
}

static void
count_section(void *ctx, const evprof_section_t *section)
{
    making_t *m = ctx;
    if ((section->contexts & m->block->context) != 0) {
        m->fills++;
        m->slots += count_directives(section->directives);
    }
}

static void
add_section(void *ctx, const evprof_section_t *section)
{
    making_t *m = ctx;
    if ((section->contexts & m->block->context) != 0) {
        add_fill(m, section, section->directives, section->conf_size);
    }
}

int
evprof_block_init(evprof_conf_t *cf, evprof_block_t *block,
                  const evprof_module_t *module)
{
    making_t m = { .cf = cf, .block = block };
    const evprof_directive_t *own = module == NULL ? NULL : module->directives;
    if (module != NULL) {
        m.fills = 1;
        m.slots = count_directives(own);
    }
    evprof_schema_each(cf->config->schema, count_section, &m);
    block->fills = evprof_conf_alloc(cf, m.fills * sizeof(*block->fills));
    block->slots = evprof_conf_alloc(cf, m.slots * sizeof(*block->slots));
    if (block->fills == NULL || block->slots == NULL) {
        return EVPROF_ENOMEM;
    }
    if (module != NULL) {
        add_fill(&m, NULL, own, module->conf_size);
    }
    evprof_schema_each(cf->config->schema, add_section, &m);
    return m.failed ? EVPROF_ENOMEM : EVPROF_OK;
}

void *
evprof_block_conf(const evprof_block_t *block, const evprof_section_t *section)
{
    for (size_t i = 0; i < block->fill_count; i++) {
        if (block->fills[i].section == section) {
            return block->fills[i].conf;
        }
    }
    return NULL;
}

/* ---- Setting ---- */

static evprof_slot_t *
find_slot(evprof_block_t *block, const char *name)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        if (strcmp(block->slots[i].directive->name, name) == 0) {
            return &block->slots[i];
        }
    }
    return NULL;
}

static const char *
plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

static const char *
count_fault(evprof_conf_t *cf, const evprof_directive_t *d,
            const evprof_statement_t *s)
{
    unsigned given = s->count - 1;
    if (given < d->min_args) {
        return evprof_conf_fragment(
            cf, "needs %s%u argument%s: %s %s;",
            d->max_args > d->min_args ? "at least " : "", d->min_args,
            plural(d->min_args), d->name, d->args);
    }
    if (given <= d->max_args) {
        return NULL;
    }
    unsigned line = evprof_statement_open_line(s);
    if (line > 0) {
        return evprof_conf_fragment(
            cf, "takes %u argument%s, not %u: a ; is missing in line %u",
            d->max_args, plural(d->max_args), given, line);
    }
    return evprof_conf_fragment(cf, "takes %u argument%s, not %u", d->max_args,
                                plural(d->max_args), given);
}

/* Calls the setter with one statement; NULL or a fragment. */
static const char *
call_setter(evprof_conf_t *cf, const evprof_block_t *block,
            const evprof_slot_t *slot, const evprof_statement_t *s)
{
    const evprof_directive_t *d = slot->directive;
    cf->directive = d;
    cf->statement = s;
    const char *fault = count_fault(cf, d, s);
    if (fault == NULL && s->has_block &&
        (d->flags & EVPROF_DIRECTIVE_OWN_BLOCK) == 0) {
        fault = "takes no block: end it with ;";
    }
    if (fault == NULL && d->set != NULL) {
        fault = d->set(cf, d, block->fills[slot->fill].conf);
    }
    if (fault != NULL) {
        block->fills[slot->fill].is_faulty = true;
    }
    return fault;
}

static void
append_statement(evprof_slot_t *slot, evprof_statement_t *s)
{
    if (slot->first == NULL) {
        slot->first = s;
    } else {
        slot->last->again = s;
    }
    slot->last = s;
    slot->origin = EVPROF_ORIGIN_FILE;
}

/* ---- Names that do not belong here ---- */

typedef struct search {
    const evprof_block_t *block;
    evprof_nearest_t nearest;
    unsigned contexts; /* where a directive of this name may be */
} search_t;

static void
search_section(void *ctx, const evprof_section_t *section)
{
    search_t *search = ctx;
    for (const evprof_directive_t *d = section->directives; d->name != NULL;
         d++) {
        if (strcmp(d->name, search->nearest.word) == 0) {
            search->contexts |= section->contexts;
        }
    }
}

static void
search_blocks(search_t *search)
{
    static const struct {
        const char *name;
        unsigned parent;
    } blocks[] = { { "pprof", EVPROF_CONTEXT_MAIN },
                   { "push", EVPROF_CONTEXT_MAIN },
                   { "watch", EVPROF_CONTEXT_MAIN },
                   { "profile", EVPROF_CONTEXT_PPROF },
                   { "include", ~0u } };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (strcmp(blocks[i].name, search->nearest.word) == 0) {
            search->contexts |= blocks[i].parent;
        } else if ((blocks[i].parent & search->block->context) != 0) {
            evprof_nearest_try(&search->nearest, blocks[i].name);
        }
    }
}

static const char *
context_name(unsigned contexts)
{
    if ((contexts & EVPROF_CONTEXT_PPROF) != 0) {
        return "in pprof { }";
    }
    if ((contexts & EVPROF_CONTEXT_MAIN) != 0) {
        return "outside of pprof { }";
    }
    return (contexts & EVPROF_CONTEXT_PUSH) != 0    ? "in push { }"
           : (contexts & EVPROF_CONTEXT_WATCH) != 0 ? "in watch { }"
                                                    : "in profile NAME { }";
}

/* The module that has a directive of that name, or NULL. */
static const char *
owner(const evprof_config_t *config, const char *name)
{
    for (size_t i = 0; i < config->module_count; i++) {
        const evprof_directive_t *d = config->modules[i]->directives;
        for (; d != NULL && d->name != NULL; d++) {
            if (strcmp(d->name, name) == 0) {
                return config->modules[i]->name;
            }
        }
    }
    return NULL;
}

static void
report_unknown(evprof_conf_t *cf, const evprof_block_t *block,
               const evprof_statement_t *s)
{
    const char *name = s->words[0].text;
    search_t search = { .block = block, .nearest.word = name };
    for (size_t i = 0; i < block->slot_count; i++) {
        evprof_nearest_try(&search.nearest, block->slots[i].directive->name);
    }
    search_blocks(&search);
    evprof_schema_each(cf->config->schema, search_section, &search);
    const char *profile = owner(cf->config, name);
    if (search.contexts != 0) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"%s\" is not allowed here, only %s", name,
                            context_name(search.contexts));
    } else if (profile != NULL) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"%s\" is not allowed here, only in profile %s "
                            "{ }",
                            name, profile);
    } else if (search.nearest.best != NULL) {
        evprof_problems_add(cf->problems, &s->place,
                            "\"%s\" is unknown; did you mean \"%s\"?", name,
                            search.nearest.best);
    } else {
        evprof_problems_add(cf->problems, &s->place, "\"%s\" is unknown", name);
    }
}

void
evprof_block_set(evprof_conf_t *cf, evprof_block_t *block,
                 evprof_statement_t *s)
{
    evprof_slot_t *slot = find_slot(block, s->words[0].text);
    if (slot == NULL) {
        report_unknown(cf, block, s);
        return;
    }
    const char *fault = NULL;
    if (slot->first != NULL &&
        (slot->directive->flags & EVPROF_DIRECTIVE_MANY) == 0) {
        cf->statement = s;
        fault = evprof_conf_fragment(cf, "is duplicate: line %u has it already",
                                     slot->first->place.line);
    } else {
        append_statement(slot, s);
        fault = call_setter(cf, block, slot, s);
    }
    if (fault != NULL) {
        evprof_problems_add(cf->problems, &s->place, "\"%s\" %s",
                            s->words[0].text, fault);
    }
}

/* ---- Completing ---- */

static const evprof_slot_t *
outer_slot(const evprof_block_t *outer, const evprof_directive_t *d)
{
    for (size_t i = 0; outer != NULL && i < outer->slot_count; i++) {
        if (outer->slots[i].directive == d) {
            return &outer->slots[i];
        }
    }
    return NULL;
}

/* Whether two directives fill one list together, as `allow` and `deny` do: both
 * may be repeated and have the same offset. (Other directives need not have an
 * offset.) */
static bool
same_field(const evprof_slot_t *a, const evprof_slot_t *b)
{
    unsigned flags = a->directive->flags & b->directive->flags;
    return a == b ||
           (a->fill == b->fill && (flags & EVPROF_DIRECTIVE_MANY) != 0 &&
            a->directive->offset == b->directive->offset);
}

static bool
field_is_set(const evprof_block_t *block, const evprof_slot_t *slot)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        if (same_field(&block->slots[i], slot) &&
            block->slots[i].origin > EVPROF_ORIGIN_DEFAULT) {
            return true;
        }
    }
    return false;
}

/* Sets a field again with the outer block's statements. Their mistakes have
 * been reported with that block. */
static void
inherit_field(evprof_conf_t *cf, evprof_block_t *block,
              const evprof_block_t *outer, const evprof_slot_t *slot)
{
    for (evprof_statement_t *s = outer->statements; s != NULL; s = s->next) {
        evprof_slot_t *target = find_slot(block, s->words[0].text);
        const evprof_slot_t *from =
            target == NULL ? NULL : outer_slot(outer, target->directive);
        if (from == NULL || !same_field(target, slot)) {
            continue;
        }
        call_setter(cf, block, target, s);
        target->origin = EVPROF_ORIGIN_INHERITED;
        target->first = from->first;
    }
}

static int
apply_default(evprof_conf_t *cf, evprof_block_t *block, evprof_slot_t *slot)
{
    const evprof_directive_t *d = slot->directive;
    slot->first =
        evprof_tree_default(&cf->config->arena, d->name, d->by_default);
    if (slot->first == NULL) {
        return EVPROF_ENOMEM;
    }
    slot->origin = EVPROF_ORIGIN_DEFAULT;
    const char *fault = call_setter(cf, block, slot, slot->first);
    if (fault != NULL) {
        evprof_problems_add(cf->problems, &block->place,
                            "\"%s\" has a default that %s", d->name, fault);
    }
    return EVPROF_OK;
}

static int
complete_slot(evprof_conf_t *cf, evprof_block_t *block, evprof_slot_t *slot,
              const evprof_block_t *outer)
{
    const evprof_slot_t *from = outer_slot(outer, slot->directive);
    if (field_is_set(block, slot)) {
        return EVPROF_OK;
    }
    if (from != NULL && from->origin == EVPROF_ORIGIN_FILE) {
        inherit_field(cf, block, outer, slot);
        return EVPROF_OK;
    }
    return slot->directive->by_default == NULL ? EVPROF_OK
                                               : apply_default(cf, block, slot);
}

static const evprof_place_t *
place_of(const evprof_block_t *block, const char *name)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        if (strcmp(block->slots[i].directive->name, name) == 0 &&
            block->slots[i].first != NULL &&
            block->slots[i].first->place.line > 0) {
            return &block->slots[i].first->place;
        }
    }
    return &block->place;
}

/* Whether the block itself sets anything in a struct. */
static bool
is_own(const evprof_block_t *block, size_t fill)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        if (block->slots[i].fill == fill &&
            block->slots[i].origin == EVPROF_ORIGIN_FILE) {
            return true;
        }
    }
    return false;
}

static void
check_fill(evprof_conf_t *cf, const evprof_block_t *block, size_t fill,
           bool has_outer)
{
    const evprof_section_t *section = block->fills[fill].section;
    const char *culprit = NULL;
    if (section == NULL || section->finish == NULL ||
        block->fills[fill].is_faulty) {
        return;
    }
    const char *fault = section->finish(cf, block->fills[fill].conf, &culprit);
    if (fault != NULL && (!has_outer || is_own(block, fill))) {
        evprof_problems_add(cf->problems, place_of(block, culprit), "\"%s\" %s",
                            culprit, fault);
    }
}

int
evprof_block_finish(evprof_conf_t *cf, evprof_block_t *block,
                    const evprof_block_t *outer)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        int status = complete_slot(cf, block, &block->slots[i], outer);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < block->fill_count; i++) {
        check_fill(cf, block, i, outer != NULL);
    }
    return EVPROF_OK;
}
