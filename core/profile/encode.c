/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes profile.proto by hand, message by message, since a tree of generated
 * structs would double the memory of a profile that is only passed on. A
 * message is put together in a buffer because its length comes first; full
 * buffers go to gzip and the writer.
 *
 * Ids are row numbers plus one. A string gets its number in the string table on
 * first use. Strings that fields after the table refer to are numbered first,
 * so that the table can be written in field order.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/base/utf8.h"
#include "core/profile/gzip.h"
#include "core/profile/pprof.h"
#include "core/profile/wire.h"

/* Large enough to make calls of deflate and of the writer rare. */
#define FLUSH_SIZE ((size_t)64 * 1024)

#define VARINT_MAX 10

typedef struct encoder {
    const evprof_pprof_t *profile;
    const evprof_writer_t *out;
    evprof_gzip_t *gzip; /* NULL: plain */
    bool keeps_ids;
    evprof_buf_t done; /* complete messages, not written yet */
    evprof_buf_t message;
    evprof_buf_t part;    /* a message inside `message` */
    const char **strings; /* row = number in the table */
    size_t string_cap;
    evprof_index_t string_index; /* by address, since strings are interned */
    int status;                  /* the first failure */
} encoder_t;

static size_t
put_varint(char *at, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7) {
        at[len++] = (char)(value | 0x80);
    }
    at[len++] = (char)value;
    return len;
}

static void
add_varint(evprof_buf_t *to, uint64_t value)
{
    if (evprof_buf_reserve(to, VARINT_MAX)) {
        to->len += put_varint(to->data + to->len, value);
    }
}

static void
add_tag(evprof_buf_t *to, unsigned field, enum evprof_wire_type type)
{
    add_varint(to, field << 3 | (unsigned)type);
}

/* Adds a field; zero is the default and is not written. */
static void
add_uint(evprof_buf_t *to, unsigned field, uint64_t value)
{
    if (value != 0) {
        add_tag(to, field, EVPROF_WIRE_VARINT);
        add_varint(to, value);
    }
}

static void
add_int(evprof_buf_t *to, unsigned field, int64_t value)
{
    add_uint(to, field, (uint64_t)value);
}

static void
add_bytes(evprof_buf_t *to, unsigned field, const void *data, size_t len)
{
    add_tag(to, field, EVPROF_WIRE_BYTES);
    add_varint(to, len);
    evprof_buf_add(to, data, len);
}

static void
flush(encoder_t *e)
{
    if (e->done.failed || e->message.failed || e->part.failed) {
        e->status = EVPROF_ENOMEM;
    }
    if (e->status == EVPROF_OK && e->done.len > 0) {
        e->status = e->gzip != NULL
                        ? evprof_gzip_write(e->gzip, e->done.data, e->done.len)
                        : e->out->write(e->out->ctx, e->done.data, e->done.len);
    }
    evprof_buf_clear(&e->done);
}

static void
end_message(encoder_t *e, unsigned field)
{
    add_bytes(&e->done, field, e->message.data, e->message.len);
    evprof_buf_clear(&e->message);
    if (e->done.len >= FLUSH_SIZE) {
        flush(e);
    }
}

static void
end_part(encoder_t *e, unsigned field)
{
    add_bytes(&e->message, field, e->part.data, e->part.len);
    evprof_buf_clear(&e->part);
}

/* The number of the string at that address. */
static uint64_t
number_of_address(encoder_t *e, const char *text)
{
    uint64_t hash = (uint64_t)(uintptr_t)text;
    evprof_index_walk_t walk = evprof_index_walk(&e->string_index, hash);
    uint32_t row =
        e->strings == NULL ? EVPROF_INDEX_END : evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && e->strings[row] != text) {
        row = evprof_index_next(&walk);
    }
    if (row != EVPROF_INDEX_END || e->status != EVPROF_OK) {
        return row;
    }
    size_t count = e->string_index.count;
    const char **strings =
        evprof_grow(e->strings, &e->string_cap, count + 1, sizeof(*strings));
    if (strings == NULL || evprof_index_add(&e->string_index, hash,
                                            (uint32_t)count) != EVPROF_OK) {
        e->status = EVPROF_ENOMEM;
        e->strings = strings != NULL ? strings : e->strings;
        return 0;
    }
    e->strings = strings;
    strings[count] = text;
    return count;
}

/* The number of an interned string; the empty string is number 0, whatever its
 * address. */
static uint64_t
number_of(encoder_t *e, const char *text)
{
    if (text == NULL || (text[0] == '\0' && e->string_index.count > 0)) {
        return 0;
    }
    return number_of_address(e, text);
}

static void
add_text(encoder_t *e, evprof_buf_t *to, unsigned field, const char *text)
{
    add_uint(to, field, number_of(e, text));
}

/* Adds the string of a label. An empty one gets an entry of its own in the
 * table, since number 0 is not written and would make the label numeric. */
