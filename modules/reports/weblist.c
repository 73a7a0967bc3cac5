/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source lines with the machine code behind them, as one page without scripts:
 * a line that has instructions unfolds, and so does an instruction that was
 * inlined, into the calls that led to it. Lines far from any weight are left
 * out.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/html.h"
#include "core/base/path.h"
#include "core/base/stream.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/annotated.h"
#include "core/report/source.h"
#include "core/symbol/readable.h"

extern const char evprof_weblist_page[];

/* So many lines are shown before and after one with a weight; a gap of up to
 * twice that is filled. */
#define MARGIN_LINES INT64_C(5)
#define MAX_GAP INT64_C(20)

typedef struct page {
    const evprof_view_t *view;
    evprof_sources_t *sources;
    evprof_stream_t s;
} page_t;

static void
put_name(evprof_buf_t *out, const char *name)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    evprof_buf_t text = { 0 };
    evprof_readable_name(&text, name, &how);
    evprof_html_escape(out,
                       text.failed || text.data == NULL ? name : text.data);
    evprof_buf_free(&text);
}

static void
put_base(evprof_buf_t *out, const char *file)
{
    evprof_buf_t base = { 0 };
    evprof_path_base(&base, file);
    evprof_html_escape(out, base.failed ? file : base.data);
    evprof_buf_free(&base);
}

/* ---- Machine code ---- */

/* The calls that were inlined, outermost first, each with its source line. */
static void
put_calls(page_t *page, const evprof_annotated_code_t *code)
{
    evprof_buf_t *out = &page->s.buf;
    const evprof_symbol_t *places = code->line->instruction->places;
    for (uint32_t i = code->frame; i-- > 0;) {
        const evprof_symbol_frame_t *frame = &places->frames[i];
        const char *source = evprof_sources_line(
            page->sources, frame->function->file, frame->line);
        evprof_buf_puts(out, "<span class=call>");
        put_name(out, frame->function->name);
        evprof_buf_putc(out, ' ');
        put_base(out, frame->function->file);
        evprof_buf_printf(out, ":%lld", (long long)frame->line);
        if (source != NULL) {
            evprof_buf_puts(out, "  ");
            evprof_html_escape(out, source + strspn(source, " \t"));
        }
        evprof_buf_puts(out, "</span>");
    }
}

static bool
is_same_chain(const evprof_annotated_code_t *a,
              const evprof_annotated_code_t *b)
{
    const evprof_symbol_t *x = a->line->instruction->places;
    const evprof_symbol_t *y = b->line->instruction->places;
    if (a->frame != b->frame) {
        return false;
    }
    for (uint32_t i = 0; i < a->frame; i++) {
        if (x->frames[i].function != y->frames[i].function ||
            x->frames[i].line != y->frames[i].line) {
            return false;
        }
    }
    return true;
}

static void
put_instruction(page_t *page, const evprof_annotated_code_t *code)
{
    evprof_buf_t *out = &page->s.buf;
    evprof_view_print_column(page->view, &page->s.buf, code->line->flat);
    evprof_view_print_column(page->view, &page->s.buf, code->line->cum);
    evprof_buf_printf(
        out, "%8llx: ", (unsigned long long)code->line->instruction->vaddr);
    evprof_html_escape(out, code->line->instruction->text);
    evprof_buf_putc(out, '\n');
}

/* Instructions of one chain share a fold, whose summary is the innermost
 * call. */
static void
put_run(page_t *page, const evprof_annotated_code_t *code, size_t count)
{
    evprof_buf_t *out = &page->s.buf;
    if (code[0].frame > 0) {
        const evprof_symbol_t *places = code[0].line->instruction->places;
        evprof_buf_puts(out, "<details><summary class=call>");
        put_name(out, places->frames[0].function->name);
        evprof_buf_putc(out, ' ');
        put_base(out, places->frames[0].function->file);
        evprof_buf_printf(out, ":%lld</summary>",
                          (long long)places->frames[0].line);
        put_calls(page, &code[0]);
        evprof_buf_puts(out, "</details>");
    }
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && code[end].is_hot == code[i].is_hot) {
            end++;
        }
        evprof_buf_puts(out, code[i].is_hot ? "<pre class=hot>" : "<pre>");
        for (; i < end; i++) {
            put_instruction(page, &code[i]);
        }
        evprof_buf_puts(out, "</pre>");
    }
}

