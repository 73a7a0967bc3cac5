/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_SECRET_H
#define EVPROF_FETCH_SECRET_H

#include <evprof/status.h>

/*
 * Secrets come from files, the environment or a prompt, since a command line
 * can be read by every user. What holds one is wiped before it is freed.
 */

/* The first line of a file, without its end. EVPROF_EIO, EVPROF_EPARSE when it
 * is empty or longer than 64 KiB. Free it with evprof_secret_free(). */
int evprof_fetch_secret_read(const char *path, char **out, evprof_error_t *err);

/* Overwrites the secret and frees it; NULL is ignored. */
void evprof_secret_free(char *secret);

/* Keeps secrets out of core dumps of this process and from its debuggers. */
void evprof_secret_guard(void);

/*
 * "name:password" from what -proxy_user says: as it is, from "@file", or with a
 * password from EVPROF_PROXY_PASSWORD or the terminal when only a name is
 * given.
 */
int evprof_secret_user(const char *said, char **out, evprof_error_t *err);

#endif
