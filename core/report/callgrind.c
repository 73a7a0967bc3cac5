/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of callgrind's output, as KCachegrind reads it. Names are written
 * once and then referred to by number; addresses are relative to those of the
 * node before where that is shorter. What the format merges (functions of one
 * name in one file) but the graph keeps apart gets a number behind its name.
 */
#include "core/report/callgrind.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/stream.h"
#include "core/base/unit.h"

/* How many calls ahead a callee is prefetched. */
#define AHEAD ((size_t)8)

/* Numbers of names, in the order of their first use. */
typedef struct names {
    const char **slots_text; /* interned, so that addresses tell */
    size_t *slots_number;
    size_t slot_count;
    size_t count;
} names_t;

/* The number of a node's function among those that share a name and file. */
typedef struct alias {
    const evprof_node_t *function;
    const char *name;
    const char *file;
    size_t index; /* from 1 */
    size_t of;    /* how many share the name; known for the first of them */
    struct alias *first;
} alias_t;

/* The text of a callee from its second mention on: short, since there are
 * millions of calls. */
typedef struct callee {
    uint64_t address;
    int64_t line;
    uint32_t file; /* numbers of names; 0: not written yet */
    uint32_t name;
} callee_t;

typedef struct aliases {
    alias_t *rows; /* of each node, by rank */
    callee_t *callees;
    alias_t **by_function;
    size_t mask;
} aliases_t;

typedef struct callgrind {
    evprof_view_t *view;
    evprof_buf_t *out;
    evprof_stream_t *stream; /* of `out` */
    aliases_t aliases;
    names_t objects;
    names_t files;
    names_t functions;
    evprof_strings_t numbered; /* names with a number behind them */
    const evprof_node_info_t *previous;
    int64_t last_value; /* in the profile's unit, and in that of the output */
    int64_t last_scaled;
    bool has_last_value;
    bool is_out_of_memory;
} callgrind_t;

static bool
grow(names_t *names)
{
    size_t count = names->slot_count == 0 ? 64 : names->slot_count * 2;
    const char **texts = calloc(count, sizeof(*texts));
    size_t *numbers = calloc(count, sizeof(*numbers));
    if (texts == NULL || numbers == NULL) {
        free(texts);
        free(numbers);
        return false;
    }
    for (size_t i = 0; i < names->slot_count; i++) {
        const char *text = names->slots_text[i];
        if (text == NULL) {
            continue;
        }
        size_t at = evprof_hash_mix((uintptr_t)text) & (count - 1);
        while (texts[at] != NULL) {
            at = (at + 1) & (count - 1);
        }
        texts[at] = text;
        numbers[at] = names->slots_number[i];
    }
    free(names->slots_text);
    free(names->slots_number);
    names->slots_text = texts;
    names->slots_number = numbers;
    names->slot_count = count;
    return true;
}

static void
names_free(names_t *names)
{
    free(names->slots_text);
    free(names->slots_number);
}

static void
write_number(evprof_buf_t *out, size_t number)
{
    evprof_buf_putc(out, '(');
    evprof_buf_put_uint(out, number);
    evprof_buf_putc(out, ')');
}

/* "(N) name" at first, "(N)" later, nothing for no name. Returns N, or 0. */
static size_t
write_name(callgrind_t *c, names_t *names, const char *name)
{
    if (name[0] == '\0') {
        return 0;
    }
    if (names->count * 2 >= names->slot_count && !grow(names)) {
        c->is_out_of_memory = true;
        return 0;
    }
    size_t at = evprof_hash_mix((uintptr_t)name) & (names->slot_count - 1);
    while (names->slots_text[at] != NULL) {
        if (names->slots_text[at] == name) {
            write_number(c->out, names->slots_number[at]);
            return names->slots_number[at];
        }
        at = (at + 1) & (names->slot_count - 1);
    }
    names->slots_text[at] = name;
    names->slots_number[at] = ++names->count;
    evprof_buf_printf(c->out, "(%zu) %s", names->count, name);
    return names->count;
}

static size_t
write_line(callgrind_t *c, const char *key, names_t *names, const char *name)
{
    evprof_buf_puts(c->out, key);
    size_t number = write_name(c, names, name);
    evprof_buf_putc(c->out, '\n');
    return number;
}

