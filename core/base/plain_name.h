/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PLAIN_NAME_H
#define EVPROF_BASE_PLAIN_NAME_H

/*
 * Shorter forms of demangled names: "a::f<int>(long)" becomes "a::f". It reads
 * text only, so that it serves names of every demangler alike.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum {
    EVPROF_NAME_DROP_PARAMS = 1,        /* "f(int)" */
    EVPROF_NAME_DROP_TEMPLATES = 2,     /* "f<int>", "f::<int>" */
    EVPROF_NAME_DROP_LAMBDA_PARAMS = 4, /* "{lambda(int)#1}" */
    EVPROF_NAME_EMPTY_TEMPLATES = 8,    /* "f<int>" becomes "f<>" */
    EVPROF_NAME_EMPTY_SCOPES = 16,      /* "f(int)::g" becomes "f()::g" */
};

/*
 * Appends `name` without the parts that `drop` names. What belongs to an
 * operator's name, and "(anonymous namespace)", stays. A name whose brackets do
 * not match is appended as it is. MT-Safe.
 */
void evprof_plain_name(evprof_buf_t *out, const char *name, unsigned drop);

/*
 * The length of `symbol` without what a compiler appended to the name of a copy
 * or a part of a function: ".cold", ".isra.0", ".part.1", ".constprop.0",
 * ".lto_priv.0", ".llvm.123"; Go's ".abi0" alike. MT-Safe.
 */
size_t evprof_symbol_base_len(const char *symbol);

#endif
