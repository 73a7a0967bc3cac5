/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are a status and one line of text in the caller's memory. They must
 * work inside an allocator and in low memory, so nothing here allocates.
 */
#include "core/base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
evprof_fail(evprof_error_t *err, int status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->message, sizeof(err->message), format, args);
        va_end(args);
        err->status = status;
    }
    return status;
}

const char *
evprof_errno_text(int code, char *out, size_t size)
{
    const char *text = strerrordesc_np(code);
    if (text == NULL) {
        snprintf(out, size, "error %d", code);
    } else {
        snprintf(out, size, "%s", text);
        out[0] = (char)tolower((unsigned char)out[0]);
    }
    return out;
}

const char *
evprof_status_text(int status)
{
    switch (status) {
#define STATUS_CASE(name, value, text)                                         \
    case name:                                                                 \
        return text;
        EVPROF_STATUS_MAP(STATUS_CASE)
#undef STATUS_CASE
    default:
        return "unknown status";
    }
}
