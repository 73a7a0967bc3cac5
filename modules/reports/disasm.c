/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine code with the weights of its instructions, function by function. A
 * place is printed where it changes, behind the instruction, or on a line of
 * its own before a long one.
 */
#include <string.h>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/base/stream.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/assembly.h"
#include "core/report/report.h"
#include "core/symbol/readable.h"

/* Instructions of this length have their place on a line before them. */
#define LONG_TEXT 40

typedef struct place {
    const char *function;
    const char *file;
    int64_t line;
} place_t;

typedef struct printer {
    const evprof_view_t *view;
    evprof_stream_t s;
    place_t last;
} printer_t;

/* The innermost place, from the binary, or from the profile. */
static place_t
place_of(const evprof_view_t *view, const evprof_assembly_line_t *line)
{
    const evprof_pprof_t *p = evprof_view_profile(view);
    const evprof_symbol_t *known = line->instruction->places;
    const evprof_location_t *l = line->location;
    if (known != NULL && known->frames[0].line != 0) {
        const evprof_symbol_frame_t *frame = &known->frames[0];
        return (place_t){ frame->function->name, frame->function->file,
                          frame->line };
    }
    if (l != NULL && l->line_count > 0 &&
        l->lines[0].function != EVPROF_NO_INDEX) {
        const evprof_function_t *f = &p->functions[l->lines[0].function];
        return (place_t){ f->name, f->filename, l->lines[0].line };
    }
    return (place_t){ "", "", 0 };
}

static void
print_place(evprof_buf_t *out, const place_t *place)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    if (place->function[0] != '\0') {
        evprof_readable_name(out, place->function, &how);
        evprof_buf_putc(out, ' ');
    }
    if (place->file[0] != '\0') {
        evprof_path_base(out, place->file);
        if (place->line != 0) {
            evprof_buf_printf(out, ":%lld", (long long)place->line);
        }
    }
}

static void
print_line(printer_t *pr, const evprof_assembly_line_t *line)
{
    evprof_buf_t *out = &pr->s.buf;
    place_t place = place_of(pr->view, line);
    bool is_new = strcmp(place.function, pr->last.function) != 0 ||
                  strcmp(place.file, pr->last.file) != 0 ||
                  place.line != pr->last.line;
    const char *text = line->instruction->text;
    bool is_long = strlen(text) >= LONG_TEXT;
    bool has_place =
        is_new && (place.function[0] != '\0' || place.file[0] != '\0');
    pr->last = place;
    if (has_place && is_long) {
        evprof_buf_printf(out, "%74s;", "");
        print_place(out, &place);
        evprof_buf_putc(out, '\n');
    }
    evprof_view_print_column(pr->view, &pr->s.buf, line->flat);
    evprof_view_print_column(pr->view, &pr->s.buf, line->cum);
    evprof_buf_printf(out,
                      "%10llx: ", (unsigned long long)line->instruction->vaddr);
    if (has_place && !is_long) {
        evprof_buf_printf(out, "%-40s;", text);
        print_place(out, &place);
    } else {
        evprof_buf_puts(out, text);
    }
    evprof_buf_putc(out, '\n');
    evprof_stream_poll(&pr->s);
}

static void
print_function(printer_t *pr, const evprof_disassembly_t *a)
{
    evprof_buf_t *out = &pr->s.buf;
    char percent[EVPROF_PERCENT_SIZE];
    evprof_buf_printf(out, "ROUTINE ======================== %s\n", a->name);
    for (size_t i = 1; i < a->routine->name_count; i++) {
        evprof_buf_printf(out, "    AKA ======================== %s\n",
                          a->routine->names[i]);
    }
    evprof_unit_percent(percent, a->cum, evprof_view_total(pr->view));
    evprof_view_print_wide(pr->view, out, a->flat, 10);
    evprof_buf_putc(out, ' ');
    evprof_view_print_wide(pr->view, out, a->cum, 10);
    evprof_buf_printf(out, " (flat, cum) %s of Total\n", percent);
    if (a->problem != NULL) {
        evprof_buf_printf(out, " Error: %s\n", a->problem);
    }
    pr->last = (place_t){ "", "", 0 };
    for (size_t i = 0; i < a->line_count; i++) {
        print_line(pr, &a->lines[i]);
    }
}

static int
write_disasm(evprof_view_t *view, const evprof_writer_t *out,
             evprof_error_t *err)
{
    evprof_assemblies_t *all;
    evprof_graph_t *g;
    size_t count;
    /* The graph settles the unit that values are printed in. */
    int status = evprof_view_graph(view, &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_graph_free(g);
    status = evprof_assemblies_read(view, EVPROF_MATCH_SYMBOLS, &all, err);
    if (status != EVPROF_OK) {
        return status;
    }
    const evprof_disassembly_t *items = evprof_assemblies_items(all, &count);
    printer_t pr = { .view = view };
    evprof_stream_begin(&pr.s, out);
    evprof_buf_puts(&pr.s.buf, "Total: ");
    evprof_view_print(view, &pr.s.buf, evprof_view_total(view));
    evprof_buf_putc(&pr.s.buf, '\n');
    for (size_t i = 0; i < count; i++) {
        print_function(&pr, &items[i]);
    }
    status = evprof_stream_end(&pr.s);
    evprof_assemblies_free(all);
    return status;
}
const evprof_report_t evprof_report_disasm = {
    .name = "disasm",
    .summary = "Machine code with the weight of each instruction",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_PARAM |
             EVPROF_REPORT_ADDRESSES | EVPROF_REPORT_UNTRIMMED |
             EVPROF_REPORT_OBJECTS,
    .suffix = "",
    .write = write_disasm,
};
