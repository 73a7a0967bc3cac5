/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of the DOT language: text from a profile cannot leave its quotes. */
#include <string.h>

#include "core/base/visible.h"
#include "core/report/dot.h"

/* Appends the inside of a quoted string in which `line` stands for a newline.
 * Control bytes have no place in a drawing. */
static void
escape(evprof_buf_t *out, const char *text, const char *line)
{
    evprof_buf_t visible = { 0 };
    evprof_visible_add(&visible, text, strlen(text), "\n");
    for (size_t i = 0; i < visible.len; i++) {
        char c = visible.data[i];
        if (c == '\n') {
            evprof_buf_puts(out, line);
            continue;
        }
        if (c == '\\' || c == '"') {
            evprof_buf_putc(out, '\\');
        }
        evprof_buf_putc(out, c);
    }
    out->failed |= visible.failed;
    evprof_buf_free(&visible);
}

void
evprof_dot_escape(evprof_buf_t *out, const char *text)
{
    escape(out, text, "\\l");
}

void
evprof_dot_escape_lines(evprof_buf_t *out, const char *text)
{
    escape(out, text, "\\n");
}

/* A unit that nothing is known of is shown as the profile has it. */
void
evprof_dot_print(evprof_dot_t *d, int64_t value)
{
    evprof_buf_t text = { 0 };
    evprof_view_print(d->view, &text, value);
    evprof_dot_escape(d->out, text.failed ? "" : text.data);
    d->out->failed |= text.failed;
    evprof_buf_free(&text);
}
