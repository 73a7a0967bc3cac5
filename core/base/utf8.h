/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_UTF8_H
#define EVPROF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* True when the bytes are UTF-8 as RFC 3629 has it: no surrogates, no overlong
 * forms, nothing above U+10FFFF. */
bool evprof_utf8_valid(const char *text, size_t len);

/* Appends `text` to `out`, each byte that is not part of valid UTF-8 replaced by
 * U+FFFD. Protobuf strings must be UTF-8, file names need not be. */
void evprof_utf8_clean(evprof_buf_t *out, const char *text, size_t len);

#endif
