/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_PAGE_H
#define EVPROF_EVHTTP_PAGE_H

/* What all pages share: the files of pages/, and the marks that any of them may
 * contain. */

#include "adapters/evhttp/program.h"
#include "core/base/template.h"
#include "core/runtime/catalog.h"

/* The files of pages/. */
extern const char evprof_page_build_id[];
extern const char evprof_page_counter[];
extern const char evprof_page_counters[];
extern const char evprof_page_full_text[];
extern const char evprof_page_list[];
extern const char evprof_page_profile[];
extern const char evprof_page_script[];
extern const char evprof_page_states[];
extern const char evprof_page_style[];
extern const char evprof_page_take_delta[];
extern const char evprof_page_take_now[];
extern const char evprof_page_take_text[];
extern const char evprof_page_take_timed[];
extern const char evprof_page_view[];

#define EVPROF_NONCE_SIZE 33

typedef struct evprof_page {
    evprof_t *prof;
    evprof_program_t program;
    char nonce[EVPROF_NONCE_SIZE]; /* in the page's own scripts and styles */
} evprof_page_t;

/* Fills in `page`; on the worker. */
void evprof_page_begin(evprof_page_t *page, evprof_t *prof);

/* Writes the value of a mark that any page may contain; false: it is another
 * mark. */
bool evprof_page_fill(const evprof_page_t *page, const char *name, size_t len,
                      evprof_buf_t *out);

/* The present catalogue, sorted by leaf; to be freed. NULL: out of memory. */
evprof_entry_t *evprof_page_entries(evprof_t *prof, size_t *count);

#endif
