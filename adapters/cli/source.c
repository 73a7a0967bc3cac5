/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one source. Regular files are mapped, since most of a large profile
 * is looked at once and in order; what cannot be mapped is read to its end.
 */
#include "adapters/cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/analysis/format.h"
#include "core/base/error.h"

/* More than this is no profile but a mistake. */
#define MAX_SOURCE_BYTES ((size_t)8 << 30)
#define PIECE ((size_t)1 << 16)

static int
fail_on(evprof_error_t *err)
{
    char reason[EVPROF_ERRNO_TEXT_SIZE];
    return evprof_fail(err, EVPROF_EIO, "%s",
                       evprof_errno_text(errno, reason, sizeof(reason)));
}

static int
read_to_end(int fd, evprof_buf_t *data, evprof_error_t *err)
{
    for (;;) {
        if (!evprof_buf_reserve(data, PIECE) || data->len > MAX_SOURCE_BYTES) {
            return evprof_fail(err, EVPROF_ELIMIT, "it is larger than 8 GiB");
        }
        ssize_t n = read(fd, data->data + data->len, PIECE);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_on(err);
        }
        if (n == 0) {
            return EVPROF_OK;
        }
        data->len += (size_t)n;
    }
}

static int
read_stream(int fd, evprof_pprof_t **out, evprof_error_t *err)
{
    evprof_buf_t data = { 0 };
    int status = read_to_end(fd, &data, err);
    if (status == EVPROF_OK) {
        status =
            evprof_format_read(evprof_formats, data.data, data.len, out, err);
    }
    evprof_buf_free(&data);
    return status;
}

static int
read_file(int fd, const char *name, evprof_pprof_t **out, evprof_error_t *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return fail_on(err);
    }
    if (S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return fail_on(err);
    }
    size_t size = info.st_size > 0 ? (size_t)info.st_size : 0;
    void *data = MAP_FAILED;
    if (S_ISREG(info.st_mode) && size > 0) {
        data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (data == MAP_FAILED) {
        return read_stream(fd, out, err);
    }
    int status = cli_is_perf_data(data, size)
                     ? cli_perf_data_read(name, out, err)
                     : evprof_format_read(evprof_formats, data, size, out, err);
    munmap(data, size);
    return status;
}

int
cli_source_read(const cli_t *cli, const char *source, evprof_pprof_t **out,
                evprof_error_t *err)
{
    if (strcmp(source, "-") == 0 && !cli->is_strict) {
        return read_stream(STDIN_FILENO, out, err);
    }
    struct stat info;
    if (stat(source, &info) != 0) {
        return fail_on(err);
    }
    int fd = open(source, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_on(err);
    }
    int status = read_file(fd, source, out, err);
    close(fd);
    return status;
}
