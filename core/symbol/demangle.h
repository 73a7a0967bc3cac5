/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_DEMANGLE_H
#define EVPROF_SYMBOL_DEMANGLE_H

/*
 * The readable form of a C++ linker name, to be freed; NULL when the name is
 * not mangled, cannot be read, or nothing in the process can demangle. May make
 * a thread, which asks the loader, and wait for it for a moment: never in a
 * handler. MT-Safe.
 */
char *evprof_demangle(const char *name);

#endif
