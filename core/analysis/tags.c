/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing samples by their labels. A filter is either a range of numbers,
 * looked for in numeric labels, or a list of expressions, looked for in text
 * labels: without a key all of them must be found somewhere in "key:text", with
 * a key any of them in that key's texts.
 */
#include "core/analysis/tags.h"

#include <ctype.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/parse.h"
#include "core/base/unit.h"

typedef struct range {
    double low;
    double high;
    const char *unit; /* static, or in `range_text` */
} range_t;

struct evprof_tag_filter {
    const evprof_label_units_t *units;
    char *key;   /* NULL: any */
    char *value; /* what stands behind the key */
    bool is_range;
    range_t range;
    char *range_text; /* holds units that are no units of measure */
    evprof_regex_t **regexes;
    size_t regex_count;
    size_t regex_cap;
    evprof_buf_t text; /* room for "key:text" */
};

/* A number and the letters behind it, as in "30kb". */
typedef struct quantity {
    int64_t number;
    char *unit; /* malloc */
} quantity_t;

/* Reads one and returns what follows it; NULL: none here. */
static const char *
take_quantity(const char *s, quantity_t *out)
{
    const char *start = s;
    s += *s == '+' || *s == '-';
    size_t digits = strspn(s, "0123456789");
    s += digits;
    char *number = strndup(start, (size_t)(s - start));
    if (digits == 0 || number == NULL ||
        !evprof_parse_int64(number, &out->number)) {
        free(number);
        return NULL;
    }
    free(number);
    size_t letters = 0;
    while (isalpha((unsigned char)s[letters])) {
        letters++;
    }
    out->unit = strndup(s, letters);
    return out->unit == NULL ? NULL : s + letters;
}

/* The second quantity of "low:high"; false: it measures something else. */
static bool
take_high(const char *s, range_t *r)
{
    quantity_t q = { 0 };
    const char *rest = take_quantity(s, &q);
    const char *unit = "";
    if (rest == NULL) {
        return false;
    }
    r->high = evprof_unit_scale(q.number, q.unit, r->unit, &unit);
    bool fits = *rest == '\0' && strcmp(unit, r->unit) == 0;
    free(q.unit);
    return fits;
}

/* "5", "5:", ":5", "5:9"; false: it is no range, but a regexp. */
static bool
parse_range(evprof_tag_filter_t *f)
{
    const char *s = f->value;
    bool is_upper = *s == ':';
    quantity_t q = { 0 };
    const char *rest = take_quantity(s + is_upper, &q);
    if (rest == NULL) {
        return false;
    }
    f->range_text = q.unit;
    range_t *r = &f->range;
    double number = evprof_unit_scale(q.number, q.unit, q.unit, &r->unit);
    r->low = is_upper ? -DBL_MAX : number;
    r->high = number;
    if (is_upper || *rest == '\0') {
        return *rest == '\0';
    }
    if (*rest != ':') {
        return false;
    }
    if (rest[1] == '\0') {
        r->high = DBL_MAX;
        return true;
    }
    return take_high(rest + 1, r);
}

static int
add_regex(evprof_tag_filter_t *f, const char *name, const char *pattern,
          evprof_error_t *err)
{
    evprof_regex_t **regexes =
        evprof_grow(f->regexes, &f->regex_cap, f->regex_count + 1,
                    sizeof(evprof_regex_t *));
    if (regexes == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", name);
    }
    f->regexes = regexes;
    evprof_error_t why = { 0 };
    int status = evprof_regex_new(pattern, &regexes[f->regex_count], &why);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "%s is no regular expression: %s", name,
                           why.message);
    }
    f->regex_count++;
    return EVPROF_OK;
}

static int
parse_regexes(evprof_tag_filter_t *f, const char *name, evprof_error_t *err)
{
    int status = EVPROF_OK;
    const char *s = f->value;
    for (bool more = true; more && status == EVPROF_OK;) {
        size_t len = strcspn(s, ",");
        more = s[len] == ',';
        char *pattern = strndup(s, len);
        status = pattern == NULL ? evprof_fail(err, EVPROF_ENOMEM,
                                               "%s: out of memory", name)
                                 : add_regex(f, name, pattern, err);
        free(pattern);
        s += len + more;
    }
    return status;
}

