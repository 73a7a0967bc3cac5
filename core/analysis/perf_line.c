/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/perf_line.h"

#include <ctype.h>
#include <string.h>

/* The most words before the event in a line of perf script. */
#define MAX_WORDS 24
/* perf pads a period to at least this width, but not the number of a thread. */
#define PERIOD_WIDTH 10

typedef struct words {
    evprof_span_t items[MAX_WORDS];
    size_t count;
} words_t;

static bool
is_space(char c)
{
    return isspace((unsigned char)c) != 0;
}

static bool
is_digits(evprof_span_t s)
{
    int64_t number;
    return evprof_take_digits(&s, &number) && s.at == s.end;
}

/* "4711" or "4711/4713"; perf prints -1 where it does not know. */
static bool
is_thread_number(evprof_span_t s)
{
    int64_t number;
    if (!evprof_take_int(&s, &number)) {
        return false;
    }
    return s.at == s.end || (evprof_take(&s, "/") &&
                             evprof_take_int(&s, &number) && s.at == s.end);
}

/* "[001]" */
static bool
is_processor(evprof_span_t s)
{
    return evprof_span_len(s) > 2 && *s.at == '[' && s.end[-1] == ']' &&
           is_digits((evprof_span_t){ s.at + 1, s.end - 1 });
}

/* Letters of `-F misc`: user, kernel, hypervisor, guest, mapping and others. */
static bool
is_mode(evprof_span_t s)
{
    size_t len = evprof_span_len(s);
    for (const char *c = s.at; c < s.end; c++) {
        if (strchr("KUHGgMESDp", *c) == NULL) {
            return false;
        }
    }
    return len > 0 && len <= 4;
}

/* "1234.567890:" */
static bool
read_time(evprof_span_t word, double *out)
{
    int64_t whole = 0;
    int64_t part = 0;
    if (!evprof_take_digits(&word, &whole) || !evprof_take(&word, ".")) {
        return false;
    }
    const char *start = word.at;
    if (!evprof_take_digits(&word, &part) || !evprof_take(&word, ":") ||
        word.at != word.end) {
        return false;
    }
    double scale = 1;
    for (const char *c = start; c < word.end - 1; c++) {
        scale *= 10;
    }
    *out = (double)whole + (double)part / scale;
    return true;
}

/* Whether the word is the name of an event, such as "cycles:u:"; perf puts a
 * colon behind it. */
static bool
is_name(evprof_span_t word)
{
    size_t len = evprof_span_len(word);
    return len > 1 && word.end[-1] == ':' && word.end[-2] != ':' &&
           (isalpha((unsigned char)*word.at) || *word.at == '{') &&
           memchr(word.at, '(', len) == NULL;
}

/* The name of a thread, which may contain blanks: all words before its number,
 * processor and mode. */
static evprof_span_t
thread_name(const words_t *w)
{
    size_t count = w->count;
    if (count > 2 && is_mode(w->items[count - 1]) &&
        (is_processor(w->items[count - 2]) ||
         is_thread_number(w->items[count - 2]))) {
        count--;
    }
    if (count > 0 && is_processor(w->items[count - 1])) {
        count--;
    }
    if (count > 0 && is_thread_number(w->items[count - 1])) {
        count--;
    }
    return count == 0
               ? evprof_span("", 0)
               : (evprof_span_t){ w->items[0].at, w->items[count - 1].end };
}

/* Reads the part behind the time: "[period] [name:] rest". */
static void
read_after_time(evprof_span_t rest, evprof_perf_event_t *out)
{
    evprof_span_t word;
    evprof_take_spaces(&rest);
    out->rest = rest;
    if (!evprof_take_word(&rest, &word)) {
        return;
    }
    evprof_span_t number = word;
    int64_t period = 0;
    if (evprof_take_digits(&number, &period) && number.at == number.end) {
        evprof_take_spaces(&rest);
        evprof_span_t behind = rest;
        bool has_more = evprof_take_word(&rest, &word);
        if (has_more && !is_name(word)) {
            return; /* an address that has only digits */
        }
        out->has_period = true;
        out->period = period;
        out->rest = behind;
        if (!has_more) {
            return;
        }
    }
    if (is_name(word)) {
        out->name = (evprof_span_t){ word.at, word.end - 1 };
        out->rest = evprof_span_trim(rest);
    }
}

/* Without a time the period is a second number before the name, or one that is
 * set in the width of a period. */
static void
take_period(evprof_span_t line, words_t *w, evprof_perf_event_t *out)
{
    if (w->count == 0 || !is_digits(w->items[w->count - 1])) {
        return;
    }
    evprof_span_t number = w->items[w->count - 1];
    bool is_period;
    if (w->count == 1) {
        is_period = number.at > line.at && number.end - line.at >= PERIOD_WIDTH;
    } else {
        evprof_span_t before = w->items[w->count - 2];
        is_period = is_thread_number(before) || is_processor(before);
    }
    if (is_period) {
        w->count--;
        out->has_period = evprof_take_digits(&number, &out->period);
    }
}

