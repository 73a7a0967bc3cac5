/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of profile.proto. A packed stack of n bytes has at most n frames, so
 * it is written straight to the end of a large block, and what was not needed
 * is given back: no counting pass, one store a frame.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/decode_state.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/profile/labels.h"

/* Frames and values are cut from blocks of this many. */
#define BLOCK_COUNT ((size_t)64 * 1024)

static int
no_memory(evprof_decoder_t *d)
{
    return evprof_fail(d->err, EVPROF_ENOMEM, "out of memory for the samples");
}

/* Room for `count` further frames behind the `used` ones of the stack that
 * starts at d->stack_next; a stack that does not fit moves to a new block. */
static int
reserve_stack(evprof_decoder_t *d, size_t used, size_t count)
{
    if ((size_t)(d->stack_end - d->stack_next) - used >= count) {
        return EVPROF_OK;
    }
    size_t need = used + count;
    size_t room = need > BLOCK_COUNT / 4 ? need * 2 : BLOCK_COUNT;
    uint32_t *block =
        evprof_arena_alloc(&d->profile->arena, room * sizeof(*block));
    if (block == NULL) {
        return no_memory(d);
    }
    if (used > 0) {
        memcpy(block, d->stack_next, used * sizeof(*block));
    }
    d->stack_next = block;
    d->stack_end = block + room;
    return EVPROF_OK;
}

static void
unknown_location(evprof_decoder_t *d)
{
    evprof_decoder_fault(d, EVPROF_FAULT_SAMPLE,
                         "a sample names a location that is not there");
}

/* Ids one by one, through the table. */
static int
read_stack_mapped(evprof_decoder_t *d, evprof_wire_t w, uint32_t *out,
                  size_t *count)
{
    size_t n = 0;
    while (w.at < w.end) {
        uint64_t id = evprof_wire_varint(&w);
        out[n] = evprof_ids_find(&d->locations, id);
        if (out[n++] == EVPROF_INDEX_END) {
            unknown_location(d);
        }
    }
    *count = n;
    return w.bad ? evprof_decoder_malformed(d, "sample") : EVPROF_OK;
}

/* The usual case, where a row is the id less one: the hot loop of the tool. */
static int
read_stack_sequential(evprof_decoder_t *d, evprof_wire_t w, uint32_t *out,
                      size_t *count)
{
    const size_t known = d->locations.count;
    size_t n = 0;
    while (w.at < w.end) {
        uint64_t row = evprof_wire_varint(&w) - 1;
        if (row >= known && w.bad) {
            return evprof_decoder_malformed(d, "sample");
        }
        if (row >= known) {
            unknown_location(d);
        }
        out[n++] = (uint32_t)row;
    }
    *count = n;
    return EVPROF_OK;
}

static int
read_stack(evprof_decoder_t *d, const evprof_wire_field_t *f,
           evprof_sample_t *out)
{
    size_t used = out->location_count;
    size_t most =
        f->type == EVPROF_WIRE_BYTES ? (size_t)(f->sub.end - f->sub.at) : 1;
    if (most == 0) {
        return EVPROF_OK;
    }
    if (used + most >= UINT32_MAX) {
        return evprof_fail(d->err, EVPROF_ELIMIT, "a stack of 2^32 frames");
    }
    int status = reserve_stack(d, used, most);
    if (status != EVPROF_OK) {
        return status;
    }
    uint32_t *to = d->stack_next + used;
    size_t count = 1;
    if (f->type != EVPROF_WIRE_BYTES) {
        *to = evprof_ids_find(&d->locations, f->value);
        if (*to == EVPROF_INDEX_END) {
            unknown_location(d);
        }
    } else if (d->locations.sequential) {
        status = read_stack_sequential(d, f->sub, to, &count);
    } else {
        status = read_stack_mapped(d, f->sub, to, &count);
    }
    out->location_count += (uint32_t)count;
    return status;
}

static int64_t *
reserve_values(evprof_decoder_t *d)
{
    size_t count = d->profile->type_count;
    if ((size_t)(d->value_end - d->value_next) >= count) {
        return d->value_next;
    }
    size_t room = count > BLOCK_COUNT ? count : BLOCK_COUNT;
    int64_t *block =
        evprof_arena_alloc(&d->profile->arena, room * sizeof(*block));
    if (block != NULL) {
        d->value_next = block;
        d->value_end = block + room;
    }
    return block;
}

/* Counts all values but keeps only as many as there are columns. */
static int
read_values(evprof_decoder_t *d, const evprof_wire_field_t *f, int64_t *to,
            size_t *count)
{
    size_t columns = d->profile->type_count;
    if (f->type != EVPROF_WIRE_BYTES) {
        if (*count < columns) {
            to[*count] = (int64_t)f->value;
        }
        (*count)++;
        return EVPROF_OK;
    }
    evprof_wire_t w = f->sub;
    while (w.at < w.end) {
        int64_t value = (int64_t)evprof_wire_varint(&w);
        if (*count < columns) {
            to[*count] = value;
        }
        (*count)++;
    }
    return w.bad ? evprof_decoder_malformed(d, "sample") : EVPROF_OK;
}

