/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits text into words by nginx's grammar. A word ends at white space, `;`,
 * `{` or `}`; a quote or `#` is special only where a word may begin. A
 * backslash keeps the next character from ending the word; \t \r \n \" \' \\
 * stand for one character, and before any other character a backslash stands
 * for itself, so that patterns need not double it. Unlike in nginx, `}` too
 * ends a word: a missing `;` is then reported where it is missing.
 */
#include "core/conf/lexer.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/buf.h"

void
evprof_lexer_init(evprof_lexer_t *lexer, const char *text, size_t len)
{
    lexer->next = text;
    lexer->end = text + len;
    lexer->place.line = 1;
    lexer->place.column = 1;
}

static bool
at_end(const evprof_lexer_t *lexer)
{
    return lexer->next == lexer->end;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
ends_word(char c)
{
    return is_space(c) || c == ';' || c == '{' || c == '}';
}

static char
take(evprof_lexer_t *lexer)
{
    char c = *lexer->next++;
    if (c == '\n') {
        lexer->place.line++;
        lexer->place.column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        /* Bytes that continue a UTF-8 character are not columns. */
        lexer->place.column++;
    }
    return c;
}

static void
skip_blanks(evprof_lexer_t *lexer)
{
    while (!at_end(lexer)) {
        if (*lexer->next == '#') {
            while (!at_end(lexer) && *lexer->next != '\n') {
                take(lexer);
            }
        } else if (is_space(*lexer->next)) {
            take(lexer);
        } else {
            return;
        }
    }
}

static void
take_escape(evprof_lexer_t *lexer, evprof_buf_t *word)
{
    static const char from[] = "trn\"'\\";
    static const char to[] = "\t\r\n\"'\\";
    if (at_end(lexer)) {
        evprof_buf_putc(word, '\\');
        return;
    }
    char c = take(lexer);
    const char *known = c == '\0' ? NULL : strchr(from, c);
    if (known == NULL) {
        evprof_buf_putc(word, '\\');
        evprof_buf_putc(word, c);
    } else {
        evprof_buf_putc(word, to[known - from]);
    }
}

static void
take_plain(evprof_lexer_t *lexer, evprof_buf_t *word)
{
    while (!at_end(lexer) && !ends_word(*lexer->next)) {
        char c = take(lexer);
        if (c == '\\') {
            take_escape(lexer, word);
        } else {
            evprof_buf_putc(word, c);
        }
    }
}

static void
take_quoted(evprof_lexer_t *lexer, evprof_buf_t *word)
{
    evprof_place_t opening = lexer->place;
    char quote = take(lexer);
    while (!at_end(lexer) && *lexer->next != quote) {
        char c = take(lexer);
        if (c == '\\') {
            take_escape(lexer, word);
        } else {
            evprof_buf_putc(word, c);
        }
    }
    if (at_end(lexer)) {
        evprof_problems_add(lexer->problems, &opening,
                            "the quote %c is never closed", quote);
        return;
    }
    take(lexer);
    if (!at_end(lexer) && !ends_word(*lexer->next)) {
        evprof_problems_add(lexer->problems, &lexer->place,
                            "a space or ; must follow the closing quote %c",
                            quote);
    }
}

static int
take_word(evprof_lexer_t *lexer, evprof_token_t *token)
{
    evprof_buf_t word = { 0 };
    if (*lexer->next == '"' || *lexer->next == '\'') {
        take_quoted(lexer, &word);
    } else {
        take_plain(lexer, &word);
    }
    if (word.len > EVPROF_WORD_MAX) {
        evprof_problems_add(
            lexer->problems, &token->place,
            "this word of %zu bytes is too long, %d is the most", word.len,
            EVPROF_WORD_MAX);
        word.len = 0;
    }
    const char *text = word.data == NULL ? "" : word.data;
    token->kind = EVPROF_TOKEN_WORD;
    token->text =
        word.failed ? NULL : evprof_arena_strndup(lexer->arena, text, word.len);
    evprof_buf_free(&word);
    return token->text == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

int
evprof_lexer_next(evprof_lexer_t *lexer, evprof_token_t *out)
{
    skip_blanks(lexer);
    *out = (evprof_token_t){ .kind = EVPROF_TOKEN_END, .place = lexer->place };
    if (at_end(lexer)) {
        return EVPROF_OK;
    }
    switch (*lexer->next) {
    case ';':
        out->kind = EVPROF_TOKEN_SEMICOLON;
        break;
    case '{':
        out->kind = EVPROF_TOKEN_OPEN;
        break;
    case '}':
        out->kind = EVPROF_TOKEN_CLOSE;
        break;
    default:
        return take_word(lexer, out);
    }
    take(lexer);
    return EVPROF_OK;
}
