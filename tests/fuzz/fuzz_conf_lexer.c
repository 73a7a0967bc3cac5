/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer on any bytes: it ends, its places never go back, and its words fit
 * their bound.
 */
#include <stdlib.h>
#include <string.h>

#include "core/conf/lexer.h"
#include "tests/fuzz/fuzz.h"

static int
is_behind(const evprof_place_t *a, const evprof_place_t *b)
{
    return a->line > b->line || (a->line == b->line && a->column >= b->column);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    evprof_arena_t arena = { 0 };
    evprof_problems_t problems = { 0 };
    evprof_lexer_t lexer = { .arena = &arena, .problems = &problems };
    evprof_token_t token;
    evprof_place_t last = { 0 };
    size_t tokens = 0;
    evprof_lexer_init(&lexer, len == 0 ? "" : (const char *)data, len);
    do {
        if (evprof_lexer_next(&lexer, &token) != 0 || tokens++ > len + 1 ||
            !is_behind(&token.place, &last)) {
            abort();
        }
        if (token.kind == EVPROF_TOKEN_WORD &&
            strlen(token.text) > EVPROF_WORD_MAX) {
            abort();
        }
        last = token.place;
    } while (token.kind != EVPROF_TOKEN_END);
    evprof_problems_free(&problems);
    evprof_arena_free(&arena);
    return 0;
}
