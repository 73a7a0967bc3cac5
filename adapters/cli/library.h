/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_LIBRARY_H
#define EVPROF_CLI_LIBRARY_H

/*
 * Opens a shared object that is installed with the tool, below LIBDIR or in the
 * build folder: "libevprof.so" or "evprof/libevprof_fetch.so". NULL: it is not
 * there, and dlerror() says why. Kept for the life of the process.
 */
void *cli_open_library(const char *name, int dlopen_flags);

#endif
