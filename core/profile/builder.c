/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile is made while stacks are added: each new address gets a row in
 * the table of locations, each new sample a row in the table of samples, and
 * two indexes find equal ones again. The rows are in arrays that grow by
 * realloc; stacks, values and labels are written once, into the profile's
 * arena.
 *
 * A return address stands for the call before it, so 1 is subtracted. The leaf
 * of a CPU sample is the instruction that was running and stays as it is.
 */
#include "core/profile/builder.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/bulk.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/index.h"
#include "core/profile/sample_key.h"

struct evprof_builder {
    evprof_pprof_t *profile;
    size_t max_bytes;   /* 0: no bound */
    size_t max_samples; /* 0: no bound */
    size_t folded;      /* additions beyond max_samples */
    bool is_second;     /* evprof_builder_subtract() was called */
    size_t redeclared;  /* columns of the second snapshot so far */
    /* Losses that comments report, a bit each. */
    uint64_t lacks[EVPROF_LOSS_OF_COUNT];

    evprof_value_type_t *types;
    evprof_sample_t *samples;
    uint64_t *addresses; /* row = location */
    const char **comments;
    size_t type_cap;
    size_t sample_cap;
    size_t address_cap;
    size_t comment_cap;

    evprof_index_t sample_index;
    evprof_index_t address_index;
    uint32_t *stack; /* scratch for the stack being added */
    size_t stack_cap;
    evprof_label_t *labels; /* scratch for its labels */
    size_t label_cap;
};

evprof_builder_t *
evprof_builder_new(size_t max_bytes)
{
    evprof_builder_t *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        return NULL;
    }
    b->max_bytes = max_bytes;
    b->profile = evprof_pprof_new();
    if (b->profile == NULL) {
        evprof_builder_free(b);
        return NULL;
    }
    return b;
}

void
evprof_builder_limit(evprof_builder_t *b, size_t max_samples)
{
    b->max_samples = max_samples;
}

size_t
evprof_builder_folded(const evprof_builder_t *b)
{
    return b->folded;
}

/* Frees everything but the profile and the builder itself. */
static void
release_tables(evprof_builder_t *b)
{
    free(b->types);
    evprof_bulk_free(b->samples, b->sample_cap * sizeof(*b->samples));
    evprof_bulk_free(b->addresses, b->address_cap * sizeof(*b->addresses));
    free(b->comments);
    free(b->stack);
    free(b->labels);
    evprof_index_free(&b->sample_index);
    evprof_index_free(&b->address_index);
}

void
evprof_builder_free(evprof_builder_t *b)
{
    if (b == NULL) {
        return;
    }
    release_tables(b);
    evprof_pprof_free(b->profile);
    free(b);
}

static size_t
bytes_held(const evprof_builder_t *b)
{
    return b->profile->arena.total + b->profile->strings.arena.total +
           b->sample_cap * sizeof(*b->samples) +
           b->address_cap * sizeof(*b->addresses) +
           evprof_index_bytes(&b->sample_index) +
           evprof_index_bytes(&b->address_index);
}

static const char *
intern(evprof_builder_t *b, const char *text)
{
    return evprof_strings_intern(&b->profile->strings,
                                 text == NULL ? "" : text);
}

static int
redeclare_type(evprof_builder_t *b, const char *type, const char *unit)
{
    const evprof_value_type_t *column = &b->types[b->redeclared];
    if (b->redeclared == b->profile->type_count ||
        strcmp(column->type, type) != 0 || strcmp(column->unit, unit) != 0) {
        return EVPROF_ESTATE;
    }
    b->redeclared++;
    return EVPROF_OK;
}

int
evprof_builder_type(evprof_builder_t *b, const char *type, const char *unit)
{
    evprof_pprof_t *p = b->profile;
    if (b->is_second) {
        return redeclare_type(b, type, unit);
    }
    if (p->sample_count > 0) {
        return EVPROF_ESTATE;
    }
    evprof_value_type_t *types =
        evprof_grow(b->types, &b->type_cap, p->type_count + 1, sizeof(*types));
    if (types == NULL) {
        return EVPROF_ENOMEM;
    }
    b->types = types;
    evprof_value_type_t column = { intern(b, type), intern(b, unit) };
    if (column.type == NULL || column.unit == NULL) {
        return EVPROF_ENOMEM;
    }
    types[p->type_count++] = column;
    return EVPROF_OK;
}

int
evprof_builder_default_type(evprof_builder_t *b, const char *type)
{
    const char *text = intern(b, type);
    if (text == NULL) {
        return EVPROF_ENOMEM;
    }
    b->profile->default_type = text;
    return EVPROF_OK;
}

