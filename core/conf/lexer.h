/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_LEXER_H
#define EVPROF_CONF_LEXER_H

#include "core/conf/problems.h"

enum evprof_token_kind {
    EVPROF_TOKEN_END,
    EVPROF_TOKEN_WORD,
    EVPROF_TOKEN_SEMICOLON,
    EVPROF_TOKEN_OPEN,
    EVPROF_TOKEN_CLOSE,
};

/* Longer words are a mistake, mostly a quote that was not closed. */
#define EVPROF_WORD_MAX 4096

typedef struct evprof_token {
    enum evprof_token_kind kind;
    const char *text; /* of a word, escapes resolved; in the lexer's arena */
    evprof_place_t place;
} evprof_token_t;

/* Reads tokens from text in memory. */
typedef struct evprof_lexer {
    const char *next;
    const char *end;
    evprof_place_t place; /* of *next */
    evprof_arena_t *arena;
    evprof_problems_t *problems;
} evprof_lexer_t;

/* `text` must stay until the last token is read; the words are copies. */
void evprof_lexer_init(evprof_lexer_t *lexer, const char *text, size_t len);

/*
 * Reads the next token. Mistakes are added to the problems, and reading
 * continues after them. EVPROF_ENOMEM.
 */
int evprof_lexer_next(evprof_lexer_t *lexer, evprof_token_t *out);

#endif
