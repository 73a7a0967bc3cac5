/* SPDX-License-Identifier: Apache-2.0 */
/* A request to the web UI, as lines: path, query, a header, then a body.
 * Whatever it is, there is an answer with a code, and a page that holds it is
 * not ended by a name of the profile. */
#include <stdlib.h>
#include <string.h>

#include "adapters/web/web.h"
#include "tests/fuzz/fuzz.h"

static const char folded[] = "main;work;work;rest 60\nmain;</script> 40\n";

static evprof_site_t *
make_site(void)
{
    evprof_options_t options;
    evprof_site_t *site = NULL;
    evprof_pprof_t *p = NULL;
    if (evprof_options_init(&options, NULL) != 0 ||
        evprof_format_read(evprof_formats, folded, strlen(folded), &p, NULL) !=
            0) {
        abort();
    }
    const evprof_site_setup_t setup = { .name = "fuzz",
                                        .profile = p,
                                        .options = &options,
                                        .formats = evprof_formats };
    if (evprof_site_new(&setup, &site, NULL) != 0) {
        abort();
    }
    evprof_options_free(&options);
    return site;
}

/* The next line of the text, which is cut there. */
static char *
next_line(char **text)
{
    char *line = *text;
    char *newline = strchr(line, '\n');
    if (newline != NULL) {
        *newline = '\0';
        *text = newline + 1;
    } else {
        *text = line + strlen(line);
    }
    return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static evprof_site_t *site;
    static unsigned requests;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    if (site == NULL || requests++ % 1000 == 0) {
        evprof_site_free(site);
        site = make_site();
    }
    memcpy(text, data, size);
    text[size] = '\0';
    char *at = text;
    evprof_web_ask_t ask = { .path = next_line(&at),
                             .query = next_line(&at),
                             .if_none_match = next_line(&at),
                             .token = evprof_site_token(site) };
    ask.method = size % 5 == 0 ? EVPROF_WEB_POST : EVPROF_WEB_GET;
    ask.body = at;
    ask.body_len = size - (size_t)(at - text);
    evprof_web_answer_t answer;
    evprof_site_answer(site, &ask, &answer);
    if (answer.code < 200 || answer.code > 599) {
        abort();
    }
    evprof_web_answer_free(&answer);
    free(text);
    return 0;
}
