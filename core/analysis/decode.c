/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads profile.proto by hand: a tree of generated structs takes six times the
 * memory and twice the time of a large profile (the tests keep protobuf-c as
 * the oracle). Samples refer to tables that stand behind them in the file, so
 * one walk over the outermost fields notes where runs of each kind lie and how
 * many there are; then strings, tables and samples are read in the order in
 * which they need each other, into arrays of the right size.
 *
 * Whatever the bytes are, memory stays within a small multiple of their number,
 * since each row costs at least two bytes of input and is checked when read.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/decode_state.h"
#include "core/analysis/unpack.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/utf8.h"

/* Consecutive fields of one kind. */
typedef struct run {
    uint32_t field; /* MIXED: look at each */
    const unsigned char *at;
    const unsigned char *end;
} run_t;

#define MIXED 0u

/* Writers make about ten runs; beyond this, kinds are no longer told apart. */
#define RUN_MAX 1024

#define KIND_COUNT (EVPROF_WIRE_DOC_URL + 1)

typedef struct layout {
    run_t *runs;
    size_t run_count;
    size_t run_cap;
    size_t counts[KIND_COUNT];
} layout_t;

typedef int (*read_message_fn)(evprof_decoder_t *d, evprof_wire_t message);

static int
no_memory(evprof_decoder_t *d)
{
    return evprof_fail(d->err, EVPROF_ENOMEM,
                       "out of memory while a profile was read");
}

static bool
is_message(uint32_t field)
{
    return field <= EVPROF_WIRE_STRING_TABLE ||
           field == EVPROF_WIRE_PERIOD_TYPE;
}

static int
note_run(layout_t *l, uint32_t field, const unsigned char *at,
         const unsigned char *end)
{
    run_t *last = l->run_count == 0 ? NULL : &l->runs[l->run_count - 1];
    if (last != NULL && (last->field == field || last->field == MIXED)) {
        last->end = end;
        return EVPROF_OK;
    }
    if (l->run_count == RUN_MAX) {
        last->field = MIXED;
        last->end = end;
        return EVPROF_OK;
    }
    run_t *runs =
        evprof_grow(l->runs, &l->run_cap, l->run_count + 1, sizeof(*runs));
    if (runs == NULL) {
        return EVPROF_ENOMEM;
    }
    l->runs = runs;
    runs[l->run_count++] = (run_t){ field, at, end };
    return EVPROF_OK;
}

static int
survey(evprof_decoder_t *d, evprof_wire_t w, layout_t *l)
{
    evprof_wire_field_t f;
    const unsigned char *at = w.at;
    bool has_time = false;
    for (; evprof_wire_next(&w, &f); at = w.at) {
        if (f.number == 0 || f.number >= KIND_COUNT) {
            continue;
        }
        if (is_message(f.number) && f.type != EVPROF_WIRE_BYTES) {
            return evprof_decoder_malformed(d, "field");
        }
        if (f.number == EVPROF_WIRE_TIME_NANOS) {
            if (has_time) {
                return evprof_fail(
                    d->err, EVPROF_EINVAL,
                    "it holds several profiles one behind the other: "
                    "split them");
            }
            has_time = f.value != 0;
        }
        l->counts[f.number]++;
        if (note_run(l, f.number, at, w.at) != EVPROF_OK) {
            return no_memory(d);
        }
    }
    return w.bad ? evprof_decoder_malformed(d, "field") : EVPROF_OK;
}

