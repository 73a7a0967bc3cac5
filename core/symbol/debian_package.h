/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_DEBIAN_PACKAGE_H
#define EVPROF_SYMBOL_DEBIAN_PACKAGE_H

#include <stdbool.h>

#include "core/base/buf.h"

/*
 * Appends the name of the Debian package that brings debug information for the
 * installed file, "libevent-2.1-7-dbgsym"; false: the file is of no package, or
 * this is no Debian. Reads dpkg's lists, which takes some milliseconds.
 */
bool evprof_debug_package(const char *path, evprof_buf_t *out);

#endif
