/* SPDX-License-Identifier: Apache-2.0 */
/* All of a profile as text, for people who look for faults in it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/flag_text.h"
#include "core/base/stream.h"
#include "core/report/report.h"

#define SECOND_NS INT64_C(1000000000)
#define MAX_DURATION_LENGTH ((size_t)4)
#define LABEL_INDENT "                "

static void
print_time(evprof_buf_t *out, int64_t time_ns)
{
    int64_t fraction = time_ns % SECOND_NS;
    time_t seconds = (time_t)(time_ns / SECOND_NS);
    if (fraction < 0) {
        fraction += SECOND_NS;
        seconds--;
    }
    struct tm local;
    char text[64];
    if (localtime_r(&seconds, &local) == NULL) {
        return;
    }
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
    evprof_buf_printf(out, "Time: %s", text);
    evprof_flag_put_fraction(out, (uint64_t)fraction, 9);
    strftime(text, sizeof(text), " %z %Z\n", &local);
    evprof_buf_puts(out, text);
}

static void
print_header(const evprof_pprof_t *p, evprof_buf_t *out)
{
    for (size_t i = 0; i < p->comment_count; i++) {
        evprof_buf_printf(out, "Comment: %s\n", p->comments[i]);
    }
    if (p->doc_url[0] != '\0') {
        evprof_buf_printf(out, "Doc: %s\n", p->doc_url);
    }
    evprof_buf_printf(out, "PeriodType: %s %s\nPeriod: %lld\n",
                      p->period_type.type, p->period_type.unit,
                      (long long)p->period);
    if (p->time_ns != 0) {
        print_time(out, p->time_ns);
    }
    if (p->duration_ns != 0) {
        evprof_buf_t text = { 0 };
        evprof_flag_put_duration(&text, p->duration_ns);
        const char *duration = text.failed ? "" : text.data;
        size_t len = 0;
        for (size_t i = 0; i < MAX_DURATION_LENGTH && duration[len] != '\0';
             i++) {
            len++;
            while (((unsigned char)duration[len] & 0xc0) == 0x80) {
                len++;
            }
        }
        evprof_buf_printf(out, "Duration: %.*s\n", (int)len, duration);
        evprof_buf_free(&text);
    }
}

static void
print_types(const evprof_pprof_t *p, evprof_buf_t *out)
{
    evprof_buf_puts(out, "Samples:\n");
    for (size_t i = 0; i < p->type_count; i++) {
        const evprof_value_type_t *t = &p->types[i];
        bool is_default = strcmp(t->type, p->default_type) == 0;
        evprof_buf_printf(out, "%s%s/%s%s", i > 0 ? " " : "", t->type, t->unit,
                          is_default ? "[dflt]" : "");
    }
    evprof_buf_putc(out, '\n');
}

typedef struct labels {
    const evprof_sample_t *sample;
    bool is_number;
} labels_t;

static bool
is_of_kind(const labels_t *l, uint32_t i)
{
    return (l->sample->labels[i].text == NULL) == l->is_number;
}

/* Whether an earlier label of the kind has the same key. */
static bool
is_repeated(const labels_t *l, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (is_of_kind(l, i) &&
            l->sample->labels[i].key == l->sample->labels[index].key) {
            return true;
        }
    }
    return false;
}

