/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report/one_file.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/html.h"
#include "core/base/template.h"
#include "core/report/document.h"

/* The narrowest box, a tenth of a pixel on a wide screen: it becomes visible
 * after a few clicks. */
#define NARROWEST 0.00005
#define MAX_BOXES 100000

typedef struct page {
    const evprof_one_file_t *files;
    const evprof_stacks_t *s;
    const evprof_buf_t *data;
} page_t;

static void
fill(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const page_t *page = ctx;
    if (evprof_template_is(name, len, "TITLE")) {
        evprof_html_escape(out, page->s->title[0] != '\0' ? page->s->title
                                                          : page->s->type);
    } else if (evprof_template_is(name, len, "STYLE")) {
        evprof_buf_puts(out, page->files->style);
    } else if (evprof_template_is(name, len, "SCRIPT")) {
        evprof_buf_puts(out, page->files->script);
    } else if (evprof_template_is(name, len, "DATA")) {
        evprof_buf_add(out, page->data->data, page->data->len);
    }
}

static int
put_boxes(const evprof_stacks_t *s, evprof_document_t *d, evprof_error_t *err)
{
    const evprof_fold_ask_t ask = { .narrowest = NARROWEST,
                                    .max_boxes = MAX_BOXES };
    evprof_fold_t fold;
    int status = evprof_fold_make(s, &ask, &fold, err);
    if (status == EVPROF_OK) {
        evprof_document_flame(d, "flame", &fold);
        evprof_fold_free(&fold);
    }
    return status;
}

static int
put_rows(const evprof_stacks_t *s, evprof_document_t *d, evprof_error_t *err)
{
    evprof_row_t *rows;
    int status = evprof_rows_make(s, &rows, err);
    if (status == EVPROF_OK) {
        status = evprof_document_rows(d, rows, "flat", SIZE_MAX, err);
        free(rows);
    }
    return status;
}

int
evprof_one_file_write(const evprof_one_file_t *files, const evprof_stacks_t *s,
                      const evprof_pprof_t *profile, evprof_buf_t *out,
                      evprof_error_t *err)
{
    evprof_buf_t data = { 0 };
    evprof_document_t d;
    int status = evprof_document_begin(&d, s, &data, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_document_meta(&d);
    evprof_document_profile(&d, profile);
    status = put_boxes(s, &d, err);
    if (status == EVPROF_OK) {
        status = put_rows(s, &d, err);
    }
    evprof_document_end(&d);
    if (status == EVPROF_OK) {
        page_t page = { .files = files, .s = s, .data = &data };
        evprof_template_fill(out, files->page, fill, &page);
        out->failed = out->failed || data.failed;
    }
    evprof_buf_free(&data);
    return status;
}
