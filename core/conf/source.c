/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files named in a configuration are read once, whole, and within a bound.
 * Anything but a regular file is refused, after an open that cannot block. The
 * size is the number of bytes read, since files of /proc and growing files
 * report another one.
 */
#include "core/conf/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/read_file.h"

static const char *
open_fault(int error)
{
    switch (error) {
    case ENOENT:
        return "does not exist";
    case ENOTDIR:
        return "lies below something that is no directory";
    case EACCES:
    case EPERM:
        return "may not be read: permission denied";
    case ELOOP:
        return "is a loop of symbolic links";
    case ENAMETOOLONG:
        return "has too long a name";
    case EMFILE:
    case ENFILE:
        return "cannot be opened: too many open files";
    case ENXIO:
        return "is a socket or a device without a driver";
    default:
        return "cannot be opened";
    }
}

static const char *
kind_fault(mode_t mode)
{
    if (S_ISREG(mode)) {
        return NULL;
    }
    if (S_ISDIR(mode)) {
        return "is a directory";
    }
    if (S_ISFIFO(mode)) {
        return "is a FIFO, not a regular file";
    }
    return "is not a regular file";
}

static const char *
read_all(int fd, size_t max_bytes, evprof_buf_t *out)
{
    switch (evprof_read_fd(fd, max_bytes, out)) {
    case EVPROF_OK:
        return NULL;
    case EVPROF_ELIMIT:
        return "is too large";
    case EVPROF_ENOMEM:
        return "does not fit into memory";
    default:
        return "cannot be read";
    }
}

static const char *
examine(int fd, size_t max_bytes, evprof_file_id_t *id)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return "cannot be examined";
    }
    const char *fault = kind_fault(st.st_mode);
    if (fault != NULL) {
        return fault;
    }
    if (st.st_size > 0 && (uint64_t)st.st_size > max_bytes) {
        return "is too large";
    }
    if (id != NULL) {
        evprof_file_id_of(&st, id);
    }
    return NULL;
}

void
evprof_file_id_of(const struct stat *st, evprof_file_id_t *out)
{
    *out = (evprof_file_id_t){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .changed_ns =
            (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
    };
}

const char *
evprof_source_open(const char *path, size_t max_bytes, int *fd,
                   evprof_file_id_t *id)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened < 0) {
        return open_fault(errno);
    }
    const char *fault = examine(opened, max_bytes, id);
    if (fault != NULL) {
        close(opened);
        return fault;
    }
    *fd = opened;
    return NULL;
}

const char *
evprof_source_read(const char *path, size_t max_bytes, evprof_buf_t *out,
                   evprof_file_id_t *id)
{
    int fd = -1;
    const char *fault = evprof_source_open(path, max_bytes, &fd, id);
    if (fault == NULL) {
        fault = read_all(fd, max_bytes, out);
        close(fd);
    }
    return fault;
}