/* A frame's symbol may end with a colon, too: an indented line whose first word
 * is an address counts as an event only when a thread's number follows. */
static bool
is_likely(evprof_span_t line, const words_t *w)
{
    uint64_t address;
    if (line.at == line.end || !is_space(*line.at)) {
        return true;
    }
    if (*line.at == '\t') {
        return false;
    }
    if (w->count == 0) {
        return true;
    }
    evprof_span_t first = w->items[0];
    return !evprof_take_hex(&first, &address) || first.at != first.end ||
           is_thread_number(w->items[w->count - 1]);
}

/* Splits a line into words, up to the number that is looked at. */
static void
split(evprof_span_t line, words_t *out)
{
    evprof_span_t rest = line;
    out->count = 0;
    evprof_take_spaces(&rest);
    while (out->count < MAX_WORDS &&
           evprof_take_word(&rest, &out->items[out->count])) {
        out->count++;
        evprof_take_spaces(&rest);
    }
}

static bool
read_timed(evprof_span_t line, const words_t *words, evprof_perf_event_t *out)
{
    words_t before = *words;
    for (size_t i = 0; i < words->count; i++) {
        if (read_time(words->items[i], &out->seconds)) {
            before.count = i;
            out->has_time = true;
            out->thread = thread_name(&before);
            read_after_time((evprof_span_t){ words->items[i].end, line.end },
                            out);
            return true;
        }
    }
    return false;
}

static bool
read_named(evprof_span_t line, const words_t *words, evprof_perf_event_t *out)
{
    words_t before = *words;
    for (size_t i = 0; i < words->count; i++) {
        evprof_span_t word = words->items[i];
        before.count = i;
        if (is_name(word) && is_likely(line, &before)) {
            take_period(line, &before, out);
            out->thread = thread_name(&before);
            out->name = (evprof_span_t){ word.at, word.end - 1 };
            out->rest = evprof_span_trim((evprof_span_t){ word.end, line.end });
            return true;
        }
    }
    return false;
}

static void
clear(evprof_perf_event_t *out)
{
    *out = (evprof_perf_event_t){ .thread = { "", "" },
                                  .name = { "", "" },
                                  .rest = { "", "" } };
}

bool
evprof_perf_read_event(evprof_span_t line, evprof_perf_event_t *out)
{
    words_t words;
    clear(out);
    split(line, &words);
    return read_timed(line, &words, out) || read_named(line, &words, out);
}

bool
evprof_perf_read_title(evprof_span_t line, evprof_perf_event_t *out)
{
    words_t words;
    clear(out);
    split(line, &words);
    out->thread = thread_name(&words);
    return line.at < line.end &&
           (!is_space(*line.at) || out->thread.at == out->thread.end);
}

/* The opening parenthesis that matches the last character, or NULL. */
static const char *
find_open(evprof_span_t s)
{
    int depth = 0;
    for (const char *c = s.end; c > s.at; c--) {
        depth += c[-1] == ')';
        depth -= c[-1] == '(';
        if (depth == 0) {
            return c - 1;
        }
    }
    return NULL;
}

/* Cuts "(file)" off the end of `symbol`. */
static evprof_span_t
cut_module(evprof_span_t *symbol)
{
    if (symbol->at == symbol->end || symbol->end[-1] != ')') {
        return evprof_span("", 0);
    }
    const char *open = find_open(*symbol);
    if (open == NULL || (open > symbol->at && open[-1] != ' ')) {
        return evprof_span("", 0);
    }
    evprof_span_t module = { open + 1, symbol->end - 1 };
    *symbol = evprof_span_trim((evprof_span_t){ symbol->at, open });
    return module;
}

/* Cuts "+0x12" off a symbol. */
static evprof_span_t
without_offset(evprof_span_t symbol)
{
    const char *plus = memrchr(symbol.at, '+', evprof_span_len(symbol));
    if (plus != NULL && plus > symbol.at && symbol.end - plus > 3 &&
        plus[1] == '0' && plus[2] == 'x') {
        symbol.end = plus;
    }
    return symbol;
}

bool
evprof_perf_read_frame(evprof_span_t line, evprof_perf_frame_t *out)
{
    evprof_span_t rest = evprof_span_trim(line);
    *out = (evprof_perf_frame_t){ .address = 0 };
    if (!evprof_take_hex(&rest, &out->address) ||
        (rest.at < rest.end && !is_space(*rest.at))) {
        return false;
    }
    evprof_span_t symbol = evprof_span_trim(rest);
    evprof_span_t module = cut_module(&symbol);
    out->is_inlined = evprof_span_equals(module, "inlined");
    out->module = out->is_inlined ? evprof_span("", 0) : module;
    symbol = without_offset(symbol);
    out->symbol =
        symbol.at == symbol.end ? evprof_span("[unknown]", 9) : symbol;
    return true;
}