/* How many digits `value` has to that base. */
static int
digits_of(uint64_t value, unsigned base)
{
    int count = 1;
    while (value >= base) {
        value /= base;
        count++;
    }
    return count;
}

/* Writes an address as a step from the node before, where that is shorter.
 * There are millions of these. */
static void
write_address(callgrind_t *c, uint64_t address)
{
    if (c->previous != NULL && c->previous->address == address) {
        evprof_buf_putc(c->out, '*');
        return;
    }
    uint64_t before = c->previous != NULL ? c->previous->address : 0;
    int64_t step = (int64_t)(address - before);
    uint64_t length = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
    if (c->previous != NULL &&
        1 + digits_of(length, 10) < 2 + digits_of(address, 16)) {
        evprof_buf_putc(c->out, step < 0 ? '-' : '+');
        evprof_buf_put_uint(c->out, length);
    } else {
        evprof_buf_printf(c->out, "0x%" PRIx64, address);
    }
}

/* Scales the weight of a call. Most calls weigh the same as the one before, so
 * the last result is kept. */
static int64_t
in_output_unit(callgrind_t *c, int64_t value)
{
    if (value != c->last_value || !c->has_last_value) {
        double scaled =
            evprof_unit_scale(value, evprof_view_sample_unit(c->view),
                              evprof_view_output_unit(c->view), NULL);
        c->last_value = value;
        c->last_scaled = (int64_t)scaled;
        c->has_last_value = true;
    }
    return c->last_scaled;
}

/* The row in the table that has the name and file of `a`, and its function
 * unless `any_function`; or the free place for it. */
static alias_t **
find_alias(aliases_t *table, const alias_t *a, bool any_function)
{
    const void *key[3] = { a->name, a->file,
                           any_function ? NULL : a->function };
    size_t at = evprof_hash(key, sizeof(key), any_function) & table->mask;
    while (table->by_function[at] != NULL) {
        alias_t *other = table->by_function[at];
        bool is_first = other->first == other;
        if (other->name == a->name && other->file == a->file &&
            (any_function ? is_first : other->function == a->function)) {
            break;
        }
        at = (at + 1) & table->mask;
    }
    return &table->by_function[at];
}

static void
number_alias(aliases_t *table, alias_t *row)
{
    alias_t **same = find_alias(table, row, false);
    if (*same != NULL) {
        row->first = (*same)->first;
        row->index = (*same)->index;
        return;
    }
    alias_t **first = find_alias(table, row, true);
    row->first = *first != NULL ? *first : row;
    row->index = ++row->first->of;
    *same = row;
    if (row->first == row) {
        *find_alias(table, row, true) = row;
    }
}

static int
aliases_init(aliases_t *table, evprof_node_t *const *nodes, size_t count)
{
    size_t slots = 64;
    while (slots < count * 4) {
        slots *= 2;
    }
    table->rows = calloc(count + 1, sizeof(*table->rows));
    table->by_function = calloc(slots, sizeof(*table->by_function));
    table->callees = calloc(count + 1, sizeof(*table->callees));
    table->mask = slots - 1;
    if (table->rows == NULL || table->by_function == NULL ||
        table->callees == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        alias_t *row = &table->rows[nodes[i]->rank];
        row->function = nodes[i]->function;
        row->name = nodes[i]->info.name;
        row->file = nodes[i]->info.file;
        table->callees[nodes[i]->rank] =
            (callee_t){ .address = nodes[i]->info.address,
                        .line = nodes[i]->info.line };
        number_alias(table, row);
    }
    return EVPROF_OK;
}

/* The callee's name, numbered where it is not the only one of that name; NULL:
 * out of memory. */
static const char *
callee_name(callgrind_t *c, const alias_t *alias)
{
    if (alias->first->of == 1) {
        return alias->name;
    }
    evprof_buf_t name = { 0 };
    evprof_buf_printf(&name, "%s [%zu/%zu]", alias->name, alias->index,
                      alias->first->of);
    const char *text =
        name.failed ? NULL
                    : evprof_strings_add(&c->numbered, name.data, name.len);
    evprof_buf_free(&name);
    return text;
}

static void
write_names(callgrind_t *c, const alias_t *row, callee_t *out)
{
    const char *name = callee_name(c, row);
    if (name == NULL) {
        c->is_out_of_memory = true;
        return;
    }
    size_t file = write_line(c, "cfl=", &c->files, row->file);
    size_t function = write_line(c, "cfn=", &c->functions, name);
    if (file <= UINT32_MAX && function <= UINT32_MAX) {
        out->file = (uint32_t)file;
        out->name = (uint32_t)function;
    }
}

