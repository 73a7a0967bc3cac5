/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of profile.proto, one message at a time. A message's numbers are
 * gathered in an array by field, in which what is missing is the default;
 * unknown fields are skipped.
 */
#include "core/analysis/decode_state.h"
#include "core/base/error.h"

static int
no_memory(evprof_decoder_t *d)
{
    return evprof_fail(d->err, EVPROF_ENOMEM,
                       "out of memory for the locations");
}

/* Reads the whole message; the last value of a field counts. */
static int
gather(evprof_decoder_t *d, evprof_wire_t w, uint64_t *values, size_t count)
{
    evprof_wire_field_t f;
    while (evprof_wire_next(&w, &f)) {
        if (f.number > 0 && f.number < count) {
            w.bad = w.bad || f.type != EVPROF_WIRE_VARINT;
            values[f.number] = f.value;
        }
    }
    return w.bad ? evprof_decoder_malformed(d, "table") : EVPROF_OK;
}

int
evprof_decoder_value_type(evprof_decoder_t *d, evprof_wire_t w,
                          evprof_value_type_t *out)
{
    uint64_t v[3] = { 0 };
    if (gather(d, w, v, sizeof(v) / sizeof(v[0])) != EVPROF_OK) {
        return EVPROF_EPARSE;
    }
    out->type = evprof_decoder_text(d, v[1]);
    out->unit = out->type == NULL ? NULL : evprof_decoder_text(d, v[2]);
    return out->unit == NULL ? EVPROF_EPARSE : EVPROF_OK;
}

int
evprof_decoder_mapping(evprof_decoder_t *d, evprof_wire_t w)
{
    evprof_mapping_t *m = &d->profile->mappings[d->profile->mapping_count++];
    uint64_t v[EVPROF_WIRE_MAPPING_HAS_INLINE_FRAMES + 1] = { 0 };
    if (gather(d, w, v, sizeof(v) / sizeof(v[0])) != EVPROF_OK) {
        return EVPROF_EPARSE;
    }
    *m = (evprof_mapping_t){
        .id = v[EVPROF_WIRE_MAPPING_ID],
        .start = v[EVPROF_WIRE_MAPPING_MEMORY_START],
        .limit = v[EVPROF_WIRE_MAPPING_MEMORY_LIMIT],
        .offset = v[EVPROF_WIRE_MAPPING_FILE_OFFSET],
        .file = evprof_decoder_text(d, v[EVPROF_WIRE_MAPPING_FILENAME]),
        .build_id = evprof_decoder_text(d, v[EVPROF_WIRE_MAPPING_BUILD_ID]),
        .has_functions = v[EVPROF_WIRE_MAPPING_HAS_FUNCTIONS] != 0,
        .has_filenames = v[EVPROF_WIRE_MAPPING_HAS_FILENAMES] != 0,
        .has_line_numbers = v[EVPROF_WIRE_MAPPING_HAS_LINE_NUMBERS] != 0,
        .has_inline_frames = v[EVPROF_WIRE_MAPPING_HAS_INLINE_FRAMES] != 0,
    };
    return m->file == NULL || m->build_id == NULL ? EVPROF_EPARSE : EVPROF_OK;
}

int
evprof_decoder_function(evprof_decoder_t *d, evprof_wire_t w)
{
    evprof_function_t *fn =
        &d->profile->functions[d->profile->function_count++];
    uint64_t v[EVPROF_WIRE_FUNCTION_START_LINE + 1] = { 0 };
    if (gather(d, w, v, sizeof(v) / sizeof(v[0])) != EVPROF_OK) {
        return EVPROF_EPARSE;
    }
    *fn = (evprof_function_t){
        .id = v[EVPROF_WIRE_FUNCTION_ID],
        .name = evprof_decoder_text(d, v[EVPROF_WIRE_FUNCTION_NAME]),
        .system_name =
            evprof_decoder_text(d, v[EVPROF_WIRE_FUNCTION_SYSTEM_NAME]),
        .filename = evprof_decoder_text(d, v[EVPROF_WIRE_FUNCTION_FILENAME]),
        .start_line = (int64_t)v[EVPROF_WIRE_FUNCTION_START_LINE],
    };
    bool known =
        fn->name != NULL && fn->system_name != NULL && fn->filename != NULL;
    return known ? EVPROF_OK : EVPROF_EPARSE;
}

static int
read_line(evprof_decoder_t *d, evprof_wire_t w, uint64_t location,
          evprof_line_t *out)
{
    uint64_t v[EVPROF_WIRE_LINE_COLUMN + 1] = { 0 };
    if (gather(d, w, v, sizeof(v) / sizeof(v[0])) != EVPROF_OK) {
        return EVPROF_EPARSE;
    }
    out->function =
        evprof_ids_find(&d->functions, v[EVPROF_WIRE_LINE_FUNCTION_ID]);
    out->line = (int64_t)v[EVPROF_WIRE_LINE_LINE];
    out->column = (int64_t)v[EVPROF_WIRE_LINE_COLUMN];
    if (out->function == EVPROF_INDEX_END) {
        evprof_decoder_fault(
            d, EVPROF_FAULT_LOCATION,
            "a line of location %llu names a function that is not there",
            (unsigned long long)location);
    }
    return EVPROF_OK;
}

/* The second pass over a location, when its id and the number of its lines are
 * known. */
static int
read_lines(evprof_decoder_t *d, evprof_wire_t w, evprof_location_t *l)
{
    l->lines = evprof_arena_calloc(&d->profile->arena, l->line_count,
                                   sizeof(*l->lines));
    if (l->lines == NULL) {
        return no_memory(d);
    }
    uint32_t count = 0;
    int status = EVPROF_OK;
    evprof_wire_field_t f;
    while (status == EVPROF_OK && evprof_wire_next(&w, &f)) {
        if (f.number == EVPROF_WIRE_LOCATION_LINE) {
            status = read_line(d, f.sub, l->id, &l->lines[count++]);
        }
    }
    return status;
}

int
evprof_decoder_location(evprof_decoder_t *d, evprof_wire_t w)
{
    evprof_location_t *l = &d->profile->locations[d->profile->location_count++];
    evprof_wire_t again = w;
    uint64_t v[EVPROF_WIRE_LOCATION_IS_FOLDED + 1] = { 0 };
    *l = (evprof_location_t){ 0 };
    evprof_wire_field_t f;
    while (evprof_wire_next(&w, &f)) {
        if (f.number == EVPROF_WIRE_LOCATION_LINE) {
            w.bad = w.bad || f.type != EVPROF_WIRE_BYTES;
            l->line_count++;
        } else if (f.number > 0 && f.number < sizeof(v) / sizeof(v[0])) {
            w.bad = w.bad || f.type != EVPROF_WIRE_VARINT;
            v[f.number] = f.value;
        }
    }
    if (w.bad) {
        return evprof_decoder_malformed(d, "location");
    }
    l->id = v[EVPROF_WIRE_LOCATION_ID];
    l->address = v[EVPROF_WIRE_LOCATION_ADDRESS];
    l->mapping =
        evprof_ids_find(&d->mappings, v[EVPROF_WIRE_LOCATION_MAPPING_ID]);
    l->is_folded = v[EVPROF_WIRE_LOCATION_IS_FOLDED] != 0;
    return l->line_count == 0 ? EVPROF_OK : read_lines(d, again, l);
}
