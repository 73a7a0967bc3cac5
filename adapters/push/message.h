/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_MESSAGE_H
#define EVPROF_PUSH_MESSAGE_H

/*
 * A message is one profile with the labels of its series, as bytes: Pyroscope's
 * PushRequest. The queue and the spool keep it in this form whatever engine it
 * is for, and the form that the engine takes is made when it is sent.
 */

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/conf/conf.h"

/* Makes one of a profile in gzip; `profile` is our word for its type. Labels
 * that the configuration lacks are added: service_name, instance.
 * EVPROF_ENOMEM.
 */
int evprof_push_message(const evprof_push_conf_t *conf, const char *profile,
                        const evprof_buf_t *bytes, evprof_buf_t *out);

/* What an engine takes for a message. */
typedef struct evprof_push_form {
    const char *type; /* Content-Type */
    evprof_buf_t url; /* whole */
    evprof_buf_t body;
} evprof_push_form_t;

enum evprof_push_way {
    EVPROF_PUSH_CONNECT, /* push.v1.PusherService/Push */
    EVPROF_PUSH_INGEST,  /* Pyroscope before that */
    EVPROF_PUSH_WRITERAW,
};

/* Makes the form for a way; free it after. EVPROF_EPARSE: it is no message (a
 * file of somebody else's); EVPROF_ENOMEM. */
int evprof_push_form(enum evprof_push_way way, const char *url,
                     const evprof_buf_t *message, evprof_push_form_t *out);
void evprof_push_form_free(evprof_push_form_t *form);

#endif