static void
add_label_text(encoder_t *e, evprof_buf_t *to, const char *text)
{
    static const char empty[] = "";
    uint64_t number =
        text[0] != '\0' ? number_of(e, text) : number_of_address(e, empty);
    add_uint(to, EVPROF_WIRE_LABEL_STR, number);
}

static void
encode_value_type(encoder_t *e, unsigned field, const evprof_value_type_t *type)
{
    add_text(e, &e->message, 1, type->type);
    add_text(e, &e->message, 2, type->unit);
    end_message(e, field);
}

static void
encode_label(encoder_t *e, const evprof_label_t *label)
{
    add_text(e, &e->part, EVPROF_WIRE_LABEL_KEY, label->key);
    if (label->text != NULL) {
        add_label_text(e, &e->part, label->text);
    } else {
        add_int(&e->part, EVPROF_WIRE_LABEL_NUM, label->number);
        add_text(e, &e->part, EVPROF_WIRE_LABEL_NUM_UNIT, label->unit);
    }
    end_part(e, EVPROF_WIRE_SAMPLE_LABEL);
}

/* The id of a row in the file: its own, or its position. */
static uint64_t
location_id(const encoder_t *e, size_t row)
{
    return e->keeps_ids ? e->profile->locations[row].id : row + 1;
}

static uint64_t
mapping_id(const encoder_t *e, uint32_t row)
{
    if (row == EVPROF_NO_INDEX) {
        return 0;
    }
    return e->keeps_ids ? e->profile->mappings[row].id : (uint64_t)row + 1;
}

static uint64_t
function_id(const encoder_t *e, uint32_t row)
{
    if (row == EVPROF_NO_INDEX) {
        return 0;
    }
    return e->keeps_ids ? e->profile->functions[row].id : (uint64_t)row + 1;
}

static void
encode_sample(encoder_t *e, const evprof_sample_t *s)
{
    size_t count = s->location_count;
    if (count > 0 && evprof_buf_reserve(&e->part, count * VARINT_MAX)) {
        for (size_t i = 0; i < count; i++) {
            e->part.len += put_varint(e->part.data + e->part.len,
                                      location_id(e, s->locations[i]));
        }
        end_part(e, EVPROF_WIRE_SAMPLE_LOCATION_ID);
    }
    for (size_t i = 0; i < e->profile->type_count; i++) {
        add_varint(&e->part, (uint64_t)s->values[i]);
    }
    end_part(e, EVPROF_WIRE_SAMPLE_VALUE);
    for (uint32_t i = 0; i < s->label_count; i++) {
        encode_label(e, &s->labels[i]);
    }
    end_message(e, EVPROF_WIRE_SAMPLE);
}

static void
encode_mapping(encoder_t *e, const evprof_mapping_t *m, size_t row)
{
    evprof_buf_t *to = &e->message;
    add_uint(to, EVPROF_WIRE_MAPPING_ID, mapping_id(e, (uint32_t)row));
    add_uint(to, EVPROF_WIRE_MAPPING_MEMORY_START, m->start);
    add_uint(to, EVPROF_WIRE_MAPPING_MEMORY_LIMIT, m->limit);
    add_uint(to, EVPROF_WIRE_MAPPING_FILE_OFFSET, m->offset);
    add_text(e, to, EVPROF_WIRE_MAPPING_FILENAME, m->file);
    add_text(e, to, EVPROF_WIRE_MAPPING_BUILD_ID, m->build_id);
    add_uint(to, EVPROF_WIRE_MAPPING_HAS_FUNCTIONS, m->has_functions);
    add_uint(to, EVPROF_WIRE_MAPPING_HAS_FILENAMES, m->has_filenames);
    add_uint(to, EVPROF_WIRE_MAPPING_HAS_LINE_NUMBERS, m->has_line_numbers);
    add_uint(to, EVPROF_WIRE_MAPPING_HAS_INLINE_FRAMES, m->has_inline_frames);
    end_message(e, EVPROF_WIRE_MAPPING);
}

static void
encode_location(encoder_t *e, const evprof_location_t *l, size_t row)
{
    evprof_buf_t *to = &e->message;
    add_uint(to, EVPROF_WIRE_LOCATION_ID, location_id(e, row));
    add_uint(to, EVPROF_WIRE_LOCATION_MAPPING_ID, mapping_id(e, l->mapping));
    add_uint(to, EVPROF_WIRE_LOCATION_ADDRESS, l->address);
    for (uint32_t i = 0; i < l->line_count; i++) {
        const evprof_line_t *line = &l->lines[i];
        add_uint(&e->part, EVPROF_WIRE_LINE_FUNCTION_ID,
                 function_id(e, line->function));
        add_int(&e->part, EVPROF_WIRE_LINE_LINE, line->line);
        add_int(&e->part, EVPROF_WIRE_LINE_COLUMN, line->column);
        end_part(e, EVPROF_WIRE_LOCATION_LINE);
    }
    add_uint(to, EVPROF_WIRE_LOCATION_IS_FOLDED, l->is_folded);
    end_message(e, EVPROF_WIRE_LOCATION);
}

