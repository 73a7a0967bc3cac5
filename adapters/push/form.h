/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_FORM_H
#define EVPROF_PUSH_FORM_H

/* The forms in which engines take a message: address, type and body. */

#include <evprof/status.h>

#include "core/base/buf.h"

/* What an engine takes for a message. */
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

/* Makes the form for a way; free it after. EVPROF_EPARSE: it is no message (a
 * file of somebody else's); EVPROF_ENOMEM. */
int evprof_push_form(enum evprof_push_way way, const char *url,
                     const evprof_buf_t *message, evprof_push_form_t *out);

/* Frees the form's address and body. */
void evprof_push_form_free(evprof_push_form_t *form);

#endif
