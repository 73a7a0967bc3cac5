/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page as OpenMetrics text: each line with a numeric value is a
 * gauge, since a profile's counters restart with the profile. Other lines are
 * left out. Numbers are read and written digit by digit, since the
 * application's locale may have another decimal point.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/pages.h"
#include "core/runtime/metrics.h"

/* One line of the text; the strings do not end in a NUL. */
typedef struct line {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
} line_t;

static size_t
count_digits(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] >= '0' && text[i] <= '9') {
        i++;
    }
    return i;
}

/* Whether the text is like "-12.5": a sign, digits, a point and more digits. */
static bool
is_number(const char *text, size_t len)
{
    size_t at = len > 0 && text[0] == '-';
    size_t whole = count_digits(text + at, len - at);
    at += whole;
    if (whole == 0 || at == len) {
        return whole > 0;
    }
    size_t rest =
        text[at] == '.' ? count_digits(text + at + 1, len - at - 1) : 0;
    return rest > 0 && at + 1 + rest == len;
}

static bool
read_line(const char *text, size_t len, line_t *out)
{
    const char *colon = memchr(text, ':', len);
    if (colon == NULL || colon + 2 >= text + len) {
        return false;
    }
    *out = (line_t){ .name = text,
                     .name_len = (size_t)(colon - text),
                     .value = colon + 2,
                     .value_len = (size_t)(text + len - colon - 2) };
    return is_number(out->value, out->value_len);
}

/* The length of the name without the suffix "_ns" if it has one. */
static size_t
len_without_ns(const line_t *line)
{
    static const char unit[] = "_ns";
    size_t len = sizeof(unit) - 1;
    bool is_ns = line->name_len > len &&
                 memcmp(line->name + line->name_len - len, unit, len) == 0;
    return line->name_len - (is_ns ? len : 0);
}

/* Writes evprof_cpu_samples for "cpu.samples", and evprof_x_seconds for
 * "x_ns". */
static void
put_name(evprof_buf_t *out, const line_t *line)
{
    size_t len = len_without_ns(line);
    evprof_buf_puts(out, "evprof_");
    for (size_t i = 0; i < len; i++) {
        char c = line->name[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9');
        evprof_buf_putc(out, is_plain ? c : '_');
    }
    evprof_buf_puts(out, len < line->name_len ? "_seconds" : "");
}

static void
put_value(evprof_buf_t *out, const line_t *line)
{
    if (len_without_ns(line) < line->name_len) {
        bool is_negative = line->value[0] == '-';
        int64_t ns = strtoll(line->value + is_negative, NULL, 10);
        evprof_buf_printf(out, " %s%" PRId64 ".%09" PRId64 "\n",
                          is_negative ? "-" : "", ns / 1000000000,
                          ns % 1000000000);
    } else {
        evprof_buf_printf(out, " %.*s\n", (int)line->value_len, line->value);
    }
}

static void
put_metric(evprof_buf_t *out, const line_t *line)
{
    evprof_buf_t meaning = { 0 };
    evprof_buf_puts(out, "# TYPE ");
    put_name(out, line);
    evprof_buf_puts(out, " gauge\n");
    evprof_status_meaning(line->name, line->name_len, &meaning);
    bool is_plain = meaning.len > 0 && strpbrk(meaning.data, "\\\n\"") == NULL;
    evprof_buf_puts(out, "# HELP ");
    put_name(out, line);
    evprof_buf_printf(out, " %s\n",
                      is_plain ? meaning.data : "A number of the status page.");
    evprof_buf_free(&meaning);
    put_name(out, line);
    put_value(out, line);
}

void
evprof_metrics_of_lines(const char *lines, evprof_buf_t *out)
{
    for (const char *at = lines; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        line_t line;
        if (read_line(at, len, &line)) {
            put_metric(out, &line);
        }
        at += len + (at[len] == '\n');
    }
}

int
evprof_page_metrics(evprof_t *prof, const evprof_ask_t *ask,
                    evprof_result_t *result)
{
    evprof_result_t lines = { 0 };
    evprof_buf_t *out = &result->body;
    int status = evprof_page_status(prof, ask, &lines);
    evprof_metrics_lines(&lines.body);
    if (status != EVPROF_OK || lines.body.failed) {
        evprof_buf_free(&lines.body);
        return EVPROF_ENOMEM;
    }
    evprof_metrics_of_lines(lines.body.data, out);
    evprof_buf_puts(out, "# EOF\n");
    evprof_buf_free(&lines.body);
    return out->failed ? EVPROF_ENOMEM : EVPROF_OK;
}