static void
encode_function(encoder_t *e, const evprof_function_t *f, size_t row)
{
    evprof_buf_t *to = &e->message;
    add_uint(to, EVPROF_WIRE_FUNCTION_ID, function_id(e, (uint32_t)row));
    add_text(e, to, EVPROF_WIRE_FUNCTION_NAME, f->name);
    add_text(e, to, EVPROF_WIRE_FUNCTION_SYSTEM_NAME, f->system_name);
    add_text(e, to, EVPROF_WIRE_FUNCTION_FILENAME, f->filename);
    add_int(to, EVPROF_WIRE_FUNCTION_START_LINE, f->start_line);
    end_message(e, EVPROF_WIRE_FUNCTION);
}

/* Numbers the strings of the profile itself. */
static void
number_texts(encoder_t *e)
{
    const evprof_pprof_t *p = e->profile;
    number_of(e, "");
    const char *const texts[] = { p->drop_frames,      p->keep_frames,
                                  p->default_type,     p->doc_url,
                                  p->period_type.type, p->period_type.unit };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        number_of(e, texts[i]);
    }
    for (size_t i = 0; i < p->comment_count; i++) {
        number_of(e, p->comments[i]);
    }
}

static void
encode_string(encoder_t *e, const char *text)
{
    size_t len = strlen(text);
    if (evprof_utf8_valid(text, len)) {
        evprof_buf_add(&e->message, text, len);
    } else {
        evprof_utf8_clean(&e->message, text, len);
    }
    end_message(e, EVPROF_WIRE_STRING_TABLE);
}

static void
encode_tables(encoder_t *e)
{
    const evprof_pprof_t *p = e->profile;
    for (size_t i = 0; i < p->type_count; i++) {
        encode_value_type(e, EVPROF_WIRE_SAMPLE_TYPE, &p->types[i]);
    }
    for (size_t i = 0; i < p->sample_count && e->status == EVPROF_OK; i++) {
        encode_sample(e, &p->samples[i]);
    }
    for (size_t i = 0; i < p->mapping_count; i++) {
        encode_mapping(e, &p->mappings[i], i);
    }
    for (size_t i = 0; i < p->location_count && e->status == EVPROF_OK; i++) {
        encode_location(e, &p->locations[i], i);
    }
    for (size_t i = 0; i < p->function_count && e->status == EVPROF_OK; i++) {
        encode_function(e, &p->functions[i], i);
    }
    for (size_t i = 0; i < e->string_index.count; i++) {
        encode_string(e, e->strings[i]);
    }
}

static void
encode_header(encoder_t *e)
{
    const evprof_pprof_t *p = e->profile;
    evprof_buf_t *to = &e->done;
    add_text(e, to, EVPROF_WIRE_DROP_FRAMES, p->drop_frames);
    add_text(e, to, EVPROF_WIRE_KEEP_FRAMES, p->keep_frames);
    add_int(to, EVPROF_WIRE_TIME_NANOS, p->time_ns);
    add_int(to, EVPROF_WIRE_DURATION_NANOS, p->duration_ns);
    encode_value_type(e, EVPROF_WIRE_PERIOD_TYPE, &p->period_type);
    add_int(to, EVPROF_WIRE_PERIOD, p->period);
    for (size_t i = 0; i < p->comment_count; i++) {
        add_varint(&e->part, number_of(e, p->comments[i]));
    }
    if (p->comment_count > 0) {
        add_bytes(to, EVPROF_WIRE_COMMENT, e->part.data, e->part.len);
    }
    add_text(e, to, EVPROF_WIRE_DEFAULT_SAMPLE_TYPE, p->default_type);
    add_text(e, to, EVPROF_WIRE_DOC_URL, p->doc_url);
}

int
evprof_pprof_encode(const evprof_pprof_t *p, unsigned flags,
                    const evprof_writer_t *out, evprof_error_t *err)
{
    encoder_t e = { .profile = p,
                    .out = out,
                    .done = { .is_bulk = true },
                    .message = { .is_bulk = true },
                    .part = { .is_bulk = true } };
    e.keeps_ids = (flags & EVPROF_ENCODE_KEEP_IDS) != 0;
    if ((flags & EVPROF_ENCODE_PLAIN) == 0) {
        e.gzip = evprof_gzip_new(out);
        if (e.gzip == NULL) {
            e.status = EVPROF_ENOMEM;
        }
    }
    number_texts(&e);
    encode_tables(&e);
    encode_header(&e);
    flush(&e);
    if (e.status == EVPROF_OK && e.gzip != NULL) {
        e.status = evprof_gzip_end(e.gzip);
    }
    evprof_gzip_free(e.gzip);
    evprof_buf_free(&e.done);
    evprof_buf_free(&e.message);
    evprof_buf_free(&e.part);
    evprof_index_free(&e.string_index);
    free(e.strings);
    if (e.status != EVPROF_OK) {
        return evprof_fail(err, e.status, "profile: cannot be written: %s",
                           evprof_status_text(e.status));
    }
    return EVPROF_OK;
}
