/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports on a terminal. The text is the same as in a pipe, but lines of tables
 * are cut where the window ends, headings are bold, and percentages are
 * coloured by how much they say. What could steer the terminal is shown as
 * escapes, wherever it came from.
 */
#include "adapters/cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/stream.h"
#include "core/base/visible.h"

#define BOLD "\033[1m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"
#define ELLIPSIS "\xe2\x80\xa6"

/* From this share on a number stands out. */
#define MUCH 10.0
#define SOME 1.0

typedef struct terminal {
    evprof_stream_t s;
    evprof_buf_t line;    /* as far as it has come */
    evprof_buf_t visible; /* the same as it is shown */
    size_t width;         /* 0: lines are not cut */
    bool has_color;
} terminal_t;

static bool
has_color(void)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    return term != NULL && strcmp(term, "dumb") != 0 &&
           (no_color == NULL || no_color[0] == '\0');
}

static size_t
terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return 80;
}

/* The length of the line that fits, in bytes; all of it if it does. */
static size_t
fitting_length(const char *line, size_t len, size_t width)
{
    size_t columns = 0;
    for (size_t i = 0; i < len; i++) {
        bool starts_character = ((unsigned char)line[i] & 0xc0) != 0x80;
        if (starts_character && columns++ == width) {
            return i;
        }
    }
    return len;
}

static const char *
color_of(double percent)
{
    return percent >= MUCH ? RED : percent >= SOME ? YELLOW : NULL;
}

/* Writes the line with its percentages coloured. */
static void
write_colored(evprof_buf_t *out, const char *line, size_t len)
{
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] != '%') {
            continue;
        }
        size_t start = i;
        while (start > done && strchr("0123456789.", line[start - 1]) != NULL) {
            start--;
        }
        const char *color =
            start < i ? color_of(strtod(line + start, NULL)) : NULL;
        if (color != NULL) {
            evprof_buf_add(out, line + done, start - done);
            evprof_buf_puts(out, color);
            evprof_buf_add(out, line + start, i + 1 - start);
            evprof_buf_puts(out, PLAIN);
            done = i + 1;
        }
    }
    evprof_buf_add(out, line + done, len - done);
}

static bool
is_heading(const char *line)
{
    return strncmp(line, "      flat  flat%", 17) == 0 ||
           strncmp(line, "ROUTINE ===", 11) == 0;
}

/* The line as it is shown; files of other systems end theirs with a CR. */
static const evprof_buf_t *
make_visible(terminal_t *t)
{
    size_t len = t->line.len;
    if (len > 0 && t->line.data[len - 1] == '\r') {
        len--;
    }
    evprof_buf_clear(&t->visible);
    evprof_visible_add(&t->visible, len > 0 ? t->line.data : "", len, "\t");
    evprof_buf_puts(&t->visible, "");
    return &t->visible;
}

static void
write_line(terminal_t *t)
{
    const evprof_buf_t *shown = make_visible(t);
    const char *line = shown->len > 0 ? shown->data : "";
    size_t len = shown->len;
    if (t->width > 0 && fitting_length(line, len, t->width) < len) {
        len = fitting_length(line, len, t->width - 1);
    }
    evprof_buf_t *out = &t->s.buf;
    if (!t->has_color) {
        evprof_buf_add(out, line, len);
    } else if (is_heading(line)) {
        evprof_buf_puts(out, BOLD);
        evprof_buf_add(out, line, len);
        evprof_buf_puts(out, PLAIN);
    } else {
        write_colored(out, line, len);
    }
    evprof_buf_puts(out, len < shown->len ? ELLIPSIS "\n" : "\n");
    evprof_buf_clear(&t->line);
    evprof_stream_poll(&t->s);
}

static int
write_text(void *ctx, const void *data, size_t len)
{
    terminal_t *t = ctx;
    const char *text = data;
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t part = newline != NULL ? (size_t)(newline - text) : len;
        evprof_buf_add(&t->line, text, part);
        if (newline != NULL) {
            write_line(t);
            part++;
        }
        text += part;
        len -= part;
    }
    return t->line.failed || t->visible.failed ? EVPROF_ENOMEM : t->s.status;
}

int
cli_terminal_write(evprof_view_t *view, evprof_error_t *err)
{
    evprof_writer_t screen = evprof_writer_fd(STDOUT_FILENO);
    bool is_cut =
        (evprof_view_request(view)->report->flags & EVPROF_REPORT_TABLE) != 0 &&
        !evprof_view_options(view)->wrap;
    terminal_t t = { .width = is_cut ? terminal_width() : 0,
                     .has_color = has_color() };
    evprof_stream_begin(&t.s, &screen);
    evprof_writer_t out = { .write = write_text, .ctx = &t };
    int status = evprof_view_write(view, &out, err);
    if (t.line.len > 0) {
        write_line(&t);
    }
    evprof_buf_free(&t.line);
    evprof_buf_free(&t.visible);
    int shown = evprof_stream_end(&t.s);
    if (status == EVPROF_OK && shown != EVPROF_OK) {
        return evprof_fail(err, shown, "standard output: write: %s",
                           strerror(errno));
    }
    return status;
}

void
cli_terminal_reset(void)
{
    if (isatty(STDOUT_FILENO) != 0 && has_color()) {
        fputs(PLAIN, stdout);
        fflush(stdout);
    }
}
