/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_CALL_H
#define EVPROF_WEB_CALL_H

/*
 * One request on its way through a site, and what views have to do with it: a
 * view appends JSON to a buffer, which becomes the answer, or a part of the
 * page that shows it.
 */

#include "adapters/web/params.h"
#include "adapters/web/site.h"

typedef struct evprof_web_call {
    evprof_site_t *site;
    const evprof_web_ask_t *ask;
    evprof_params_t params;
    evprof_options_t options; /* of the site, with those of the URL */
    evprof_web_answer_t *answer;
} evprof_web_call_t;

/* Appends a document. A status other than EVPROF_OK with its reason. */
typedef int (*evprof_web_view_fn)(evprof_web_call_t *call, evprof_buf_t *out,
                                  evprof_error_t *err);

/* ---- Views, one file each ---- */

/* The flame graph: see flame.c for its parameters. */
int evprof_web_flame(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* The table of functions; peek is the same seen from one row. */
int evprof_web_table(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* Callers and callees of one place. */
int evprof_web_calls(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* What a regular expression finds. */
int evprof_web_search(evprof_web_call_t *call, evprof_buf_t *out,
                      evprof_error_t *err);

/* Source lines with their weights, or an index of them. */
int evprof_web_source(evprof_web_call_t *call, evprof_buf_t *out,
                      evprof_error_t *err);

/* The machine code of a function. */
int evprof_web_asm(evprof_web_call_t *call, evprof_buf_t *out,
                   evprof_error_t *err);

/* The call graph, with where its nodes go. */
int evprof_web_graph(evprof_web_call_t *call, evprof_buf_t *out,
                     evprof_error_t *err);

/* The profile as text. */
int evprof_web_raw(evprof_web_call_t *call, evprof_buf_t *out,
                   evprof_error_t *err);

/* The saved settings. */
int evprof_web_settings(evprof_web_call_t *call, evprof_buf_t *out,
                        evprof_error_t *err);

/* Whether a profile is on its way, or where the one that came is. */
int evprof_web_live(evprof_web_call_t *call, evprof_buf_t *out,
                    evprof_error_t *err);

/* ---- What is no view: the whole answer is theirs ---- */

/* The profile as a file. */
int evprof_web_download(evprof_web_call_t *call, evprof_error_t *err);

/* What is shown as one page that needs no server. */
int evprof_web_export(evprof_web_call_t *call, evprof_error_t *err);

/* Saves the options under a name. */
int evprof_web_save(evprof_web_call_t *call, evprof_error_t *err);

/* Deletes saved options. */
int evprof_web_remove(evprof_web_call_t *call, evprof_error_t *err);

/* Opens the profile in the body. */
int evprof_web_open(evprof_web_call_t *call, evprof_error_t *err);

/* Closes one that was opened. */
int evprof_web_close(evprof_web_call_t *call, evprof_error_t *err);

/* Begins to get a profile anew. */
int evprof_web_reload(evprof_web_call_t *call, evprof_error_t *err);

/* ---- For views ---- */

/* The view of the request, from the cache where it is there. Valid until the
 * next request. */
int evprof_web_stacks(evprof_web_call_t *call, const evprof_seen_t **out,
                      evprof_error_t *err);

/* The same, and begins the document that answers with it, which the caller
 * ends. */
int evprof_web_begin(evprof_web_call_t *call, const evprof_seen_t **seen,
                     evprof_document_t *d, evprof_buf_t *out,
                     evprof_error_t *err);

/* Appends what every page needs: meta, profile, notes, the open profiles. */
void evprof_web_put_head(evprof_web_call_t *call, evprof_document_t *d,
                         const evprof_seen_t *seen);

/* Appends the list of the server's profiles. */
void evprof_web_put_kinds(const evprof_web_call_t *call, evprof_buf_t *out);

/* True while no profile was taken yet, in a UI that a server mounts. */
bool evprof_web_is_empty(const evprof_web_call_t *call);

/* The page of a view: the shell with the view's document in it. */
void evprof_web_page(evprof_web_call_t *call, const char *name,
                     evprof_web_view_fn view);

/* The code for a status. */
int evprof_web_code(int status);

/* Makes the answer a text. */
void evprof_web_text(evprof_web_answer_t *answer, int code, const char *text);

/* Compresses the body where that pays and sets its ETag; answers 304 when the
 * client has it. */
void evprof_web_finish(const evprof_web_ask_t *ask,
                       evprof_web_answer_t *answer);

#endif
