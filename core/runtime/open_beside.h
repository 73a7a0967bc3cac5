/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_OPEN_BESIDE_H
#define EVPROF_RUNTIME_OPEN_BESIDE_H

#include <evprof/export.h>

/*
 * Opens a shared object of ours that is loaded only where the configuration
 * asks for what it does: from evprof/ below the library's folder, where it is
 * installed, from that folder itself in a build folder, and from ../lib for
 * programs that hold this code themselves. It is never unloaded. NULL: it is
 * not there, and dlerror() says why.
 */
EVPROF_API void *evprof_open_beside(const char *name);

#endif
