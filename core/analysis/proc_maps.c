/* SPDX-License-Identifier: Apache-2.0 */
/* Reads memory maps by pprof's rules, with its heuristics for the oldest
 * writers. */
#include "core/analysis/proc_maps.h"

#include <ctype.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"

/* Lines with definitions and their uses stay small; hostile ones are cut. */
#define DEFINITION_MAX 64
#define LINE_MAX_SIZE ((size_t)64 * 1024)

/* Looking through all mappings for each location: seconds at the most. */
#define STEPS_MAX UINT64_C(4000000000)

/* Where programs that are not position independent are linked to on x86-64. */
#define USUAL_START UINT64_C(0x400000)

typedef struct definition {
    evprof_span_t name;
    evprof_span_t value;
} definition_t;

bool
evprof_maps_sentinel(evprof_span_t line)
{
    return evprof_span_find(line, "--- Memory map: ---") != NULL ||
           evprof_span_find(line, "MAPPED_LIBRARIES:") != NULL;
}

/* Skips what the glog library writes before each line: "...file.cc:12] ". */
static evprof_span_t
without_log_prefix(evprof_span_t line)
{
    const char *bracket = memchr(line.at, ']', evprof_span_len(line));
    if (bracket == NULL || bracket + 1 >= line.end ||
        !isspace((unsigned char)bracket[1])) {
        return line;
    }
    const char *digits = bracket;
    while (digits > line.at && isdigit((unsigned char)digits[-1])) {
        digits--;
    }
    bool is_prefix = digits < bracket && digits > line.at + 1 &&
                     digits[-1] == ':' &&
                     memchr(line.at, '[', (size_t)(bracket - line.at)) == NULL;
    return is_prefix ? (evprof_span_t){ bracket + 2, line.end } : line;
}

/* Writes the line with each $name replaced. */
static evprof_span_t
expand(evprof_span_t line, const definition_t *definitions, size_t count,
       evprof_buf_t *out)
{
    if (count == 0 || memchr(line.at, '$', evprof_span_len(line)) == NULL) {
        return line;
    }
    evprof_buf_clear(out);
    while (line.at < line.end && out->len < LINE_MAX_SIZE) {
        const definition_t *used = NULL;
        evprof_span_t after = { line.at + 1, line.end };
        for (size_t i = 0; *line.at == '$' && i < count && used == NULL; i++) {
            evprof_span_t name = definitions[i].name;
            size_t len = evprof_span_len(name);
            if (evprof_span_len(after) >= len &&
                memcmp(after.at, name.at, len) == 0) {
                used = &definitions[i];
                after.at += len;
            }
        }
        if (used != NULL) {
            evprof_buf_add(out, used->value.at, evprof_span_len(used->value));
        } else {
            evprof_buf_putc(out, *line.at);
        }
        line.at = after.at;
    }
    return out->data == NULL ? line : evprof_span(out->data, out->len);
}

/* "start-end", with or without 0x, a blank instead of the dash, a colon. */
static bool
take_range(evprof_span_t *s, evprof_mapping_t *out)
{
    evprof_take_spaces(s);
    evprof_take(s, "0x");
    if (!evprof_take_hex(s, &out->start)) {
        return false;
    }
    const char *separator = s->at;
    evprof_take(s, "-");
    evprof_take_spaces(s);
    evprof_take(s, "0x");
    if (s->at == separator || !evprof_take_hex(s, &out->limit)) {
        return false;
    }
    evprof_take(s, ":");
    return s->at == s->end || isspace((unsigned char)*s->at);
}

static bool
next_word(evprof_span_t *s, evprof_span_t *word)
{
    evprof_take_spaces(s);
    return evprof_take_word(s, word);
}

static bool
is_permission(evprof_span_t word)
{
    for (const char *c = word.at; c < word.end; c++) {
        if (strchr("-rwxp", *c) == NULL) {
            return false;
        }
    }
    return word.at < word.end;
}

static bool
word_is_hex(evprof_span_t word, uint64_t *out)
{
    return evprof_take_hex(&word, out) && word.at == word.end;
}