int
evprof_builder_period(evprof_builder_t *b, const char *type, const char *unit,
                      int64_t period)
{
    evprof_value_type_t column = { intern(b, type), intern(b, unit) };
    if (column.type == NULL || column.unit == NULL) {
        return EVPROF_ENOMEM;
    }
    b->profile->period_type = column;
    b->profile->period = period;
    return EVPROF_OK;
}

void
evprof_builder_time(evprof_builder_t *b, int64_t time_ns, int64_t duration_ns)
{
    b->profile->time_ns = time_ns;
    b->profile->duration_ns = duration_ns;
}

static int
find_location(evprof_builder_t *b, uint64_t address, uint32_t *out)
{
    evprof_index_walk_t walk = evprof_index_walk(&b->address_index, address);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && b->addresses[row] != address) {
        row = evprof_index_next(&walk);
    }
    if (row != EVPROF_INDEX_END) {
        *out = row;
        return EVPROF_OK;
    }
    size_t count = b->address_index.count;
    uint64_t *addresses = evprof_bulk_grow(b->addresses, &b->address_cap,
                                           count + 1, sizeof(*addresses));
    if (addresses == NULL) {
        return EVPROF_ENOMEM;
    }
    b->addresses = addresses;
    addresses[count] = address;
    *out = (uint32_t)count;
    return evprof_index_add(&b->address_index, address, *out);
}

