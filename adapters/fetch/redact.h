/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_REDACT_H
#define EVPROF_FETCH_REDACT_H

/* A copy of any URL in which a password is "xxxxx"; the caller frees it. NULL:
 * out of memory. */
char *evprof_url_redact(const char *url);

#endif
