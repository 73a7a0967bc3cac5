/* SPDX-License-Identifier: Apache-2.0 */
/* The first program to profile: it knows nothing of HTTP, appends to a list and
 * logs, and opens a port for its profiles in one line. usage: evprof-first
 * [ADDRESS] [ROUNDS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evhttp.h>

static char **lines;
static size_t line_count;

static size_t
append_line(const char *text)
{
    char **grown = realloc(lines, (line_count + 1) * sizeof(*lines));
    if (grown == NULL) {
        return line_count;
    }
    lines = grown;
    lines[line_count++] = strdup(text);
    return line_count;
}

static void
forget_lines(void)
{
    while (line_count > 0) {
        free(lines[--line_count]);
    }
}

int
main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:6060";
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : -1;
    evprof_error_t err;
    if (evprof_listen(evprof_new(NULL, NULL), address, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    for (long round = 0; round != rounds; round++) {
        while (append_line("https://example.com/a/line/to/keep") < 100000) {
        }
        printf("round %ld: %zu lines\n", round, line_count);
        fflush(stdout);
        forget_lines();
    }
    free(lines);
    return EXIT_SUCCESS;
}
