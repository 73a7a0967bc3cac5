/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_DEBIAN_PACKAGE_H
#define EVPROF_SYMBOL_DEBIAN_PACKAGE_H

#include <stdbool.h>

#include "core/base/buf.h"

/*
 * Appends the name of the Debian package with the debug information of an
 * installed file, such as "libevent-2.1-7-dbgsym"; false: the file belongs to
 * no package, or the system is not Debian. Reads dpkg's lists, which takes some
 * milliseconds.
 */
bool evprof_debug_package(const char *path, evprof_buf_t *out);

#endif