/* Gives `read` every message of one kind, in order. */
static int
for_each(evprof_decoder_t *d, const layout_t *l, uint32_t field,
         read_message_fn read)
{
    for (size_t i = 0; i < l->run_count; i++) {
        const run_t *run = &l->runs[i];
        if (run->field != field && run->field != MIXED) {
            continue;
        }
        evprof_wire_t w = { run->at, run->end, false };
        evprof_wire_field_t f;
        while (evprof_wire_next(&w, &f)) {
            int status = f.number == field ? read(d, f.sub) : EVPROF_OK;
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    return EVPROF_OK;
}

static int
read_string(evprof_decoder_t *d, evprof_wire_t w)
{
    evprof_buf_t hidden = { 0 };
    const char *bytes = (const char *)w.at;
    size_t len = (size_t)(w.end - w.at);
    if (len > 0 && memchr(bytes, 0, len) != NULL) {
        evprof_utf8_hide_nul(&hidden, bytes, len);
        bytes = hidden.data;
        len = hidden.len;
    }
    const char *text =
        hidden.failed ? NULL
                      : evprof_strings_add(&d->profile->strings, bytes, len);
    evprof_buf_free(&hidden);
    if (text == NULL) {
        return no_memory(d);
    }
    if (d->string_count == 0 && w.at != w.end) {
        return evprof_fail(d->err, EVPROF_EPARSE,
                           "its first string is not empty");
    }
    d->strings[d->string_count++] = text;
    return EVPROF_OK;
}

static int
read_sample_type(evprof_decoder_t *d, evprof_wire_t w)
{
    evprof_pprof_t *p = d->profile;
    return evprof_decoder_value_type(d, w, &p->types[p->type_count++]);
}

static int
read_period_type(evprof_decoder_t *d, evprof_wire_t w)
{
    return evprof_decoder_value_type(d, w, &d->profile->period_type);
}

static int
read_sample(evprof_decoder_t *d, evprof_wire_t w)
{
    evprof_pprof_t *p = d->profile;
    return evprof_decoder_sample(d, w, &p->samples[p->sample_count++]);
}

/* Comments may be packed or not. */
static int
read_comment(evprof_decoder_t *d, const evprof_wire_field_t *f)
{
    evprof_pprof_t *p = d->profile;
    evprof_wire_t w = f->sub;
    bool is_packed = f->type == EVPROF_WIRE_BYTES;
    while (!is_packed || w.at < w.end) {
        uint64_t number = is_packed ? evprof_wire_varint(&w) : f->value;
        if (is_packed && w.bad) {
            return evprof_decoder_malformed(d, "comment");
        }
        const char *text = evprof_decoder_text(d, number);
        if (text == NULL) {
            return EVPROF_EPARSE;
        }
        p->comments[p->comment_count++] = text;
        if (!is_packed) {
            break;
        }
    }
    return EVPROF_OK;
}

static int
read_scalar(evprof_decoder_t *d, const evprof_wire_field_t *f)
{
    evprof_pprof_t *p = d->profile;
    const char **text = NULL;
    bool is_number =
        f->type == EVPROF_WIRE_VARINT ||
        (f->number == EVPROF_WIRE_COMMENT && f->type == EVPROF_WIRE_BYTES);
    if (!is_number) {
        return evprof_decoder_malformed(d, "field");
    }
    switch (f->number) {
    case EVPROF_WIRE_DROP_FRAMES:
        text = &p->drop_frames;
        break;
    case EVPROF_WIRE_KEEP_FRAMES:
        text = &p->keep_frames;
        break;
    case EVPROF_WIRE_DEFAULT_SAMPLE_TYPE:
        text = &p->default_type;
        break;
    case EVPROF_WIRE_DOC_URL:
        text = &p->doc_url;
        break;
    case EVPROF_WIRE_TIME_NANOS:
        p->time_ns = (int64_t)f->value;
        return EVPROF_OK;
    case EVPROF_WIRE_DURATION_NANOS:
        p->duration_ns = (int64_t)f->value;
        return EVPROF_OK;
    case EVPROF_WIRE_PERIOD:
        p->period = (int64_t)f->value;
        return EVPROF_OK;
    case EVPROF_WIRE_COMMENT:
        return read_comment(d, f);
    default:
        return EVPROF_OK;
    }
    const char *found = evprof_decoder_text(d, f->value);
    *text = found == NULL ? *text : found;
    return found == NULL ? EVPROF_EPARSE : EVPROF_OK;
}

/* Reads the fields of the profile itself that are no messages. */
static int
read_scalars(evprof_decoder_t *d, const layout_t *l)
{
    for (size_t i = 0; i < l->run_count; i++) {
        const run_t *run = &l->runs[i];
        if (run->field != MIXED && is_message(run->field)) {
            continue;
        }
        evprof_wire_t w = { run->at, run->end, false };
        evprof_wire_field_t f;
        while (evprof_wire_next(&w, &f)) {
            bool is_ours = f.number > 0 && f.number < KIND_COUNT;
            int status = is_ours && !is_message(f.number) ? read_scalar(d, &f)
                                                          : EVPROF_OK;
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    return EVPROF_OK;
}

/* Comments take as much room as their bytes could hold. */
static size_t
comment_room(const layout_t *l)
{
    size_t room = l->counts[EVPROF_WIRE_COMMENT];
    for (size_t i = 0; i < l->run_count; i++) {
        const run_t *run = &l->runs[i];
        if (run->field == EVPROF_WIRE_COMMENT ||
            (run->field == MIXED && l->counts[EVPROF_WIRE_COMMENT] > 0)) {
            room += (size_t)(run->end - run->at);
        }
    }
    return room;
}

static int
make_tables(evprof_decoder_t *d, const layout_t *l)
{
    evprof_pprof_t *p = d->profile;
    evprof_arena_t *arena = &p->arena;
    const size_t *counts = l->counts;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (counts[i] >= UINT32_MAX) {
            return evprof_fail(d->err, EVPROF_ELIMIT, "more than 2^32 rows");
        }
    }
    size_t strings = counts[EVPROF_WIRE_STRING_TABLE] + 1;
    d->strings = malloc(strings * sizeof(*d->strings));
    p->types = evprof_arena_calloc(arena, counts[EVPROF_WIRE_SAMPLE_TYPE],
                                   sizeof(*p->types));
    p->samples = evprof_arena_calloc(arena, counts[EVPROF_WIRE_SAMPLE],
                                     sizeof(*p->samples));
    p->mappings = evprof_arena_calloc(arena, counts[EVPROF_WIRE_MAPPING],
                                      sizeof(*p->mappings));
    p->locations = evprof_arena_calloc(arena, counts[EVPROF_WIRE_LOCATION],
                                       sizeof(*p->locations));
    p->functions = evprof_arena_calloc(arena, counts[EVPROF_WIRE_FUNCTION],
                                       sizeof(*p->functions));
    p->comments =
        evprof_arena_calloc(arena, comment_room(l), sizeof(*p->comments));
    bool complete = d->strings != NULL && p->types != NULL &&
                    p->samples != NULL && p->mappings != NULL &&
                    p->locations != NULL && p->functions != NULL &&
                    p->comments != NULL;
    return complete ? EVPROF_OK : no_memory(d);
}

/* What evprof_ids_init() found wrong with the ids of a table. */
static int
check_ids(evprof_decoder_t *d, int status, enum evprof_fault_rank rank,
          uint64_t id)
{
    static const char *const names[] = {
        [EVPROF_FAULT_MAPPING] = "mapping",
        [EVPROF_FAULT_FUNCTION] = "function",
        [EVPROF_FAULT_LOCATION] = "location",
    };
    if (status == EVPROF_ENOMEM) {
        return no_memory(d);
    }
    if (status != EVPROF_OK && id == 0) {
        evprof_decoder_fault(d, rank, "a %s has the id 0", names[rank]);
    } else if (status != EVPROF_OK) {
        evprof_decoder_fault(d, rank, "two %ss share the id %llu", names[rank],
                             (unsigned long long)id);
    }
    return EVPROF_OK;
}

static int
read_mappings(evprof_decoder_t *d, const layout_t *l)
{
    evprof_pprof_t *p = d->profile;
    int status = for_each(d, l, EVPROF_WIRE_MAPPING, evprof_decoder_mapping);
    if (status != EVPROF_OK) {
        return status;
    }
    uint64_t fault = 0;
    status = evprof_ids_init(&d->mappings, &p->mappings->id,
                             sizeof(*p->mappings), p->mapping_count, &fault);
    return check_ids(d, status, EVPROF_FAULT_MAPPING, fault);
}

static int
read_functions(evprof_decoder_t *d, const layout_t *l)
{
    evprof_pprof_t *p = d->profile;
    int status = for_each(d, l, EVPROF_WIRE_FUNCTION, evprof_decoder_function);
    if (status != EVPROF_OK) {
        return status;
    }
    uint64_t fault = 0;
    status = evprof_ids_init(&d->functions, &p->functions->id,
                             sizeof(*p->functions), p->function_count, &fault);
    return check_ids(d, status, EVPROF_FAULT_FUNCTION, fault);
}

static int
read_locations(evprof_decoder_t *d, const layout_t *l)
{
    evprof_pprof_t *p = d->profile;
    int status = for_each(d, l, EVPROF_WIRE_LOCATION, evprof_decoder_location);
    if (status != EVPROF_OK) {
        return status;
    }
    uint64_t fault = 0;
    status = evprof_ids_init(&d->locations, &p->locations->id,
                             sizeof(*p->locations), p->location_count, &fault);
    return check_ids(d, status, EVPROF_FAULT_LOCATION, fault);
}

static int
read_samples(evprof_decoder_t *d, const layout_t *l)
{
    if (d->profile->type_count == 0 && l->counts[EVPROF_WIRE_SAMPLE] > 0) {
        evprof_decoder_fault(d, EVPROF_FAULT_SAMPLE,
                             "it has samples, but no sample types");
        return EVPROF_OK;
    }
    return for_each(d, l, EVPROF_WIRE_SAMPLE, read_sample);
}

static int
read_strings(evprof_decoder_t *d, const layout_t *l)
{
    if (l->counts[EVPROF_WIRE_STRING_TABLE] == 0) {
        return evprof_fail(d->err, EVPROF_EPARSE,
                           "profile.proto without a table of "
                           "strings");
    }
    return for_each(d, l, EVPROF_WIRE_STRING_TABLE, read_string);
}

/* Reads each kind after the kinds that it refers to. */
static int
read_all(evprof_decoder_t *d, const layout_t *l)
{
    int status = make_tables(d, l);
    status = status != EVPROF_OK ? status : read_strings(d, l);
    status = status != EVPROF_OK ? status : read_scalars(d, l);
    status = status != EVPROF_OK
                 ? status
                 : for_each(d, l, EVPROF_WIRE_SAMPLE_TYPE, read_sample_type);
    status = status != EVPROF_OK
                 ? status
                 : for_each(d, l, EVPROF_WIRE_PERIOD_TYPE, read_period_type);
    status = status != EVPROF_OK ? status : read_mappings(d, l);
    status = status != EVPROF_OK ? status : read_functions(d, l);
    status = status != EVPROF_OK ? status : read_locations(d, l);
    status = status != EVPROF_OK ? status : read_samples(d, l);
    return status != EVPROF_OK ? status : evprof_decoder_settle_labels(d);
}

static int
decode_plain(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    const unsigned char *at = (const unsigned char *)data;
    evprof_decoder_t d = { .profile = evprof_pprof_new(), .err = err };
    layout_t layout = { 0 };
    int status = d.profile == NULL ? no_memory(&d) : EVPROF_OK;
    if (status == EVPROF_OK) {
        status = survey(&d, (evprof_wire_t){ at, at + len, false }, &layout);
    }
    if (status == EVPROF_OK) {
        status = read_all(&d, &layout);
    }
    if (status == EVPROF_OK && d.fault.status != EVPROF_OK) {
        status = evprof_fail(err, d.fault.status, "%s", d.fault.message);
    }
    evprof_ids_fini(&d.mappings);
    evprof_ids_fini(&d.functions);
    evprof_ids_fini(&d.locations);
    free(d.strings);
    free(d.labels);
    free(layout.runs);
    if (status != EVPROF_OK) {
        evprof_pprof_free(d.profile);
        return status;
    }
    *out = d.profile;
    return EVPROF_OK;
}

int
evprof_pprof_decode(const void *data, size_t len, size_t max_len,
                    evprof_pprof_t **out, evprof_error_t *err)
{
    evprof_unpacked_t plain = { 0 };
    int status = evprof_unpack(
        data, len, max_len == 0 ? EVPROF_DECODE_MAX : max_len, &plain, err);
    if (status != EVPROF_OK) {
        return status;
    }
    if (plain.len == 0) {
        status = evprof_fail(err, EVPROF_EPARSE, "it is empty");
    } else {
        status = decode_plain(plain.data, plain.len, out, err);
    }
    evprof_unpacked_free(&plain);
    return status;
}