static void
put_code(page_t *page, const evprof_annotated_line_t *line)
{
    evprof_buf_t *out = &page->s.buf;
    evprof_buf_puts(out, "<div class=code>");
    for (size_t i = 0; i < line->code_count;) {
        size_t end = i + 1;
        while (end < line->code_count && line->code[end].is_adjacent &&
               is_same_chain(&line->code[i], &line->code[end])) {
            end++;
        }
        if (i > 0 && !line->code[i].is_adjacent) {
            evprof_buf_puts(out, "<div class=gap>&#8943;</div>");
        }
        put_run(page, line->code + i, end - i);
        i = end;
    }
    evprof_buf_puts(out, "</div>");
}

/* ---- Source ---- */

static void
put_source(page_t *page, const char *text, int64_t number, int64_t flat,
           int64_t cum)
{
    evprof_view_print_column(page->view, &page->s.buf, flat);
    evprof_view_print_column(page->view, &page->s.buf, cum);
    evprof_buf_printf(&page->s.buf, "%6lld ", (long long)number);
    evprof_html_escape(&page->s.buf, text == NULL ? "?" : text);
}

static bool
has_hot_code(const evprof_annotated_line_t *line)
{
    for (size_t i = 0; i < line->code_count; i++) {
        if (line->code[i].is_hot && line->code[i].line->flat != 0) {
            return true;
        }
    }
    return false;
}

static void
put_line(page_t *page, const char *file, const evprof_annotated_line_t *line)
{
    evprof_buf_t *out = &page->s.buf;
    const char *text = evprof_sources_line(page->sources, file, line->number);
    const char *hot = has_hot_code(line) ? " class=hot" : "";
    if (line->code_count == 0) {
        evprof_buf_puts(out, "<div>");
        put_source(page, text, line->number, line->flat, line->cum);
        evprof_buf_puts(out, "</div>\n");
        return;
    }
    evprof_buf_printf(out, "<details><summary%s>", hot);
    put_source(page, text, line->number, line->flat, line->cum);
    evprof_buf_puts(out, "</summary>");
    put_code(page, line);
    evprof_buf_puts(out, "</details>\n");
    evprof_stream_poll(&page->s);
}

/* Lines without weight, as far as the file has them. */
static void
put_plain(page_t *page, const char *file, int64_t first, int64_t last)
{
    for (int64_t n = first < 1 ? 1 : first; n <= last; n++) {
        const char *text = evprof_sources_line(page->sources, file, n);
        if (text == NULL) {
            return;
        }
        evprof_buf_puts(&page->s.buf, "<div class=none>");
        put_source(page, text, n, 0, 0);
        evprof_buf_puts(&page->s.buf, "</div>\n");
    }
}

static void
put_lines(page_t *page, const evprof_annotated_t *f)
{
    int64_t shown = f->lines[0].number - MARGIN_LINES - 1;
    for (size_t i = 0; i < f->line_count; i++) {
        int64_t number = f->lines[i].number;
        if (i > 0 && number - shown > MAX_GAP) {
            put_plain(page, f->file, shown + 1, shown + MARGIN_LINES);
            evprof_buf_puts(&page->s.buf, "<div class=gap>&#8943;</div>\n");
            shown = number - MARGIN_LINES - 1;
        }
        put_plain(page, f->file, shown + 1, number - 1);
        put_line(page, f->file, &f->lines[i]);
        shown = number;
    }
    put_plain(page, f->file, shown + 1, shown + MARGIN_LINES);
}

