/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_REGEX_SYNTAX_H
#define EVPROF_ANALYSIS_REGEX_SYNTAX_H

#include <stdbool.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/* An expression of Go's syntax in PCRE2's. */
typedef struct evprof_regex_text {
    evprof_buf_t pattern;
    evprof_buf_t literal; /* the text to look for, when is_literal */
    bool is_literal;
} evprof_regex_text_t;

/*
 * Translates `source`. EVPROF_EPARSE with what is wrong and where, "a closing ]
 * is missing: `[a`"; EVPROF_ENOMEM. `out` is to be freed either way.
 */
int evprof_regex_translate(const char *source, evprof_regex_text_t *out,
                           evprof_error_t *err);

/* Frees the translated pattern; NULL is ignored. */
void evprof_regex_text_free(evprof_regex_text_t *t);

#endif
