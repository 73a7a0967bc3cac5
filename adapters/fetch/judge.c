/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer with status 200 is not yet a profile: gateways answer with their
 * login page. Telling that here spares the reader a complaint about a format.
 */
#include "adapters/fetch/judge.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* How much of a page is searched for words of a login form. */
#define LOOK_AT 16384

static bool
has_word(const evprof_buf_t *body, const char *word)
{
    size_t len = strlen(word);
    size_t end = body->len < LOOK_AT ? body->len : LOOK_AT;
    for (size_t i = 0; i + len <= end; i++) {
        if (strncasecmp(body->data + i, word, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool
begins_with(const evprof_buf_t *body, size_t at, const char *word)
{
    size_t len = strlen(word);
    return body->len >= len && at <= body->len - len &&
           strncasecmp(body->data + at, word, len) == 0;
}

bool
evprof_answer_is_page(const evprof_answer_t *answer)
{
    if (strncasecmp(answer->content_type, "text/html", 9) == 0) {
        return true;
    }
    const evprof_buf_t *body = &answer->body;
    size_t i = 0;
    while (i < body->len && isspace((unsigned char)body->data[i])) {
        i++;
    }
    return begins_with(body, i, "<!doctype") || begins_with(body, i, "<html");
}

/* A body as part of a message, which is one line. */
static void
add_text(evprof_buf_t *why, const evprof_buf_t *body)
{
    for (size_t i = 0; i < body->len && i < LOOK_AT; i++) {
        char c = body->data[i];
        if (iscntrl((unsigned char)c)) {
            c = ' ';
        }
        evprof_buf_putc(why, c);
    }
    while (why->len > 0 && why->data[why->len - 1] == ' ') {
        why->data[--why->len] = '\0';
    }
}

bool
evprof_answer_judge(const evprof_answer_t *answer, evprof_buf_t *why)
{
    if (answer->status != 200) {
        evprof_buf_printf(why, "the server answered %s", answer->status_text);
        if (answer->is_from_pprof &&
            strstr(answer->content_type, "text/plain") != NULL) {
            evprof_buf_puts(why, " - ");
            add_text(why, &answer->body);
        } else if (answer->status == 400 &&
                   has_word(&answer->body, "https port")) {
            evprof_buf_puts(why, ": it speaks TLS there; try https");
        }
        return false;
    }
    if (evprof_answer_is_page(answer)) {
        bool is_login = has_word(&answer->body, "password") ||
                        has_word(&answer->body, "log in") ||
                        has_word(&answer->body, "login") ||
                        has_word(&answer->body, "sign in");
        evprof_buf_puts(why, is_login ? "this is a login page, not a profile"
                                      : "this is a web page, not a profile");
        return false;
    }
    return true;
}