/* "[ffffffff815fd3d3]" stands in place of a line that perf does not know. */
static bool
is_unknown_place(evprof_span_t s)
{
    uint64_t address;
    return evprof_take(&s, "[") && evprof_take_hex(&s, &address) &&
           evprof_span_equals(s, "]");
}

bool
evprof_perf_read_place(evprof_span_t line, evprof_span_t *file, int64_t *number,
                       bool *is_inlined)
{
    static const char inlined[] = "(inlined)";
    if (line.at == line.end || *line.at != ' ') {
        return false;
    }
    evprof_span_t s = evprof_span_trim(line);
    size_t len = evprof_span_len(s);
    size_t suffix = sizeof(inlined) - 1;
    *is_inlined = len > suffix && memcmp(s.end - suffix, inlined, suffix) == 0;
    if (*is_inlined) {
        s = evprof_span_trim((evprof_span_t){ s.at, s.end - suffix });
    }
    const char *remark = evprof_span_find(s, " (discriminator ");
    s.end = remark != NULL ? remark : s.end;
    const char *open = memrchr(s.at, '[', evprof_span_len(s));
    if (open != NULL && is_unknown_place((evprof_span_t){ open, s.end })) {
        *file = evprof_span("", 0);
        *number = 0;
        return true;
    }
    const char *colon = memrchr(s.at, ':', evprof_span_len(s));
    if (colon == NULL) {
        return false;
    }
    evprof_span_t digits = { colon + 1, s.end };
    *file = (evprof_span_t){ s.at, colon };
    bool is_known = !evprof_span_equals(*file, "??");
    if (!is_known) {
        *file = evprof_span("", 0);
    }
    *number = 0;
    return evprof_span_equals(digits, "?") ||
           (evprof_take_digits(&digits, number) && digits.at == digits.end);
}

bool
evprof_perf_is_extra(evprof_span_t line)
{
    static const char *const starts[] = { "ilen:", "insn:", "ABI:", "0x", "|" };
    evprof_span_t s = evprof_span_trim(line);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (evprof_span_starts(s, starts[i])) {
            return true;
        }
    }
    return evprof_span_find(s, "PERF_RECORD_") != NULL;
}

bool
evprof_perf_is_tracepoint(evprof_span_t name)
{
    const char *colon = memchr(name.at, ':', evprof_span_len(name));
    if (colon == NULL) {
        return false;
    }
    for (const char *c = colon + 1; c < name.end; c++) {
        if (strchr("ukhGHpPSDIWeb:", *c) == NULL) {
            return true;
        }
    }
    return false;
}

static bool
is_key(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_' || c == '.';
}

/* The end of the key at the front of `s`, when `mark` follows it; or NULL. */
static const char *
key_end(evprof_span_t s, char mark)
{
    const char *c = s.at;
    while (c < s.end && is_key(*c)) {
        c++;
    }
    bool is_followed = c > s.at && c < s.end && *c == mark;
    return is_followed ? c : NULL;
}

/* Where the next field begins: at a word that is a key with its mark, behind a
 * comma where colons mark keys. */
static const char *
next_field(evprof_span_t s, char mark)
{
    for (const char *c = s.at; c + 1 < s.end; c++) {
        evprof_span_t word = { c + 1, s.end };
        bool is_border =
            *c == ' ' && (mark == '=' || (c > s.at && c[-1] == ','));
        if (is_border && key_end(word, mark) != NULL) {
            return c + 1;
        }
    }
    return s.end;
}

bool
evprof_perf_take_field(evprof_span_t *rest, evprof_span_t *key,
                       evprof_span_t *value)
{
    *rest = evprof_span_trim(*rest);
    if (rest->at == rest->end) {
        return false;
    }
    char mark = key_end(*rest, '=') != NULL ? '=' : ':';
    const char *end = key_end(*rest, mark);
    if (end == NULL) {
        *key = evprof_span("", 0);
        *value = *rest;
        rest->at = rest->end;
        return true;
    }
    *key = (evprof_span_t){ rest->at, end };
    rest->at = end + 1;
    const char *next = next_field(*rest, mark);
    *value = evprof_span_trim((evprof_span_t){ rest->at, next });
    rest->at = next;
    bool has_more = next < rest->end;
    if (has_more && value->end > value->at && value->end[-1] == ',') {
        value->end--;
    }
    if (has_more && evprof_span_len(*value) >= 4 &&
        memcmp(value->end - 4, " ==>", 4) == 0) {
        value->end -= 4;
    }
    return true;
}
