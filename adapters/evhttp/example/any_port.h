/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLE_ANY_PORT_H
#define EXAMPLE_ANY_PORT_H

#include <event2/http.h>

/* Serves on a port of 127.0.0.1 that the system chooses, and prints the
 * address. Returns the program's exit status when the loop is left. */
int serve_on_any_port(void (*on_request)(struct evhttp_request *req,
                                         void *ctx));

#endif
