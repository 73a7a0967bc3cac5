/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_UTF8_H
#define EVPROF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* True when the bytes are UTF-8 as RFC 3629 has it: no surrogates, no overlong
 * forms, nothing above U+10FFFF. */
bool evprof_utf8_valid(const char *text, size_t len);

/* How a NUL stands inside a text that ends with one: the two bytes that no
 * valid UTF-8 has. */
#define EVPROF_UTF8_NUL "\xc0\x80"

/* Appends `text` to `out` with its NULs hidden so. */
void evprof_utf8_hide_nul(evprof_buf_t *out, const char *text, size_t len);

/* Turns hidden NULs back, in place; `*len` shrinks by one for each. */
void evprof_utf8_show_nul(char *text, size_t *len);

/* Bytes of the valid sequence at the front of `text`; 0: there is none. `len`
 * is at least 1. */
size_t evprof_utf8_sequence(const char *text, size_t len);

/* Appends `text` to `out`, each byte that is not part of valid UTF-8 replaced
 * by U+FFFD, hidden NULs by a NUL. Protobuf strings must be UTF-8, file names
 * need not be. */
void evprof_utf8_clean(evprof_buf_t *out, const char *text, size_t len);

/* Characters in `text`; each byte that is not valid UTF-8 counts as one. */
size_t evprof_utf8_count(const char *text);

/* Appends `text` and spaces before or after it up to `width` characters. */
void evprof_utf8_pad_left(evprof_buf_t *out, const char *text, size_t width);

/* The same with the spaces behind the text. */
void evprof_utf8_pad_right(evprof_buf_t *out, const char *text, size_t width);

/* Appends `text` in double quotes with the escapes of C and Go, as messages
 * show what was typed. */
void evprof_utf8_quote(evprof_buf_t *out, const char *text);

#endif