/* Units are printed for a key when any of its values has one. */
static bool
has_units(const labels_t *l, const char *key)
{
    for (uint32_t i = 0; i < l->sample->label_count; i++) {
        const evprof_label_t *label = &l->sample->labels[i];
        if (is_of_kind(l, i) && label->key == key && label->unit != NULL &&
            label->unit[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* "key:[one two]", all values of the key. */
static void
print_label(evprof_buf_t *out, const labels_t *l, uint32_t index)
{
    const char *key = l->sample->labels[index].key;
    bool with_units = l->is_number && has_units(l, key);
    const char *gap = "";
    evprof_buf_printf(out, "%s:[", key);
    for (uint32_t i = index; i < l->sample->label_count; i++) {
        const evprof_label_t *label = &l->sample->labels[i];
        if (!is_of_kind(l, i) || label->key != key) {
            continue;
        }
        if (!l->is_number) {
            evprof_buf_printf(out, "%s%s", gap, label->text);
        } else if (with_units) {
            evprof_buf_printf(out, "%s%lld %s", gap, (long long)label->number,
                              label->unit != NULL ? label->unit : "");
        } else {
            evprof_buf_printf(out, "%s%lld", gap, (long long)label->number);
        }
        gap = " ";
    }
    evprof_buf_putc(out, ']');
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All labels of one kind on one line, sorted as they print. */
static bool
print_labels(evprof_buf_t *out, const labels_t *l)
{
    uint32_t count = l->sample->label_count;
    char **texts = calloc(count + 1, sizeof(*texts));
    size_t used = 0;
    bool is_complete = texts != NULL;
    for (uint32_t i = 0; is_complete && i < count; i++) {
        if (!is_of_kind(l, i) || is_repeated(l, i)) {
            continue;
        }
        evprof_buf_t text = { 0 };
        print_label(&text, l, i);
        is_complete = !text.failed;
        texts[used++] = text.data;
    }
    if (is_complete && used > 0) {
        qsort(texts, used, sizeof(*texts), compare_texts);
        evprof_buf_puts(out, LABEL_INDENT);
        for (size_t i = 0; i < used; i++) {
            evprof_buf_printf(out, "%s%s", i > 0 ? " " : "", texts[i]);
        }
        evprof_buf_putc(out, '\n');
    }
    for (size_t i = 0; i < used; i++) {
        free(texts[i]);
    }
    free(texts);
    return is_complete;
}

static bool
print_sample(const evprof_pprof_t *p, const evprof_sample_t *s,
             evprof_buf_t *out)
{
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(out, " %10lld", (long long)s->values[i]);
    }
    evprof_buf_puts(out, ": ");
    for (uint32_t i = 0; i < s->location_count; i++) {
        evprof_buf_printf(out, "%llu ",
                          (unsigned long long)p->locations[s->locations[i]].id);
    }
    evprof_buf_putc(out, '\n');
    if (s->label_count == 0) {
        return true;
    }
    const labels_t texts = { s, false };
    const labels_t numbers = { s, true };
    return print_labels(out, &texts) && print_labels(out, &numbers);
}

static void
print_line(const evprof_pprof_t *p, const evprof_line_t *line,
           evprof_buf_t *out)
{
    if (line->function == EVPROF_NO_INDEX) {
        evprof_buf_puts(out, "??\n");
        return;
    }
    const evprof_function_t *f = &p->functions[line->function];
    evprof_buf_printf(out, "%s %s:%lld:%lld s=%lld", f->name, f->filename,
                      (long long)line->line, (long long)line->column,
                      (long long)f->start_line);
    if (strcmp(f->name, f->system_name) != 0) {
        evprof_buf_printf(out, "(%s)", f->system_name);
    }
    evprof_buf_putc(out, '\n');
}

static void
print_location(const evprof_pprof_t *p, const evprof_location_t *l,
               evprof_buf_t *out)
{
    evprof_buf_printf(out, "%6llu: 0x%llx ", (unsigned long long)l->id,
                      (unsigned long long)l->address);
    if (l->mapping != EVPROF_NO_INDEX) {
        evprof_buf_printf(out, "M=%llu ",
                          (unsigned long long)p->mappings[l->mapping].id);
    }
    evprof_buf_puts(out, l->is_folded ? "[F] " : "");
    if (l->line_count == 0) {
        evprof_buf_putc(out, '\n');
    }
    for (uint32_t i = 0; i < l->line_count; i++) {
        evprof_buf_puts(out, i > 0 ? "             " : "");
        print_line(p, &l->lines[i], out);
    }
}

static void
print_mapping(const evprof_mapping_t *m, evprof_buf_t *out)
{
    evprof_buf_printf(
        out, "%llu: 0x%llx/0x%llx/0x%llx %s %s %s%s%s%s\n",
        (unsigned long long)m->id, (unsigned long long)m->start,
        (unsigned long long)m->limit, (unsigned long long)m->offset, m->file,
        m->build_id, m->has_functions ? "[FN]" : "",
        m->has_filenames ? "[FL]" : "", m->has_line_numbers ? "[LN]" : "",
        m->has_inline_frames ? "[IN]" : "");
}

static int
write_raw(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_stream_t s;
    evprof_stream_begin(&s, out);
    print_header(p, &s.buf);
    print_types(p, &s.buf);
    bool is_complete = true;
    for (size_t i = 0; i < p->sample_count; i++) {
        is_complete = print_sample(p, &p->samples[i], &s.buf) && is_complete;
        evprof_stream_poll(&s);
    }
    evprof_buf_puts(&s.buf, "Locations\n");
    for (size_t i = 0; i < p->location_count; i++) {
        print_location(p, &p->locations[i], &s.buf);
        evprof_stream_poll(&s);
    }
    evprof_buf_puts(&s.buf, "Mappings\n");
    for (size_t i = 0; i < p->mapping_count; i++) {
        print_mapping(&p->mappings[i], &s.buf);
    }
    int status = evprof_stream_end(&s);
    return is_complete ? status
                       : evprof_fail(err, EVPROF_ENOMEM, "raw: out of memory");
}

const evprof_report_t evprof_report_raw = {
    .name = "raw",
    .summary = "Every sample, location and mapping as text",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_ADDRESSES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS,
    .suffix = "",
    .write = write_raw,
};
