/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_CLIENT_H
#define TESTS_FAULT_CLIENT_H

#include <stddef.h>

/* Asks for a path below /debug/pprof/ and reads the whole reply as a string;
 * its length, 0: none. */
size_t client_fetch(unsigned short port, const char *path, char *reply,
                    size_t size);

#endif