/* "[offset] major:minor inode [file]": the rest of a line of /proc. */
static bool
read_proc(evprof_span_t s, evprof_mapping_t *out, evprof_span_t *file)
{
    evprof_span_t word;
    uint64_t ignored = 0;
    int64_t inode = 0;
    if (!next_word(&s, &word)) {
        return false;
    }
    if (word_is_hex(word, &out->offset) && !next_word(&s, &word)) {
        return false;
    }
    if (!evprof_take_hex(&word, &ignored) || !evprof_take(&word, ":") ||
        !word_is_hex(word, &ignored) || !next_word(&s, &word) ||
        !evprof_take_digits(&word, &inode)) {
        return false;
    }
    next_word(&s, file);
    return true;
}

/* "[file] [(@offset)] [build id]"; the build id is returned as text. */
static void
read_brief(evprof_span_t s, evprof_mapping_t *out, evprof_span_t *file,
           evprof_span_t *build_id)
{
    evprof_span_t word;
    out->offset = 0;
    next_word(&s, file);
    if (!next_word(&s, &word)) {
        return;
    }
    evprof_span_t offset = word;
    if (evprof_take(&offset, "(@") && evprof_take_hex(&offset, &out->offset) &&
        !next_word(&s, &word)) {
        return;
    }
    evprof_span_t digits = word;
    while (digits.at < digits.end && isxdigit((unsigned char)*digits.at)) {
        digits.at++;
    }
    *build_id = digits.at == digits.end ? word : *build_id;
}

/* False: the line is no mapping. */
static bool
read_entry(evprof_assembly_t *a, evprof_span_t line)
{
    evprof_mapping_t map = { 0 };
    evprof_span_t file = { "", "" };
    evprof_span_t build_id = { "", "" };
    evprof_span_t rest = line;
    if (!take_range(&rest, &map)) {
        return false;
    }
    evprof_span_t after = rest;
    evprof_span_t word = { NULL, NULL };
    bool has_permission = next_word(&after, &word) && is_permission(word);
    rest = has_permission ? after : rest;
    if (has_permission && memchr(word.at, 'x', evprof_span_len(word)) == NULL) {
        return true;
    }
    if (!read_proc(rest, &map, &file)) {
        read_brief(rest, &map, &file, &build_id);
    }
    map.file = evprof_assembly_text(a, file.at, evprof_span_len(file));
    map.build_id =
        evprof_assembly_text(a, build_id.at, evprof_span_len(build_id));
    evprof_assembly_mapping(a, &map);
    return true;
}

static void
define(evprof_span_t line, definition_t *definitions, size_t *count)
{
    const char *equals = memchr(line.at, '=', evprof_span_len(line));
    if (equals == NULL || *count == DEFINITION_MAX) {
        return;
    }
    definitions[(*count)++] = (definition_t){
        evprof_span_trim((evprof_span_t){ line.at, equals }),
        evprof_span_trim((evprof_span_t){ equals + 1, line.end }),
    };
}

/* Reads all lines of `text` as a map into the assembly's mappings. */
static void
read_maps(evprof_assembly_t *a, evprof_span_t text)
{
    definition_t definitions[DEFINITION_MAX];
    size_t count = 0;
    evprof_buf_t expanded = { 0 };
    evprof_span_t line;
    while (evprof_span_line(&text, &line)) {
        evprof_span_t plain = without_log_prefix(line);
        if (!read_entry(a, expand(plain, definitions, count, &expanded))) {
            define(plain, definitions, &count);
        }
    }
    evprof_buf_free(&expanded);
}

/* Two texts of which one may be missing. */
static bool
may_be_equal(const char *one, const char *other)
{
    return one[0] == '\0' || other[0] == '\0' || strcmp(one, other) == 0;
}

static bool
are_adjacent(const evprof_mapping_t *low, const evprof_mapping_t *high)
{
    return may_be_equal(low->file, high->file) &&
           may_be_equal(low->build_id, high->build_id) &&
           low->limit == high->start &&
           (low->offset == 0 || high->offset == 0 ||
            low->offset + (low->limit - low->start) == high->offset);
}

static void
join_adjacent(evprof_pprof_t *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->mapping_count; i++) {
        const evprof_mapping_t *m = &p->mappings[i];
        evprof_mapping_t *last = kept == 0 ? NULL : &p->mappings[kept - 1];
        if (last == NULL || !are_adjacent(last, m)) {
            p->mappings[kept++] = *m;
            continue;
        }
        last->limit = m->limit;
        last->file = m->file[0] != '\0' ? m->file : last->file;
        last->build_id = m->build_id[0] != '\0' ? m->build_id : last->build_id;
    }
    p->mapping_count = kept;
}

