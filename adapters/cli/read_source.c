/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one source. Regular files are mapped, since most of a large profile
 * is looked at once and in order; pipes are read to their end, as long as what
 * comes may be a profile and does not keep us waiting. Devices and sockets are
 * refused: some have no end, and reading others does something.
 */
#include "adapters/cli/read_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/analysis/format.h"
#include "core/base/error.h"

/* More than this is no profile but a mistake. */
#define MAX_SOURCE_BYTES ((size_t)4 << 30)
#define PIECE ((size_t)1 << 16)
/* So much of a stream tells whether it may be a profile. */
#define LOOK_AT ((size_t)1 << 20)
#define DEFAULT_WAIT_S 60

static int
fail_on(evprof_error_t *err)
{
    char reason[EVPROF_ERRNO_TEXT_SIZE];
    return evprof_fail(err, EVPROF_EIO, "%s",
                       evprof_errno_text(errno, reason, sizeof(reason)));
}

/* How long to wait for the writer of a pipe; input that is typed at a terminal
 * may take any time. */
static int
wait_for_data(int fd, int64_t wait_s, evprof_error_t *err)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    int limit_ms = isatty(fd) != 0 ? -1 : (int)(wait_s * 1000);
    int n;
    do {
        n = poll(&ready, 1, limit_ms);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        return evprof_fail(err, EVPROF_ELIMIT,
                           "nothing came from it for %lld s; -timeout sets "
                           "how long to wait",
                           (long long)wait_s);
    }
    return n < 0 ? fail_on(err) : EVPROF_OK;
}

static int
read_to_end(int fd, int64_t wait_s, const cli_reader_t *reader,
            evprof_buf_t *data, evprof_error_t *err)
{
    bool was_looked_at = false;
    for (;;) {
        if (data->len > MAX_SOURCE_BYTES || !evprof_buf_reserve(data, PIECE)) {
            return evprof_fail(err, EVPROF_ELIMIT, "it is larger than 4 GiB");
        }
        int status = wait_for_data(fd, wait_s, err);
        if (status != EVPROF_OK) {
            return status;
        }
        ssize_t n = read(fd, data->data + data->len, PIECE);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n < 0) {
            return fail_on(err);
        }
        if (n == 0) {
            return EVPROF_OK;
        }
        data->len += (size_t)n;
        if (data->len >= LOOK_AT && !was_looked_at) {
            was_looked_at = true;
            if (!reader->may_be(data->data, data->len)) {
                return EVPROF_OK; /* the reader says what it seems to be */
            }
        }
    }
}

static int
read_stream(int fd, int64_t wait_s, const cli_reader_t *reader,
            evprof_error_t *err)
{
    evprof_buf_t data = { 0 };
    int status = read_to_end(fd, wait_s, reader, &data, err);
    if (status == EVPROF_OK) {
        status = reader->read(reader->ctx, NULL, data.data, data.len, err);
    }
    evprof_buf_free(&data);
    return status;
}

/* Files and pipes are read, and a terminal, where it is standard input. */
static int
check_kind(mode_t mode, bool is_terminal, evprof_error_t *err)
{
    if (S_ISDIR(mode)) {
        return evprof_fail(err, EVPROF_EIO, "it is a folder");
    }
    if (S_ISSOCK(mode)) {
        return evprof_fail(err, EVPROF_EIO,
                           "it is a socket: -unix_socket asks a server there");
    }
    if (S_ISBLK(mode) || (S_ISCHR(mode) && !is_terminal)) {
        return evprof_fail(err, EVPROF_EIO, "it is a device, not a file");
    }
    return EVPROF_OK;
}

static int
read_open(int fd, const char *name, int64_t wait_s, const cli_reader_t *reader,
          evprof_error_t *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return fail_on(err);
    }
    int status = check_kind(info.st_mode, isatty(fd) != 0, err);
    if (status != EVPROF_OK) {
        return status;
    }
    size_t size = info.st_size > 0 ? (size_t)info.st_size : 0;
    void *data = MAP_FAILED;
    if (S_ISREG(info.st_mode) && size > 0) {
        data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (data == MAP_FAILED) {
        return read_stream(fd, wait_s, reader, err);
    }
    status = reader->read(reader->ctx, name, data, size, err);
    munmap(data, size);
    return status;
}

int
cli_source_give(const cli_t *cli, const char *source,
                const cli_reader_t *reader, evprof_error_t *err)
{
    int64_t wait_s = cli->timeout > 0 ? cli->timeout : DEFAULT_WAIT_S;
    if (strcmp(source, "-") == 0 && !cli->is_strict) {
        return read_open(STDIN_FILENO, NULL, wait_s, reader, err);
    }
    struct stat info;
    if (stat(source, &info) != 0) {
        return fail_on(err);
    }
    /* Opening a device may do something; opening a pipe must not wait. */
    int status = check_kind(info.st_mode, false, err);
    if (status != EVPROF_OK) {
        return status;
    }
    int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return fail_on(err);
    }
    status = read_open(fd, source, wait_s, reader, err);
    close(fd);
    return status;
}

static bool
may_be_profile(const void *data, size_t len)
{
    return evprof_format_may_be(evprof_formats, data, len);
}

static int
read_profile(void *ctx, const char *name, const void *data, size_t len,
             evprof_error_t *err)
{
    evprof_pprof_t **out = ctx;
    return name != NULL && cli_is_perf_data(data, len)
               ? cli_perf_data_read(name, out, err)
               : evprof_format_read(evprof_formats, data, len, out, err);
}

int
cli_source_read(const cli_t *cli, const char *source, evprof_pprof_t **out,
                evprof_error_t *err)
{
    const cli_reader_t reader = { .may_be = may_be_profile,
                                  .read = read_profile,
                                  .ctx = out };
    return cli_source_give(cli, source, &reader, err);
}
