/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people, on standard error. On a terminal what could steer it is
 * shown as escapes: names and texts of servers are part of messages. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cli/cli.h"
#include "core/base/visible.h"

#define RED "\033[0;31m"
#define PLAIN "\033[0m"

/* Writes what was made of a format: with lines it is a text of our own, whose
 * newlines stay; else it is one line, whatever came into it. */
static void
write_text(evprof_buf_t *text, bool is_red, bool has_lines)
{
    evprof_buf_t out = { 0 };
    const char *data = text->len > 0 ? text->data : "";
    size_t len = text->len;
    size_t first = !has_lines && len > 0 && data[0] == '\n' ? 1 : 0;
    len -= len > first && data[len - 1] == '\n' ? 1 : 0;
    evprof_buf_puts(&out, is_red ? RED : "");
    evprof_buf_add(&out, data, first);
    evprof_visible_add(&out, data + first, len - first,
                       has_lines ? "\n\t" : "");
    evprof_buf_puts(&out, is_red ? "\n" PLAIN : "\n");
    if (!out.failed && !text->failed) {
        fwrite(out.data, 1, out.len, stderr);
    }
    evprof_buf_free(&out);
    evprof_buf_free(text);
}

void
cli_complain(const char *format, ...)
{
    evprof_buf_t text = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&text, format, args);
    va_end(args);
    write_text(&text, isatty(STDERR_FILENO) != 0, false);
}

void
cli_tell(const char *format, ...)
{
    evprof_buf_t text = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&text, format, args);
    va_end(args);
    write_text(&text, false, true);
}

static void
say(void *ctx, const char *line)
{
    (void)ctx;
    cli_complain("%s", line);
}

const evprof_notice_t cli_notice = { .say = say };