static void
put_function(page_t *page, const evprof_annotated_t *f)
{
    evprof_buf_t *out = &page->s.buf;
    char percent[EVPROF_PERCENT_SIZE];
    evprof_unit_percent(percent, f->cum, evprof_view_total(page->view));
    evprof_buf_puts(out, "<h2>");
    evprof_html_escape(out, f->name);
    evprof_buf_puts(out, "</h2>\n<p>");
    evprof_html_escape(out, f->file);
    evprof_buf_puts(out, "</p>\n<p>flat ");
    evprof_view_print(page->view, out, f->flat);
    evprof_buf_puts(out, ", cum ");
    evprof_view_print(page->view, out, f->cum);
    evprof_buf_printf(out, ", %s of the total</p>\n", percent);
    (void)evprof_sources_line(page->sources, f->file, 1);
    const char *problem = evprof_sources_problem(page->sources, f->file);
    if (problem != NULL) {
        evprof_buf_puts(out, "<p>");
        evprof_html_escape(out, problem);
        evprof_buf_puts(out, "</p>\n");
    }
    evprof_buf_puts(out, "<div class=src>\n");
    put_lines(page, f);
    evprof_buf_puts(out, "</div>\n");
    evprof_stream_poll(&page->s);
}

static void
put_header(page_t *page, const evprof_annotation_t *a)
{
    evprof_buf_t *out = &page->s.buf;
    evprof_buf_puts(out, "<h1>");
    evprof_html_escape(out, evprof_view_title(page->view));
    evprof_buf_puts(out, "</h1>\n<p>Total ");
    evprof_view_print(page->view, out, evprof_view_total(page->view));
    evprof_buf_puts(out, " ");
    evprof_html_escape(out, evprof_view_sample_type(page->view));
    if (a->disassembler != NULL) {
        evprof_buf_puts(out, ". Columns: flat, cum, line. Machine code by ");
        evprof_html_escape(out, a->disassembler);
        evprof_buf_puts(out, "; the hottest loop of a function is marked.");
    }
    evprof_buf_puts(out, "</p>\n");
    if (a->problem != NULL) {
        evprof_buf_puts(out, "<p>No machine code: ");
        evprof_html_escape(out, a->problem);
        evprof_buf_puts(out, "</p>\n");
    }
}

static int
write_page(evprof_view_t *view, const evprof_annotation_t *a,
           const evprof_writer_t *out, evprof_error_t *err)
{
    static const char mark[] = "@BODY@";
    const evprof_options_t *o = evprof_view_options(view);
    const char *body = strstr(evprof_weblist_page, mark);
    page_t page = { .view = view };
    int status =
        evprof_sources_new(o->source_path, o->trim_path, &page.sources, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_sources_fetch_for(page.sources, view);
    evprof_stream_begin(&page.s, out);
    evprof_buf_add(&page.s.buf, evprof_weblist_page,
                   (size_t)(body - evprof_weblist_page));
    put_header(&page, a);
    for (size_t i = 0; i < a->count; i++) {
        put_function(&page, &a->items[i]);
    }
    evprof_buf_puts(&page.s.buf, body + sizeof(mark) - 1);
    evprof_sources_free(page.sources);
    return evprof_stream_end(&page.s);
}

static int
write_weblist(evprof_view_t *view, const evprof_writer_t *out,
              evprof_error_t *err)
{
    evprof_annotation_t annotation;
    evprof_graph_t *g;
    /* The graph settles the unit that values are printed in. */
    int status = evprof_view_graph(view, &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_graph_free(g);
    status = evprof_annotate(view, &annotation, err);
    if (status == EVPROF_OK) {
        status = write_page(view, &annotation, out, err);
    }
    evprof_annotation_free(&annotation);
    return status;
}

const evprof_report_t evprof_report_weblist = {
    .name = "weblist",
    .summary = "Source and machine code as a page, opened in a browser",
    .flags = EVPROF_REPORT_PARAM | EVPROF_REPORT_ADDRESSES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS |
             EVPROF_REPORT_BROWSER,
    .suffix = "html",
    .write = write_weblist,
};
