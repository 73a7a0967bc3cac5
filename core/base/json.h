/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_JSON_H
#define EVPROF_BASE_JSON_H

#include "core/base/buf.h"

/*
 * Appends `text` as a JSON string. Bytes that are no UTF-8 become U+FFFD, and
 * "<" is escaped, so that the result may stand inside a script of a page.
 */
void evprof_json_string(evprof_buf_t *out, const char *text);

/* Appends `"key":` and the string. */
void evprof_json_member(evprof_buf_t *out, const char *key, const char *text);

#endif
