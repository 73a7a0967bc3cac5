/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_CREDENTIALS_H
#define EVPROF_ACCESS_CREDENTIALS_H

/*
 * Files of users and of tokens. A file is read again for each check that the
 * cache cannot answer, so that changes apply at once and no secret stays in
 * memory.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/access/secret.h"
#include "core/conf/conf.h"
#include "core/conf/source.h"

/*
 * NULL when the file can be read and every line is valid; else a fragment that
 * names the file and the line and never shows the line's text.
 */
const char *evprof_users_check(evprof_conf_t *cf, const char *path);

/* The same for a file of tokens, one a line. */
const char *evprof_tokens_check(evprof_conf_t *cf, const char *path);

/*
 * Whether the file has this user with this password ("NAME:PASSWORD", in secret
 * memory). `id` becomes the state of the file that was read. Blocks.
 */
bool evprof_users_have(const char *path, const evprof_secret_t *name_password,
                       evprof_file_id_t *id);

/* Whether the file has this token of `len` bytes. All lines are compared, in a
 * time that does not depend on their contents. Blocks. */
bool evprof_tokens_have(const char *path, const char *token, size_t len,
                        evprof_file_id_t *id);

/* Decodes base64 with its padding (RFC 4648) and adds a NUL; false: it is
 * malformed, or `out` is too small. */
bool evprof_base64_decode(const char *text, size_t len, evprof_secret_t *out);

#endif