static int
read_label(evprof_decoder_t *d, evprof_wire_t w, evprof_label_t *out)
{
    uint64_t key = 0;
    uint64_t text = 0;
    uint64_t unit = 0;
    bool has_number = false;
    bool has_text = false;
    *out = (evprof_label_t){ 0 };
    evprof_wire_field_t f;
    while (evprof_wire_next(&w, &f)) {
        w.bad = w.bad || (f.number >= EVPROF_WIRE_LABEL_KEY &&
                          f.number <= EVPROF_WIRE_LABEL_NUM_UNIT &&
                          f.type != EVPROF_WIRE_VARINT);
        switch (f.number) {
        case EVPROF_WIRE_LABEL_KEY:
            key = f.value;
            break;
        case EVPROF_WIRE_LABEL_STR:
            text = f.value;
            has_text = true;
            break;
        case EVPROF_WIRE_LABEL_NUM:
            out->number = (int64_t)f.value;
            has_number = true;
            break;
        case EVPROF_WIRE_LABEL_NUM_UNIT:
            unit = f.value;
            break;
        default:
            break;
        }
    }
    if (w.bad) {
        return evprof_decoder_malformed(d, "label");
    }
    out->key = evprof_decoder_text(d, key);
    out->unit = evprof_decoder_text(d, text == 0 ? unit : 0);
    bool is_text = text != 0 || (has_text && !has_number && unit == 0);
    if (is_text) {
        out->text = evprof_decoder_text(d, text);
        out->number = 0;
    }
    if (out->key == NULL || out->unit == NULL ||
        (is_text && out->text == NULL)) {
        return EVPROF_EPARSE;
    }
    if (!is_text && !has_number && unit == 0) {
        out->unit = NULL;
        d->open_labels++;
    }
    return EVPROF_OK;
}

static int
add_label(evprof_decoder_t *d, const evprof_wire_field_t *f, size_t count)
{
    evprof_label_t *labels =
        evprof_grow(d->labels, &d->label_cap, count + 1, sizeof(*labels));
    if (labels == NULL) {
        return no_memory(d);
    }
    d->labels = labels;
    return read_label(d, f->sub, &labels[count]);
}

static int
keep_labels(evprof_decoder_t *d, size_t count, evprof_sample_t *out)
{
    if (count == 0) {
        return EVPROF_OK;
    }
    if (evprof_labels_sort(d->labels, count) != EVPROF_OK) {
        return no_memory(d);
    }
    out->labels =
        evprof_arena_alloc(&d->profile->arena, count * sizeof(*out->labels));
    if (out->labels == NULL) {
        return no_memory(d);
    }
    memcpy(out->labels, d->labels, count * sizeof(*out->labels));
    out->label_count = (uint32_t)count;
    return EVPROF_OK;
}

static void
check_values(evprof_decoder_t *d, size_t count)
{
    size_t columns = d->profile->type_count;
    if (count != columns) {
        evprof_decoder_fault(d, EVPROF_FAULT_SAMPLE,
                             "a sample has %zu values for %zu sample types",
                             count, columns);
    }
}

int
evprof_decoder_sample(evprof_decoder_t *d, evprof_wire_t message,
                      evprof_sample_t *out)
{
    *out = (evprof_sample_t){ .values = reserve_values(d) };
    if (out->values == NULL) {
        return no_memory(d);
    }
    size_t value_count = 0;
    size_t label_count = 0;
    int status = EVPROF_OK;
    evprof_wire_field_t f;
    while (status == EVPROF_OK && evprof_wire_next(&message, &f)) {
        bool is_fixed =
            f.type == EVPROF_WIRE_FIXED64 || f.type == EVPROF_WIRE_FIXED32;
        message.bad =
            is_fixed && f.number > 0 && f.number <= EVPROF_WIRE_SAMPLE_LABEL;
        switch (f.number) {
        case EVPROF_WIRE_SAMPLE_LOCATION_ID:
            status = read_stack(d, &f, out);
            break;
        case EVPROF_WIRE_SAMPLE_VALUE:
            status = read_values(d, &f, out->values, &value_count);
            break;
        case EVPROF_WIRE_SAMPLE_LABEL:
            status = f.type == EVPROF_WIRE_BYTES
                         ? add_label(d, &f, label_count++)
                         : evprof_decoder_malformed(d, "label");
            break;
        default:
            break;
        }
    }
    if (status == EVPROF_OK && message.bad) {
        status = evprof_decoder_malformed(d, "sample");
    }
    check_values(d, value_count);
    if (status == EVPROF_OK) {
        status = keep_labels(d, label_count, out);
    }
    if (out->location_count > 0) {
        out->locations = d->stack_next;
        d->stack_next += out->location_count;
    }
    d->value_next += d->profile->type_count;
    return status;
}
