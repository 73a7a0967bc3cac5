/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_FORM_H
#define EVPROF_PUSH_FORM_H

/* The forms in which engines take a message: the address, the content type and
 * the body of a request. */

#include <evprof/status.h>

#include "core/base/buf.h"

/* A message in the form of one engine. */
typedef struct evprof_push_form {
    const char *type; /* Content-Type */
    evprof_buf_t url; /* whole */
    evprof_buf_t body;
} evprof_push_form_t;

enum evprof_push_way {
    EVPROF_PUSH_CONNECT,  /* push.v1.PusherService/Push */
    EVPROF_PUSH_INGEST,   /* Pyroscope before that */
    EVPROF_PUSH_WRITERAW, /* Parca's gRPC, in the frame of one message */
};

/* Makes the form for the engine that `way` names; the caller frees it.
 * EVPROF_EPARSE: `message` is not one of ours, as a foreign file in the spool;
 * EVPROF_ENOMEM. */
int evprof_push_form(enum evprof_push_way way, const char *url,
                     const evprof_buf_t *message, evprof_push_form_t *out);

/* Frees the form's address and body. */
void evprof_push_form_free(evprof_push_form_t *form);

#endif
