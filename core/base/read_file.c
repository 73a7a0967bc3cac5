/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes are read right into the buffer, in pieces of a page of /proc. */
#include "core/base/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <evprof/status.h>

#define PIECE ((size_t)16384)

int
evprof_read_fd(int fd, size_t max_bytes, evprof_buf_t *out)
{
    size_t total = 0;
    for (;;) {
        if (!evprof_buf_reserve(out, PIECE)) {
            return EVPROF_ENOMEM;
        }
        ssize_t n = read(fd, out->data + out->len, PIECE);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        bool is_too_much = n > 0 && (size_t)n > max_bytes - total;
        size_t more = n > 0 && !is_too_much ? (size_t)n : 0;
        total += more;
        out->len += more;
        out->data[out->len] = '\0';
        if (more == 0) {
            return is_too_much ? EVPROF_ELIMIT
                   : n == 0    ? EVPROF_OK
                               : EVPROF_EIO;
        }
    }
}

int
evprof_read_file(const char *path, size_t max_bytes, evprof_buf_t *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return EVPROF_EIO;
    }
    int status = evprof_read_fd(fd, max_bytes, out);
    int saved = errno;
    close(fd);
    errno = saved;
    return status;
}

ssize_t
evprof_read_start(int folder, const char *path, char *out, size_t size)
{
    int saved = errno;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -errno : read(fd, out, size - 1);
    if (fd >= 0) {
        len = len < 0 ? -errno : len;
        close(fd);
    }
    out[len > 0 ? len : 0] = '\0';
    errno = saved;
    return len;
}
