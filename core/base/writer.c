/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two writers that need nothing but libc. The one to an evbuffer lives with
 * the evhttp adapter, which is allowed to know libevent.
 */
#include <evprof/writer.h>

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include <evprof/status.h>

static int
write_to_fd(void *ctx, const void *data, size_t len)
{
    int fd = (int)(intptr_t)ctx;
    const char *next = data;
    while (len > 0) {
        ssize_t n = write(fd, next, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return EVPROF_EIO;
        }
        next += n;
        len -= (size_t)n;
    }
    return EVPROF_OK;
}

evprof_writer_t
evprof_writer_fd(int fd)
{
    return (evprof_writer_t){ .write = write_to_fd,
                              .ctx = (void *)(intptr_t)fd };
}

static int
write_to_file(void *ctx, const void *data, size_t len)
{
    return fwrite(data, 1, len, ctx) == len ? EVPROF_OK : EVPROF_EIO;
}

evprof_writer_t
evprof_writer_file(FILE *file)
{
    return (evprof_writer_t){ .write = write_to_file, .ctx = file };
}
