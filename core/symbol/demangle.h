/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_DEMANGLE_H
#define EVPROF_SYMBOL_DEMANGLE_H

/*
 * The readable form of a mangled C++ name, to be freed; NULL: the name is not
 * mangled or is malformed, or the process has no demangler. May start a thread
 * that asks the loader for one, and wait up to 200 ms for it. Not for handlers.
 * MT-Safe.
 */
char *evprof_demangle(const char *name);

#endif
