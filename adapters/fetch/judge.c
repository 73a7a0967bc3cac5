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
is_page(const evprof_answer_t *answer)
{
    if (strncasecmp(answer->content_type, "text/html", 9) == 0) {
        return true;
    }
    const evprof_buf_t *body = &answer->body;
    size_t i = 0;
    while (i < body->len && isspace((unsigned char)body->data[i])) {
        i++;
    }
    return (body->len - i >= 9 &&
            strncasecmp(body->data + i, "<!doctype", 9) == 0) ||
           (body->len - i >= 5 && strncasecmp(body->data + i, "<html", 5) == 0);
}

/* One line of a body, for a message: control characters become spaces. */
static void
add_line(evprof_buf_t *why, const evprof_buf_t *body)
{
    size_t len = body->len;
    while (len > 0 && isspace((unsigned char)body->data[len - 1])) {
        len--;
    }
    for (size_t i = 0; i < len && i < 1024; i++) {
        unsigned char c = (unsigned char)body->data[i];
        evprof_buf_putc(why, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

bool
evprof_answer_judge(const evprof_answer_t *answer, evprof_buf_t *why)
{
    if (answer->status != 200) {
        evprof_buf_printf(why, "server response: %ld%s%s", answer->status,
                          answer->reason[0] == '\0' ? "" : " ", answer->reason);
        if (answer->is_from_pprof &&
            strstr(answer->content_type, "text/plain") != NULL) {
            evprof_buf_puts(why, " - ");
            add_line(why, &answer->body);
        }
        return false;
    }
    if (answer->body.len == 0) {
        evprof_buf_puts(why, "the server sent nothing");
        return false;
    }
    if (is_page(answer)) {
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
