/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing byte strings. Capacity doubles, so that n appends cost O(n) copies;
 * one byte beyond `len` is always kept for the closing NUL.
 */
#include "core/base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/bulk.h"

/* Small enough for a short message, large enough to skip the first doublings.
 */
#define MIN_CAPACITY 64

void
evprof_buf_free(evprof_buf_t *buf)
{
    if (buf->is_bulk) {
        evprof_bulk_free(buf->data, buf->cap);
    } else {
        free(buf->data);
    }
    *buf = (evprof_buf_t){ .is_bulk = buf->is_bulk };
}

void
evprof_buf_clear(evprof_buf_t *buf)
{
    buf->len = 0;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

bool
evprof_buf_reserve(evprof_buf_t *buf, size_t more)
{
    if (buf->failed || more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->cap) {
        return true;
    }
    size_t cap = buf->cap < MIN_CAPACITY ? MIN_CAPACITY : buf->cap;
    while (cap < need) {
        cap *= 2;
    }
    char *data = buf->is_bulk ? evprof_bulk_resize(buf->data, buf->cap, cap)
                              : realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void
evprof_buf_add(evprof_buf_t *buf, const void *data, size_t len)
{
    if (!evprof_buf_reserve(buf, len)) {
        return;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, data, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void
evprof_buf_puts(evprof_buf_t *buf, const char *text)
{
    evprof_buf_add(buf, text, strlen(text));
}

void
evprof_buf_putc(evprof_buf_t *buf, char c)
{
    evprof_buf_add(buf, &c, 1);
}

void
evprof_buf_put_uint(evprof_buf_t *buf, uint64_t value)
{
    char digits[20]; /* of the largest value */
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    evprof_buf_add(buf, digits + at, sizeof(digits) - at);
}

void
evprof_buf_put_int(evprof_buf_t *buf, int64_t value)
{
    if (value < 0) {
        evprof_buf_putc(buf, '-');
    }
    evprof_buf_put_uint(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void
evprof_buf_vprintf(evprof_buf_t *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0 || !evprof_buf_reserve(buf, (size_t)len)) {
        buf->failed = true;
        return;
    }
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
}

void
evprof_buf_printf(evprof_buf_t *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(buf, format, args);
    va_end(args);
}

static int
write_to_buf(void *ctx, const void *data, size_t len)
{
    evprof_buf_t *buf = ctx;
    evprof_buf_add(buf, data, len);
    return buf->failed ? EVPROF_ENOMEM : EVPROF_OK;
}

evprof_writer_t
evprof_writer_buf(evprof_buf_t *buf)
{
    return (evprof_writer_t){ .write = write_to_buf, .ctx = buf };
}

int
evprof_buf_write(const evprof_buf_t *buf, const evprof_writer_t *out)
{
    if (buf->failed) {
        return EVPROF_ENOMEM;
    }
    return buf->len == 0 ? EVPROF_OK
                         : out->write(out->ctx, buf->data, buf->len);
}
