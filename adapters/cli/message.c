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

__attribute__((format(printf, 1, 0))) static void
write_line(const char *format, va_list args, bool is_red)
{
    evprof_buf_t text = { 0 };
    evprof_buf_t line = { 0 };
    evprof_buf_vprintf(&text, format, args);
    evprof_buf_puts(&line, is_red ? RED : "");
    if (isatty(STDERR_FILENO) != 0 && text.len > 0) {
        evprof_visible_add(&line, text.data, text.len, "\n\t");
    } else {
        evprof_buf_add(&line, text.len > 0 ? text.data : "", text.len);
    }
    line.failed |= text.failed;
    if (!line.failed && (line.len == 0 || line.data[line.len - 1] != '\n')) {
        evprof_buf_putc(&line, '\n');
    }
    evprof_buf_puts(&line, is_red ? PLAIN : "");
    if (!line.failed) {
        fwrite(line.data, 1, line.len, stderr);
    }
    evprof_buf_free(&text);
    evprof_buf_free(&line);
}

void
cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(format, args, isatty(STDERR_FILENO) != 0);
    va_end(args);
}

void
cli_tell(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(format, args, false);
    va_end(args);
}

static void
say(void *ctx, const char *line)
{
    (void)ctx;
    cli_complain("%s", line);
}

const evprof_notice_t cli_notice = { .say = say };
