/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people, on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cli/cli.h"

#define RED "\033[0;31m"
#define PLAIN "\033[0m"

__attribute__((format(printf, 1, 0))) static void
write_line(const char *format, va_list args, bool is_red)
{
    evprof_buf_t line = { 0 };
    evprof_buf_puts(&line, is_red ? RED : "");
    evprof_buf_vprintf(&line, format, args);
    if (!line.failed && (line.len == 0 || line.data[line.len - 1] != '\n')) {
        evprof_buf_putc(&line, '\n');
    }
    evprof_buf_puts(&line, is_red ? PLAIN : "");
    if (!line.failed) {
        fwrite(line.data, 1, line.len, stderr);
    }
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
