/* SPDX-License-Identifier: Apache-2.0 */
/* Clears the parts of frames that a report does not ask for; see the header. */
#include "core/analysis/aggregate.h"

static void
forget_in_mappings(evprof_pprof_t *p, unsigned keep)
{
    for (size_t i = 0; i < p->mapping_count; i++) {
        evprof_mapping_t *m = &p->mappings[i];
        m->has_inline_frames &= (keep & EVPROF_KEEP_INLINES) != 0;
        m->has_functions &= (keep & EVPROF_KEEP_FUNCTION) != 0;
        m->has_filenames &= (keep & EVPROF_KEEP_FILENAME) != 0;
        m->has_line_numbers &= (keep & EVPROF_KEEP_LINE) != 0;
    }
}

static void
forget_in_functions(evprof_pprof_t *p, unsigned keep)
{
    static const char empty[] = "";
    const char *none = evprof_strings_intern(&p->strings, empty);
    none = none == NULL ? empty : none;
    for (size_t i = 0; i < p->function_count; i++) {
        evprof_function_t *f = &p->functions[i];
        if ((keep & EVPROF_KEEP_FUNCTION) == 0) {
            f->name = none;
            f->system_name = none;
        }
        if ((keep & EVPROF_KEEP_FILENAME) == 0) {
            f->filename = none;
        }
    }
}

static void
forget_in_location(evprof_location_t *l, unsigned keep)
{
    if ((keep & EVPROF_KEEP_INLINES) == 0 && l->line_count > 1) {
        l->lines += l->line_count - 1;
        l->line_count = 1;
    }
    bool has_line = (keep & EVPROF_KEEP_LINE) != 0;
    bool has_column = has_line && (keep & EVPROF_KEEP_COLUMN) != 0;
    for (uint32_t i = 0; i < l->line_count; i++) {
        l->lines[i].line = has_line ? l->lines[i].line : 0;
        l->lines[i].column = has_column ? l->lines[i].column : 0;
    }
    if ((keep & EVPROF_KEEP_ADDRESS) == 0) {
        l->address = 0;
    }
}

void
evprof_pprof_aggregate(evprof_pprof_t *p, unsigned keep)
{
    forget_in_mappings(p, keep);
    forget_in_functions(p, keep);
    for (size_t i = 0; i < p->location_count; i++) {
        forget_in_location(&p->locations[i], keep);
    }
}
