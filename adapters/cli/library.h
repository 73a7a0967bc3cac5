/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_LIBRARY_H
#define EVPROF_CLI_LIBRARY_H

#include <evprof/version.h>

/* The runtime library's name; the one without a number comes with packages for
 * development only. */
#define CLI_RUNTIME_TEXT(number) #number
#define CLI_RUNTIME_NAME(number) "libevprof.so." CLI_RUNTIME_TEXT(number)
#define CLI_RUNTIME CLI_RUNTIME_NAME(EVPROF_VERSION_MAJOR)

/*
 * Opens a shared object that is installed with the tool, below LIBDIR or in the
 * build folder: CLI_RUNTIME or "evprof/libevprof_fetch.so". NULL: it is not
 * there, and dlerror() says why. Kept for the life of the process.
 */
void *cli_open_library(const char *name, int dlopen_flags);

#endif
