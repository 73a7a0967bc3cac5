/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_JUDGE_H
#define EVPROF_FETCH_JUDGE_H

#include <stdbool.h>

#include "core/base/buf.h"

/* What a server answered. */
typedef struct evprof_answer {
    long status;           /* 200 */
    char status_text[128]; /* "200 OK", as the server wrote it */
    char content_type[128];
    bool is_from_pprof;  /* the header X-Go-Pprof was there */
    char location[2048]; /* of a redirect */
    char retry_after[32];
    char grpc_status[16]; /* "" unless a gRPC server has answered */
    char grpc_message[160];
    evprof_buf_t body;
} evprof_answer_t;

/*
 * Appends to `why` what is wrong with an answer, as `go tool pprof` words it:
 * "server response: 404 Not Found", with the body when pprof itself speaks.
 * True and nothing appended: the body may be a profile.
 */
bool evprof_answer_judge(const evprof_answer_t *answer, evprof_buf_t *why);

/* Whether the answer is a web page for people, of any status. */
bool evprof_answer_is_page(const evprof_answer_t *answer);

#endif
