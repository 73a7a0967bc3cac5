/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_VISIBLE_H
#define EVPROF_BASE_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/*
 * Text from profiles, files and servers, made safe to look at: control bytes,
 * which may steer a terminal, characters that change the direction of writing
 * or end a line, and bytes that are no UTF-8 are shown as escapes, \x1b,
 * \u202e, \n. What is there already is not marked: a backslash stays one.
 */

/* True when all of the text may be shown as it is. MT-Safe. */
bool evprof_visible_is(const char *text, size_t len);

/* Appends the text with escapes; characters of `kept` ("\n\t") stay. MT-Safe.
 */
void evprof_visible_add(evprof_buf_t *out, const char *text, size_t len,
                        const char *kept);

#endif
