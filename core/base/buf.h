/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_BUF_H
#define EVPROF_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/writer.h>

/*
 * A byte string that grows. A failed allocation is remembered in `failed`, so
 * that a caller may append freely and check once, at the end; a failed buffer
 * ignores further appends. `data` always ends in a NUL that `len` leaves out.
 * Zero-initialised is empty and valid (then `data` is NULL), and its data is
 * malloc's, so that free() frees it. With `is_bulk`, set while it is empty, its
 * data is a piece of `cap` bytes of core/base/bulk.h: for what may be large.
 */
typedef struct evprof_buf {
    char *data;
    size_t len;
    size_t cap;
    bool failed;
    bool is_bulk;
} evprof_buf_t;

/* Frees the bytes and makes the buffer empty and valid again. */
void evprof_buf_free(evprof_buf_t *buf);

/* Empties the buffer but keeps its memory. */
void evprof_buf_clear(evprof_buf_t *buf);

/* Makes room for `more` further bytes; false when memory is out. */
bool evprof_buf_reserve(evprof_buf_t *buf, size_t more);

/* Appends `len` bytes. Out of memory sets `failed`, and later calls do nothing.
 */
void evprof_buf_add(evprof_buf_t *buf, const void *data, size_t len);

/* Appends a text without its NUL. */
void evprof_buf_puts(evprof_buf_t *buf, const char *text);

/* Appends one byte. */
void evprof_buf_putc(evprof_buf_t *buf, char c);

/* Appends a number in decimal; for output of which numbers are the most part.
 */
void evprof_buf_put_uint(evprof_buf_t *buf, uint64_t value);

/* The same with a sign. */
void evprof_buf_put_int(evprof_buf_t *buf, int64_t value);

/* Appends what printf() would print. */
void evprof_buf_printf(evprof_buf_t *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a list of arguments. */
void evprof_buf_vprintf(evprof_buf_t *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* A writer that appends to `buf`; it fails with EVPROF_ENOMEM. */
evprof_writer_t evprof_writer_buf(evprof_buf_t *buf);

/* Writes all of `buf` to `out`: EVPROF_ENOMEM when the buffer had failed. */
int evprof_buf_write(const evprof_buf_t *buf, const evprof_writer_t *out);

#endif
