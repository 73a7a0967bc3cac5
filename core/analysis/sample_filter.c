/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are matched once for each function and mapping, then each location gets
 * its verdict from those bits, then each sample from its locations: an
 * expression is never run for a frame. Ignoring wins over focusing at the same
 * location, and a sample that loses all its frames goes.
 */
#include "core/analysis/sample_filter.h"

#include <stdlib.h>

/* What is known of a function, a mapping or a location. */
enum mark {
    MARK_FOCUS = 1u << 0,
    MARK_IGNORE = 1u << 1,
    MARK_HIDE = 1u << 2,
    MARK_SHOW = 1u << 3,
    MARK_GONE = 1u << 4, /* a location without any frame left */
};

typedef struct marks {
    unsigned char *functions;
    unsigned char *mappings;
    unsigned char *locations;
} marks_t;

static unsigned
match_all(const evprof_name_filter_t *f, const char *text)
{
    unsigned marks = 0;
    marks |= f->focus && evprof_regex_match(f->focus, text) ? MARK_FOCUS : 0;
    marks |= f->ignore && evprof_regex_match(f->ignore, text) ? MARK_IGNORE : 0;
    marks |= f->hide && evprof_regex_match(f->hide, text) ? MARK_HIDE : 0;
    marks |= f->show && evprof_regex_match(f->show, text) ? MARK_SHOW : 0;
    return marks;
}

static void
free_marks(marks_t *m)
{
    free(m->functions);
    free(m->mappings);
    free(m->locations);
}

static int
match_names(const evprof_pprof_t *p, const evprof_name_filter_t *f, marks_t *m)
{
    m->functions = calloc(p->function_count + 1, 1);
    m->mappings = calloc(p->mapping_count + 1, 1);
    m->locations = calloc(p->location_count + 1, 1);
    if (m->functions == NULL || m->mappings == NULL || m->locations == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->function_count; i++) {
        const evprof_function_t *fn = &p->functions[i];
        m->functions[i] = (unsigned char)(match_all(f, fn->name) |
                                          match_all(f, fn->filename));
    }
    for (size_t i = 0; i < p->mapping_count; i++) {
        m->mappings[i] = (unsigned char)match_all(f, p->mappings[i].file);
    }
    return EVPROF_OK;
}

static unsigned
mapping_marks(const marks_t *m, const evprof_location_t *l)
{
    return l->mapping == EVPROF_NO_INDEX ? 0 : m->mappings[l->mapping];
}

static unsigned
line_marks(const marks_t *m, const evprof_line_t *line)
{
    return line->function == EVPROF_NO_INDEX ? 0 : m->functions[line->function];
}

/* Keeps the lines whose mark `bit` is as wanted; lines without a function are
 * always kept. */
static void
keep_lines(const marks_t *m, evprof_location_t *l, unsigned bit, bool wanted)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->line_count; i++) {
        const evprof_line_t *line = &l->lines[i];
        bool has_bit = (line_marks(m, line) & bit) != 0;
        if (line->function == EVPROF_NO_INDEX || has_bit == wanted) {
            l->lines[kept++] = *line;
        }
    }
    l->line_count = kept;
}

/* Takes hidden lines out of a location, and says whether anything is left. */
static bool
hide_lines(const marks_t *m, evprof_location_t *l, unsigned marks,
           const evprof_name_filter_t *f, evprof_name_matched_t *out)
{
    unsigned of_mapping = mapping_marks(m, l);
    bool visible = true;
    if ((marks & MARK_HIDE) != 0) {
        out->hide = true;
        if ((of_mapping & MARK_HIDE) != 0) {
            l->line_count = 0;
        }
        keep_lines(m, l, MARK_HIDE, false);
        visible = l->line_count > 0;
    }
    if (f->show != NULL) {
        if ((of_mapping & MARK_SHOW) == 0) {
            keep_lines(m, l, MARK_SHOW, true);
        }
        visible = visible && l->line_count > 0;
        out->show = out->show || l->line_count > 0;
    }
    return visible;
}

