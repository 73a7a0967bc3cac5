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

#endif