static void
write_callee(callgrind_t *c, const aliases_t *aliases, const evprof_edge_t *e)
{
    const evprof_node_t *node = e->dest;
    callee_t stranger = { .address = 0 };
    callee_t *callee = &aliases->callees[node->rank];
    if (node->rank == 0) {
        stranger = (callee_t){ .address = node->info.address,
                               .line = node->info.line };
        callee = &stranger;
    }
    if (callee->file != 0 && callee->name != 0) {
        evprof_buf_puts(c->out, "cfl=");
        write_number(c->out, callee->file);
        evprof_buf_puts(c->out, "\ncfn=");
        write_number(c->out, callee->name);
        evprof_buf_putc(c->out, '\n');
    } else if (node->rank > 0) {
        write_names(c, &aliases->rows[node->rank], callee);
    } else {
        write_line(c, "cfl=", &c->files, node->info.file);
        write_line(c, "cfn=", &c->functions, "");
    }
    evprof_buf_puts(c->out, "calls=0 ");
    write_address(c, callee->address);
    evprof_buf_putc(c->out, ' ');
    evprof_buf_put_int(c->out, callee->line);
    evprof_buf_puts(c->out, "\n* * ");
    evprof_buf_put_int(c->out, in_output_unit(c, e->weight));
    evprof_buf_putc(c->out, '\n');
}

static bool
is_same_function(const evprof_node_info_t *a, const evprof_node_info_t *b)
{
    return strcmp(a->object, b->object) == 0 && strcmp(a->file, b->file) == 0 &&
           strcmp(a->name, b->name) == 0;
}

static int
write_node(void *ctx, evprof_node_t *n, evprof_error_t *err)
{
    callgrind_t *c = ctx;
    if (c->previous == NULL || !is_same_function(c->previous, &n->info)) {
        evprof_buf_putc(c->out, '\n');
        write_line(c, "ob=", &c->objects, n->info.object);
        write_line(c, "fl=", &c->files, n->info.file);
        write_line(c, "fn=", &c->functions, n->info.name);
    }
    write_address(c, n->info.address);
    evprof_buf_printf(c->out, " %lld %lld\n", (long long)n->info.line,
                      (long long)in_output_unit(c, evprof_node_flat(n)));
    for (size_t i = 0; i < n->out_count; i++) {
        /* Callees lie all over the memory, and the wait for it would be most of
         * the time. */
        if (i + AHEAD < n->out_count) {
            __builtin_prefetch(
                &c->aliases.callees[n->out[i + AHEAD]->dest->rank]);
        }
        write_callee(c, &c->aliases, n->out[i]);
    }
    c->previous = &n->info;
    evprof_stream_poll(c->stream);
    return c->is_out_of_memory
               ? evprof_fail(err, EVPROF_ENOMEM, "callgrind: out of memory")
               : EVPROF_OK;
}

static int
write_graph(callgrind_t *c, evprof_graph_t *g, evprof_error_t *err)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    const evprof_edge_walk_t walk = { .visit = write_node,
                                      .ctx = c,
                                      .wants_out = true };
    evprof_buf_printf(c->out, "positions: instr line\nevents: %s(%s)\n",
                      evprof_view_sample_type(c->view),
                      evprof_view_output_unit(c->view));
    int status = aliases_init(&c->aliases, nodes, count);
    status = status == EVPROF_OK
                 ? evprof_graph_walk_edges(g, &walk, err)
                 : evprof_fail(err, status, "callgrind: out of memory");
    free(c->aliases.rows);
    free(c->aliases.callees);
    free(c->aliases.by_function);
    return status;
}

int
evprof_write_callgrind(evprof_view_t *view, const evprof_writer_t *out,
                       evprof_error_t *err)
{
    evprof_drawing_t d;
    int status = evprof_drawing_begin(&d, view, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    callgrind_t c = { .view = view, .out = &d.stream.buf, .stream = &d.stream };
    status = write_graph(&c, d.graph, err);
    names_free(&c.objects);
    names_free(&c.files);
    names_free(&c.functions);
    evprof_strings_free(&c.numbered);
    return evprof_drawing_end(&d, status);
}
