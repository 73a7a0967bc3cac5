/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_VERSION_H
#define EVPROF_VERSION_H

/*
 * The version, of the headers a program was compiled with and of the library it
 * runs with. CMake, the packages and the tool read it here. What may change
 * from one to the next, CONTRIBUTING.md says.
 */

#include <evprof/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EVPROF_VERSION_MAJOR 0
#define EVPROF_VERSION_MINOR 2
#define EVPROF_VERSION_PATCH 0
#define EVPROF_VERSION "0.2.0"

/* Grows with every version: 1.2.3 is 10203, to be compared in #if. */
#define EVPROF_VERSION_NUMBER                                                  \
    (EVPROF_VERSION_MAJOR * 10000 + EVPROF_VERSION_MINOR * 100 +               \
     EVPROF_VERSION_PATCH)

/* The version of the library that runs, "0.2.0"; a constant. Any thread, and
 * async-signal-safe. */
EVPROF_API const char *evprof_version(void);

#ifdef __cplusplus
}
#endif

#endif
