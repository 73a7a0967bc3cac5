/* SPDX-License-Identifier: Apache-2.0 */
/* Remarks that are no errors, handed to the caller of the report. */
#include <stdarg.h>

#include "core/report/view.h"

void
evprof_view_say(const evprof_view_t *view, const char *format, ...)
{
    const evprof_notice_t *notice = view->request.notice;
    if (notice == NULL || notice->say == NULL) {
        return;
    }
    evprof_buf_t line = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&line, format, args);
    va_end(args);
    if (!line.failed) {
        notice->say(notice->ctx, line.data);
    }
    evprof_buf_free(&line);
}
