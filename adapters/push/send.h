/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_SEND_H
#define EVPROF_PUSH_SEND_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/conf/conf.h"

/* How a message fared. */
enum evprof_push_fate {
    EVPROF_PUSH_SENT,
    EVPROF_PUSH_LATER,   /* the engine, or the way to it, is not there now */
    EVPROF_PUSH_FAILED,  /* the engine has failed, perhaps at this one */
    EVPROF_PUSH_REFUSED, /* the engine will never take it */
};

/* State of the connection to the engine, kept from one message to the next. */
typedef struct evprof_push_engine {
    const evprof_push_conf_t *conf;
    bool is_old;       /* Pyroscope without its push API */
    int64_t timeout_s; /* of one message */
    bool (*goes_on)(void *ctx);
    void *ctx;
} evprof_push_engine_t;

/* Sends one message. Where it fails, `err` says why, and `retry_s` is the pause
 * that the engine asks for, in seconds (0: none). */
enum evprof_push_fate evprof_push_send_one(evprof_push_engine_t *engine,
                                           const evprof_buf_t *message,
                                           long *retry_s, evprof_error_t *err);

/* The seconds that a header Retry-After asks for, by their number or by a date,
 * at most an hour; 0: none. MT-Safe. */
long evprof_push_retry_s(const char *text, time_t now);

#endif