/* "x.so", "x.so.6", "x.so_1": but not "x.sock". */
static bool
is_library(const char *file)
{
    for (const char *at = file; (at = strstr(at, ".so")) != NULL; at++) {
        char next = at[3];
        if (next == '\0' ||
            ((next == '.' || next == '_') && isdigit((unsigned char)at[4]))) {
            return true;
        }
    }
    return false;
}

/* What a file is called once "(deleted)" and blanks are off. */
static bool
is_program(const char *file)
{
    while (isspace((unsigned char)*file)) {
        file++;
    }
    return file[0] != '\0' && file[0] != '[' &&
           strcmp(file, "(deleted)") != 0 && !is_library(file);
}

/*
 * What old profile handlers get wrong is put right: adjacent mappings of one
 * file are joined, the main program comes first. To be called once, after
 * reading.
 */
static void
tidy_maps(evprof_pprof_t *p)
{
    join_adjacent(p);
    for (size_t i = 0; i < p->mapping_count; i++) {
        if (is_program(p->mappings[i].file)) {
            evprof_mapping_t first = p->mappings[0];
            p->mappings[0] = p->mappings[i];
            p->mappings[i] = first;
            break;
        }
    }
}

/* Huge pages hide the file of the program's first part; older kernels give the
 * program a start that is off by the offset. */
static void
mend_program(evprof_pprof_t *p)
{
    if (p->mapping_count > 1 &&
        strncmp(p->mappings[0].file, "/anon_hugepage", 14) == 0 &&
        p->mappings[0].limit == p->mappings[1].start) {
        p->mapping_count--;
        memmove(p->mappings, p->mappings + 1,
                p->mapping_count * sizeof(*p->mappings));
    }
    if (p->mapping_count > 0 &&
        p->mappings[0].start - p->mappings[0].offset == USUAL_START) {
        p->mappings[0].start = USUAL_START;
        p->mappings[0].offset = 0;
    }
}

static uint32_t
find_mapping(evprof_pprof_t *p, uint64_t address)
{
    for (size_t i = 0; i < p->mapping_count; i++) {
        const evprof_mapping_t *m = &p->mappings[i];
        if (m->start <= address && address < m->limit) {
            return (uint32_t)i;
        }
    }
    /* The first part of a mapping that was split may be missing. */
    for (size_t i = 0; i < p->mapping_count; i++) {
        evprof_mapping_t *m = &p->mappings[i];
        if (m->offset != 0 && m->start - m->offset <= address &&
            address < m->start) {
            m->start -= m->offset;
            m->offset = 0;
            return (uint32_t)i;
        }
    }
    return EVPROF_NO_INDEX;
}

static void
assign(evprof_assembly_t *a)
{
    evprof_pprof_t *p = a->profile;
    mend_program(p);
    uint32_t everything = EVPROF_NO_INDEX;
    for (size_t i = 0; i < p->location_count; i++) {
        evprof_location_t *l = &p->locations[i];
        if (l->mapping != EVPROF_NO_INDEX || l->address == 0) {
            continue;
        }
        l->mapping = find_mapping(p, l->address);
        if (l->mapping != EVPROF_NO_INDEX) {
            continue;
        }
        if (everything == EVPROF_NO_INDEX) {
            evprof_mapping_t all = { .limit = UINT64_MAX,
                                     .file = "",
                                     .build_id = "" };
            everything = evprof_assembly_mapping(a, &all);
        }
        l->mapping = everything;
    }
    for (size_t i = 0; i < p->mapping_count; i++) {
        p->mappings[i].id = i + 1;
    }
}

int
evprof_maps_finish(evprof_assembly_t *a, evprof_span_t text,
                   evprof_error_t *err)
{
    read_maps(a, text);
    if (a->status == EVPROF_OK) {
        tidy_maps(a->profile);
        evprof_assembly_order(a);
    }
    if (a->status != EVPROF_OK) {
        return evprof_fail(err, a->status,
                           "out of memory while a profile was read");
    }
    const evprof_pprof_t *p = a->profile;
    if (p->mapping_count > 0 &&
        p->location_count > STEPS_MAX / p->mapping_count) {
        return evprof_fail(err, EVPROF_ELIMIT,
                           "%zu mappings for %zu locations "
                           "are too many",
                           p->mapping_count, p->location_count);
    }
    assign(a);
    return a->status;
}