/* Looks the stack's locations up, or adds them, in b->stack. */
static int
locate_stack(evprof_builder_t *b, const evprof_stack_t *stack)
{
    uint32_t *rows =
        evprof_grow(b->stack, &b->stack_cap, stack->count, sizeof(*rows));
    if (rows == NULL) {
        return EVPROF_ENOMEM;
    }
    b->stack = rows;
    for (size_t i = 0; i < stack->count; i++) {
        bool exact = i == 0 && stack->leaf_is_exact;
        uint64_t pc = stack->pcs[i];
        int status = find_location(b, exact || pc == 0 ? pc : pc - 1, &rows[i]);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

/* Writes the interned labels to b->labels. */
static int
intern_labels(evprof_builder_t *b, const evprof_sample_label_t *labels,
              size_t count)
{
    evprof_label_t *own =
        evprof_grow(b->labels, &b->label_cap, count, sizeof(*own));
    if (own == NULL) {
        return EVPROF_ENOMEM;
    }
    b->labels = own;
    for (size_t i = 0; i < count; i++) {
        bool is_text = labels[i].text != NULL;
        own[i] = (evprof_label_t){
            .key = intern(b, labels[i].key),
            .text = is_text ? intern(b, labels[i].text) : NULL,
            .number = is_text ? 0 : labels[i].number,
            .unit = intern(b, is_text ? "" : labels[i].unit),
        };
        if (own[i].key == NULL || own[i].unit == NULL ||
            (is_text && own[i].text == NULL)) {
            return EVPROF_ENOMEM;
        }
    }
    return EVPROF_OK;
}

static void *
copy_to_arena(evprof_builder_t *b, const void *from, size_t size)
{
    void *copy = evprof_arena_alloc(&b->profile->arena, size);
    if (copy != NULL && size > 0) {
        memcpy(copy, from, size);
    }
    return copy;
}

static int
add_sample(evprof_builder_t *b, const evprof_sample_t *like, uint64_t hash,
           const int64_t *values)
{
    evprof_pprof_t *p = b->profile;
    if (b->max_bytes > 0 && bytes_held(b) > b->max_bytes) {
        return EVPROF_ELIMIT;
    }
    evprof_sample_t *samples = evprof_bulk_grow(
        b->samples, &b->sample_cap, p->sample_count + 1, sizeof(*samples));
    if (samples == NULL) {
        return EVPROF_ENOMEM;
    }
    b->samples = samples;
    evprof_sample_t own = *like;
    own.locations = copy_to_arena(
        b, like->locations, like->location_count * sizeof(*like->locations));
    own.labels = copy_to_arena(b, like->labels,
                               like->label_count * sizeof(*like->labels));
    own.values = copy_to_arena(b, values, p->type_count * sizeof(*values));
    if (own.locations == NULL || own.labels == NULL || own.values == NULL) {
        return EVPROF_ENOMEM;
    }
    samples[p->sample_count] = own;
    int status =
        evprof_index_add(&b->sample_index, hash, (uint32_t)p->sample_count);
    if (status == EVPROF_OK) {
        p->sample_count++;
    }
    return status;
}

int
evprof_builder_add(evprof_builder_t *b, const evprof_stack_t *stack,
                   const evprof_sample_label_t *labels, size_t label_count,
                   const int64_t *values)
{
    if (b->profile->type_count == 0) {
        return EVPROF_ESTATE;
    }
    int status = locate_stack(b, stack);
    if (status == EVPROF_OK) {
        status = intern_labels(b, labels, label_count);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_sample_t like = {
        .locations = b->stack,
        .labels = b->labels,
        .location_count = (uint32_t)stack->count,
        .label_count = (uint32_t)label_count,
    };
    uint64_t hash = evprof_sample_hash(&like);
    evprof_sample_t *known =
        evprof_sample_find(&b->sample_index, b->samples, &like, hash);
    if (known == NULL && b->max_samples > 0 &&
        b->profile->sample_count >= b->max_samples) {
        b->folded++;
        like.location_count = 0;
        like.label_count = 0;
        hash = evprof_sample_hash(&like);
        known = evprof_sample_find(&b->sample_index, b->samples, &like, hash);
    }
    if (known == NULL) {
        return add_sample(b, &like, hash, values);
    }
    for (size_t i = 0; i < b->profile->type_count; i++) {
        known->values[i] =
            (int64_t)((uint64_t)known->values[i] + (uint64_t)values[i]);
    }
    return EVPROF_OK;
}

int
evprof_builder_comment(evprof_builder_t *b, const char *format, ...)
{
    evprof_buf_t line = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&line, format, args);
    va_end(args);
    const char *text =
        line.failed ? NULL : intern(b, line.data == NULL ? "" : line.data);
    evprof_buf_free(&line);
    if (text == NULL) {
        return EVPROF_ENOMEM;
    }
    const char **comments =
        evprof_grow(b->comments, &b->comment_cap, b->profile->comment_count + 1,
                    sizeof(*comments));
    if (comments == NULL) {
        return EVPROF_ENOMEM;
    }
    b->comments = comments;
    comments[b->profile->comment_count++] = text;
    return EVPROF_OK;
}

void
evprof_builder_lacks(evprof_builder_t *b, enum evprof_loss_of who,
                     enum evprof_loss cause)
{
    b->lacks[who] |= UINT64_C(1) << cause;
}

void
evprof_builder_subtract(evprof_builder_t *b)
{
    evprof_pprof_t *p = b->profile;
    for (size_t i = 0; i < p->sample_count; i++) {
        for (size_t k = 0; k < p->type_count; k++) {
            int64_t *value = &b->samples[i].values[k];
            *value = (int64_t)(0 - (uint64_t)*value);
        }
    }
    p->comment_count = 0;
    memset(b->lacks, 0, sizeof(b->lacks));
    b->is_second = true;
    b->redeclared = 0;
}

static evprof_location_t *
make_locations(evprof_builder_t *b, size_t count)
{
    evprof_location_t *locations =
        evprof_arena_calloc(&b->profile->arena, count, sizeof(*locations));
    if (locations == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        locations[i].id = i + 1;
        locations[i].address = b->addresses[i];
        locations[i].mapping = EVPROF_NO_INDEX;
    }
    return locations;
}

/* Moves the tables into the profile. */
static int
settle(evprof_builder_t *b)
{
    evprof_pprof_t *p = b->profile;
    size_t count = b->address_index.count;
    if (b->is_second) {
        p->sample_count = evprof_samples_drop_zero(b->samples, p->sample_count,
                                                   p->type_count);
    }
    p->locations = make_locations(b, count);
    p->types = copy_to_arena(b, b->types, p->type_count * sizeof(*p->types));
    p->samples =
        copy_to_arena(b, b->samples, p->sample_count * sizeof(*p->samples));
    p->comments =
        copy_to_arena(b, b->comments, p->comment_count * sizeof(*p->comments));
    if (p->locations == NULL || p->types == NULL || p->samples == NULL ||
        p->comments == NULL) {
        return EVPROF_ENOMEM;
    }
    p->location_count = count;
    if (p->time_ns == 0) {
        p->time_ns = evprof_clock_ns(CLOCK_REALTIME);
    }
    return EVPROF_OK;
}

int
evprof_builder_finish(evprof_builder_t *b, evprof_pprof_t **out,
                      evprof_error_t *err)
{
    evprof_pprof_t *fresh = evprof_pprof_new();
    if (fresh == NULL || settle(b) != EVPROF_OK) {
        evprof_pprof_free(fresh);
        return evprof_fail(err, EVPROF_ENOMEM,
                           "profile: out of memory for %zu samples",
                           b->profile->sample_count);
    }
    for (unsigned who = 0; who < EVPROF_LOSS_OF_COUNT; who++) {
        evprof_loss_count((enum evprof_loss_of)who, b->lacks[who]);
    }
    *out = b->profile;
    release_tables(b);
    *b = (evprof_builder_t){ .profile = fresh, .max_bytes = b->max_bytes };
    return EVPROF_OK;
}
