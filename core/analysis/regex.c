/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain words are searched for by strstr's kin, which most filters are. Others
 * go through PCRE2's compiled code under a limit on backtracking. An expression
 * that ever reaches the limit is from then on matched by PCRE2's breadth-first
 * algorithm, which keeps all alternatives at once and never backtracks; it
 * costs more on simple texts, which is why it does not come first. That one
 * needs valid UTF-8, so bad bytes become U+FFFD, which is what Go takes them
 * for.
 */
#include "core/analysis/regex.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/analysis/regex_syntax.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/utf8.h"

/* A name matches within hundreds of steps; this is some milliseconds. */
#define MATCH_LIMIT 100000

#define NEST_LIMIT 1100

/* States of the breadth-first matcher; PCRE2 asks for 20 at the least. */
#define WORKSPACE_COUNT ((size_t)4096)

struct evprof_regex {
    evprof_regex_text_t text;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    int *workspace; /* made when the limit is first reached */
    evprof_buf_t clean;
};

static pcre2_code *
compile(const evprof_regex_text_t *text, int *error)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL) {
        return NULL;
    }
    size_t where = 0;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, NEST_LIMIT);
    const char *pattern = text->pattern.data == NULL ? "" : text->pattern.data;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, text->pattern.len,
                      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE,
                      error, &where, context);
    pcre2_compile_context_free(context);
    return code;
}

static int
prepare(evprof_regex_t *re, const char *pattern, evprof_error_t *err)
{
    int error = 0;
    re->code = compile(&re->text, &error);
    if (re->code == NULL) {
        unsigned char why[128] = "out of memory";
        pcre2_get_error_message(error, why, sizeof(why));
        return evprof_fail(err, EVPROF_EPARSE, "%s: `%s`", (const char *)why,
                           pattern);
    }
    pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
    re->match = pcre2_match_data_create(1, NULL);
    re->limits = pcre2_match_context_create(NULL);
    if (re->match == NULL || re->limits == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "regexp: out of memory");
    }
    pcre2_set_match_limit(re->limits, MATCH_LIMIT);
    return EVPROF_OK;
}

int
evprof_regex_new(const char *pattern, evprof_regex_t **out, evprof_error_t *err)
{
    evprof_regex_t *re = calloc(1, sizeof(*re));
    if (re == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "regexp: out of memory");
    }
    int status = evprof_regex_translate(pattern, &re->text, err);
    if (status == EVPROF_OK && !re->text.is_literal) {
        status = prepare(re, pattern, err);
    }
    if (status != EVPROF_OK) {
        evprof_regex_free(re);
        return status;
    }
    *out = re;
    return EVPROF_OK;
}

void
evprof_regex_free(evprof_regex_t *re)
{
    if (re == NULL) {
        return;
    }
    evprof_regex_text_free(&re->text);
    evprof_buf_free(&re->clean);
    pcre2_code_free(re->code);
    pcre2_match_data_free(re->match);
    pcre2_match_context_free(re->limits);
    free(re->workspace);
    free(re);
}

/* When memory is out, nothing matches. */
static bool
match_breadth(evprof_regex_t *re, const char *text, size_t len)
{
    if (re->workspace == NULL) {
        re->workspace = calloc(WORKSPACE_COUNT, sizeof(*re->workspace));
    }
    return re->workspace != NULL &&
           pcre2_dfa_match(re->code, (PCRE2_SPTR)text, len, 0,
                           PCRE2_DFA_SHORTEST | PCRE2_NO_UTF_CHECK, re->match,
                           NULL, re->workspace, WORKSPACE_COUNT) >= 0;
}

static bool
match_valid(evprof_regex_t *re, const char *text, size_t len)
{
    if (re->workspace != NULL) {
        return match_breadth(re, text, len);
    }
    int result = pcre2_match(re->code, (PCRE2_SPTR)text, len, 0,
                             PCRE2_NO_UTF_CHECK, re->match, re->limits);
    if (result >= 0 || result == PCRE2_ERROR_NOMATCH) {
        return result >= 0;
    }
    return match_breadth(re, text, len);
}

bool
evprof_regex_match_len(evprof_regex_t *re, const char *text, size_t len)
{
    if (re->text.is_literal) {
        const evprof_buf_t *word = &re->text.literal;
        return word->len == 0 ||
               memmem(text, len, word->data, word->len) != NULL;
    }
    if (evprof_utf8_valid(text, len)) {
        return match_valid(re, text, len);
    }
    evprof_buf_clear(&re->clean);
    evprof_utf8_clean(&re->clean, text, len);
    return !re->clean.failed && match_valid(re, re->clean.data, re->clean.len);
}

bool
evprof_regex_match(evprof_regex_t *re, const char *text)
{
    return evprof_regex_match_len(re, text, strlen(text));
}
