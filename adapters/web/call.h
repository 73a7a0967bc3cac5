/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_CALL_H
#define EVPROF_WEB_CALL_H

/*
 * A request that a site is answering, and the views that answer requests: a
 * view appends a JSON document to a buffer, which becomes the answer itself or
 * a part of the page that shows it.
 */

#include "adapters/web/params.h"
#include "adapters/web/site.h"

typedef struct evprof_web_call {
    evprof_site_t *site;
    const evprof_web_ask_t *ask;
    evprof_params_t params;
    /* Those of the site, changed by those of the URL. */
    evprof_options_t options;
    evprof_web_answer_t *answer;
} evprof_web_call_t;

/* Appends a document. EVPROF_OK, or a status with the reason in `err`. */
typedef int (*evprof_web_view_fn)(evprof_web_call_t *call, evprof_buf_t *out,
                                  evprof_error_t *err);

/* ---- Views, one file each ---- */

/* The flame graph: see flame.c for its parameters. */
int evprof_web_flame(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* The table of functions; peek shows the same document for one function. */
int evprof_web_table(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* Callers and callees of one place. */
int evprof_web_calls(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* The places that match a regular expression. */
int evprof_web_search(evprof_web_call_t *call, evprof_buf_t *out,
                      evprof_error_t *err);

/* Source lines with their weights, or an index of files and functions. */
int evprof_web_source(evprof_web_call_t *call, evprof_buf_t *out,
                      evprof_error_t *err);

/* The machine code of a function. */
int evprof_web_asm(evprof_web_call_t *call, evprof_buf_t *out,
                   evprof_error_t *err);

/* The call graph, with the positions of its nodes. */
int evprof_web_graph(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* The profile as text. */
int evprof_web_raw(evprof_web_call_t *call, evprof_buf_t *out,
                   evprof_error_t *err);

/* The saved settings. */
int evprof_web_settings(evprof_web_call_t *call, evprof_buf_t *out,
                        evprof_error_t *err);

/* Whether a profile is being fetched, or which index the fetched one has. */
int evprof_web_live(evprof_web_call_t *call, evprof_buf_t *out,
                    evprof_error_t *err);

/* ---- Requests that are not views: these make the whole answer ---- */

/* The profile as a file. */
int evprof_web_download(evprof_web_call_t *call, evprof_error_t *err);

/* The present view as a page that needs no server. */
int evprof_web_export(evprof_web_call_t *call, evprof_error_t *err);

/* Saves the options under a name. */
int evprof_web_save(evprof_web_call_t *call, evprof_error_t *err);

/* Deletes saved options. */
int evprof_web_remove(evprof_web_call_t *call, evprof_error_t *err);

/* Opens the profile in the request's body. */
int evprof_web_open(evprof_web_call_t *call, evprof_error_t *err);

/* Closes a profile that was opened so. */
int evprof_web_close(evprof_web_call_t *call, evprof_error_t *err);

/* Starts fetching a profile again. */
int evprof_web_reload(evprof_web_call_t *call, evprof_error_t *err);

/* ---- For views ---- */

/* The view of the request, from the cache if it is there. Valid until the next
 * request. */
int evprof_web_stacks(evprof_web_call_t *call, const evprof_seen_t **out,
                      evprof_error_t *err);

/* As above, and begins the answer's document, which the caller ends. */
int evprof_web_begin(evprof_web_call_t *call, const evprof_seen_t **seen,
                     evprof_document_t *d, evprof_buf_t *out,
                     evprof_error_t *err);

/* Appends what every page needs: metadata, the profile, notes, the open
 * profiles. */
void evprof_web_put_head(evprof_web_call_t *call, evprof_document_t *d,
                         const evprof_seen_t *seen);

/* Appends the list of the server's profiles. */
void evprof_web_put_kinds(const evprof_web_call_t *call, evprof_buf_t *out);

/* Whether no profile was taken yet, in a UI inside a server. */
bool evprof_web_is_empty(const evprof_web_call_t *call);

/* Answers with the page of a view: the HTML shell with the view's document. */
void evprof_web_page(evprof_web_call_t *call, const char *name,
                     evprof_web_view_fn view);

/* The HTTP code for a status. */
int evprof_web_code(int status);

/* Makes the answer plain text. */
void evprof_web_text(evprof_web_answer_t *answer, int code, const char *text);

/* Compresses the body where that makes it smaller and sets its ETag; answers
 * 304 when the client has this version. */
void evprof_web_finish(const evprof_web_ask_t *ask,
                       evprof_web_answer_t *answer);

#endif