static bool
mark_locations(evprof_pprof_t *p, const evprof_name_filter_t *f, marks_t *m,
               evprof_name_matched_t *out)
{
    bool any_gone = false;
    for (size_t i = 0; i < p->location_count; i++) {
        evprof_location_t *l = &p->locations[i];
        unsigned marks = mapping_marks(m, l);
        for (uint32_t n = 0; n < l->line_count; n++) {
            marks |= line_marks(m, &l->lines[n]);
        }
        if ((marks & MARK_IGNORE) != 0) {
            out->ignore = true;
            marks &= ~(unsigned)MARK_FOCUS;
        } else if (f->focus == NULL || (marks & MARK_FOCUS) != 0) {
            out->focus = true;
            marks |= MARK_FOCUS;
        }
        if (!hide_lines(m, l, marks, f, out)) {
            marks |= MARK_GONE;
            any_gone = true;
        }
        m->locations[i] = (unsigned char)marks;
    }
    return any_gone;
}

static bool
is_wanted(const marks_t *m, const evprof_sample_t *s)
{
    unsigned all = 0;
    for (uint32_t i = 0; i < s->location_count; i++) {
        all |= m->locations[s->locations[i]];
    }
    return (all & MARK_IGNORE) == 0 && (all & MARK_FOCUS) != 0;
}

static void
drop_gone(const marks_t *m, evprof_sample_t *s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->location_count; i++) {
        if ((m->locations[s->locations[i]] & MARK_GONE) == 0) {
            s->locations[kept++] = s->locations[i];
        }
    }
    s->location_count = kept;
}

int
evprof_pprof_filter_names(evprof_pprof_t *p, const evprof_name_filter_t *f,
                          evprof_name_matched_t *out)
{
    *out = (evprof_name_matched_t){ 0 };
    if (f->focus == NULL && f->ignore == NULL && f->hide == NULL &&
        f->show == NULL) {
        out->focus = true;
        return EVPROF_OK;
    }
    marks_t m = { 0 };
    int status = match_names(p, f, &m);
    if (status == EVPROF_OK) {
        bool any_gone = mark_locations(p, f, &m, out);
        size_t kept = 0;
        for (size_t i = 0; i < p->sample_count; i++) {
            evprof_sample_t s = p->samples[i];
            if (!is_wanted(&m, &s)) {
                continue;
            }
            if (any_gone) {
                drop_gone(&m, &s);
            }
            if (!any_gone || s.location_count > 0) {
                p->samples[kept++] = s;
            }
        }
        p->sample_count = kept;
    }
    free_marks(&m);
    return status;
}

/* Cuts the lines above the outermost match; false: nothing matches. */
static bool
show_location_from(const marks_t *m, evprof_location_t *l)
{
    if ((mapping_marks(m, l) & MARK_SHOW) != 0) {
        return true;
    }
    for (uint32_t i = l->line_count; i-- > 0;) {
        if ((line_marks(m, &l->lines[i]) & MARK_SHOW) != 0) {
            l->line_count = i + 1;
            return true;
        }
    }
    return false;
}

static bool
show_sample_from(const marks_t *m, evprof_sample_t *s)
{
    for (uint32_t i = s->location_count; i-- > 0;) {
        if (m->locations[s->locations[i]] != 0) {
            s->location_count = i + 1;
            return true;
        }
    }
    return false;
}

int
evprof_pprof_show_from(evprof_pprof_t *p, evprof_regex_t *from, bool *matched)
{
    marks_t m = { 0 };
    evprof_name_filter_t f = { .show = from };
    *matched = false;
    int status = match_names(p, &f, &m);
    if (status == EVPROF_OK) {
        for (size_t i = 0; i < p->location_count; i++) {
            m.locations[i] = show_location_from(&m, &p->locations[i]);
            *matched = *matched || m.locations[i] != 0;
        }
        size_t kept = 0;
        for (size_t i = 0; i < p->sample_count; i++) {
            if (show_sample_from(&m, &p->samples[i])) {
                p->samples[kept++] = p->samples[i];
            }
        }
        p->sample_count = kept;
    }
    free_marks(&m);
    return status;
}