int
evprof_tag_filter_new(const char *name, const char *value,
                      const evprof_label_units_t *units,
                      evprof_tag_filter_t **out, evprof_error_t *err)
{
    evprof_tag_filter_t *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", name);
    }
    const char *equals = strchr(value, '=');
    f->units = units;
    f->value = strdup(equals == NULL ? value : equals + 1);
    bool has_key = equals != NULL && equals > value;
    f->key = has_key ? strndup(value, (size_t)(equals - value)) : NULL;
    int status = EVPROF_OK;
    if (f->value == NULL || (has_key && f->key == NULL)) {
        status = evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", name);
    } else {
        f->is_range = parse_range(f);
        status = f->is_range ? EVPROF_OK : parse_regexes(f, name, err);
    }
    if (status != EVPROF_OK) {
        evprof_tag_filter_free(f);
        return status;
    }
    *out = f;
    return EVPROF_OK;
}

void
evprof_tag_filter_free(evprof_tag_filter_t *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->regex_count; i++) {
        evprof_regex_free(f->regexes[i]);
    }
    free(f->regexes);
    free(f->range_text);
    free(f->key);
    free(f->value);
    evprof_buf_free(&f->text);
    free(f);
}

const char *
evprof_tag_filter_range(const evprof_tag_filter_t *f)
{
    return f->is_range ? f->value : NULL;
}

static bool
in_range(const evprof_tag_filter_t *f, const evprof_label_t *label)
{
    const char *unit = "";
    double value = evprof_unit_scale(label->number,
                                     evprof_label_unit(f->units, label->key),
                                     f->range.unit, &unit);
    return strcmp(unit, f->range.unit) == 0 && value >= f->range.low &&
           value <= f->range.high;
}

static bool
match_range(const evprof_tag_filter_t *f, const evprof_sample_t *s)
{
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (label->text == NULL &&
            (f->key == NULL || strcmp(f->key, label->key) == 0) &&
            in_range(f, label)) {
            return true;
        }
    }
    return false;
}

static bool
match_anywhere(evprof_tag_filter_t *f, evprof_regex_t *re,
               const evprof_sample_t *s)
{
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (label->text == NULL) {
            continue;
        }
        evprof_buf_clear(&f->text);
        evprof_buf_puts(&f->text, label->key);
        evprof_buf_putc(&f->text, ':');
        evprof_buf_puts(&f->text, label->text);
        if (!f->text.failed &&
            evprof_regex_match_len(re, f->text.data, f->text.len)) {
            return true;
        }
    }
    return false;
}

static bool
match_key(evprof_tag_filter_t *f, const evprof_sample_t *s)
{
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (label->text == NULL || strcmp(label->key, f->key) != 0) {
            continue;
        }
        for (size_t r = 0; r < f->regex_count; r++) {
            if (evprof_regex_match(f->regexes[r], label->text)) {
                return true;
            }
        }
    }
    return false;
}

static bool
match_sample(evprof_tag_filter_t *f, const evprof_sample_t *s)
{
    if (f->is_range) {
        return match_range(f, s);
    }
    if (f->key != NULL) {
        return match_key(f, s);
    }
    for (size_t r = 0; r < f->regex_count; r++) {
        if (!match_anywhere(f, f->regexes[r], s)) {
            return false;
        }
    }
    return true;
}

void
evprof_pprof_filter_tags(evprof_pprof_t *p, evprof_tag_filter_t *focus,
                         evprof_tag_filter_t *ignore, evprof_tag_matched_t *out)
{
    *out = (evprof_tag_matched_t){ 0 };
    size_t kept = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        bool focused = focus == NULL || match_sample(focus, s);
        bool ignored = ignore != NULL && match_sample(ignore, s);
        out->focus = out->focus || focused;
        out->ignore = out->ignore || ignored;
        if (focused && !ignored) {
            p->samples[kept++] = *s;
        }
    }
    p->sample_count = kept;
}

static void
filter_sample_labels(evprof_sample_t *s, evprof_regex_t *show,
                     evprof_regex_t *hide, evprof_label_matched_t *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->label_count; i++) {
        const char *key = s->labels[i].key;
        bool shown = show == NULL || evprof_regex_match(show, key);
        bool hidden = hide != NULL && evprof_regex_match(hide, key);
        out->show = out->show || shown;
        out->hide = out->hide || hidden;
        if (shown && !hidden) {
            s->labels[kept++] = s->labels[i];
        }
    }
    s->label_count = kept;
}

int
evprof_pprof_filter_labels(evprof_pprof_t *p, evprof_regex_t *show,
                           evprof_regex_t *hide, evprof_label_matched_t *out)
{
    *out = (evprof_label_matched_t){ 0 };
    for (size_t i = 0; i < p->sample_count; i++) {
        filter_sample_labels(&p->samples[i], show, hide, out);
    }
    return EVPROF_OK;
}
