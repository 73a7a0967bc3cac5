/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_SCHEME_H
#define EVPROF_BASE_SCHEME_H

/* The schemes of URLs that a server or the tool can send requests to: the one
 * list, for directives and for adapters/fetch. */

#include <stddef.h>

enum evprof_scheme {
    EVPROF_SCHEME_NONE, /* none of the following */
    EVPROF_SCHEME_HTTP,
    EVPROF_SCHEME_HTTPS,
    EVPROF_SCHEME_INSECURE, /* https+insecure: certificates are not checked */
    EVPROF_SCHEME_UNIX,     /* http+unix: the host is the path of a socket */
};

/* The scheme that a URL begins with, "://" included, in any case. `*len`, which
 * may be NULL, becomes the length of both together. MT-Safe. */
enum evprof_scheme evprof_scheme_of(const char *url, size_t *len);

/* The scheme of that name, which is in lower case: "https". MT-Safe. */
enum evprof_scheme evprof_scheme_named(const char *name);

/* The name of a scheme; "" for EVPROF_SCHEME_NONE. MT-Safe. */
const char *evprof_scheme_name(enum evprof_scheme scheme);

#endif
