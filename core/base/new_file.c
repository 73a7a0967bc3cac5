/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/path.h"

static int
fail(const evprof_new_file_t *f, const char *what, evprof_error_t *err)
{
    char reason[EVPROF_ERRNO_TEXT_SIZE];
    return evprof_fail(err, EVPROF_EIO, "%s: %s: %s", f->shown, what,
                       evprof_errno_text(errno, reason, sizeof(reason)));
}

/* ".NAME.XXXXXX" in the same folder. */
static char *
hidden_name(const char *name)
{
    const char *base = evprof_path_leaf(name);
    char *temp = NULL;
    int len = asprintf(&temp, "%.*s.%s.XXXXXX", (int)(base - name), name, base);
    return len < 0 ? NULL : temp;
}

static void
clear(evprof_new_file_t *f)
{
    free(f->name);
    free(f->temp);
    f->name = NULL;
    f->temp = NULL;
}

static int
open_direct(evprof_new_file_t *f, evprof_error_t *err)
{
    f->fd = open(f->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return f->fd >= 0 ? EVPROF_OK : fail(f, "cannot be opened to write", err);
}

/* A file of that name is there: one that may not be written stays. */
static int
open_beside(evprof_new_file_t *f, const struct stat *there, evprof_error_t *err)
{
    if (there != NULL && access(f->name, W_OK) != 0) {
        return fail(f, "cannot be opened to write", err);
    }
    f->temp = hidden_name(f->name);
    if (f->temp == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", f->shown);
    }
    f->fd = mkostemp(f->temp, O_CLOEXEC);
    if (f->fd < 0) {
        free(f->temp);
        f->temp = NULL;
        return open_direct(f, err);
    }
    if (there != NULL && fchmod(f->fd, there->st_mode & 07777) != 0) {
        int status = fail(f, "its mode cannot be kept", err);
        close(f->fd);
        unlink(f->temp);
        return status;
    }
    return EVPROF_OK;
}

int
evprof_new_file_begin(evprof_new_file_t *f, const char *name,
                      evprof_error_t *err)
{
    struct stat there;
    *f = (evprof_new_file_t){ .fd = -1, .shown = name };
    bool is_there = stat(name, &there) == 0;
    f->name = is_there ? realpath(name, NULL) : NULL;
    f->name = f->name != NULL ? f->name : strdup(name);
    if (f->name == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", name);
    }
    bool is_plain =
        !is_there || (S_ISREG(there.st_mode) && there.st_nlink == 1);
    int status = is_plain ? open_beside(f, is_there ? &there : NULL, err)
                          : open_direct(f, err);
    if (status != EVPROF_OK) {
        clear(f);
    }
    return status;
}

static int
write_new(void *ctx, const void *data, size_t len)
{
    evprof_new_file_t *f = ctx;
    evprof_writer_t out = evprof_writer_fd(f->fd);
    int status = out.write(out.ctx, data, len);
    if (status != EVPROF_OK && f->reason == 0) {
        f->reason = errno;
    }
    return status;
}

evprof_writer_t
evprof_new_file_writer(evprof_new_file_t *f)
{
    return (evprof_writer_t){ .write = write_new, .ctx = f };
}

int
evprof_new_file_end(evprof_new_file_t *f, int status, evprof_error_t *err)
{
    if (close(f->fd) != 0 && status == EVPROF_OK) {
        f->reason = errno;
        status = EVPROF_EIO;
    }
    if (status == EVPROF_EIO && f->reason != 0) {
        errno = f->reason;
        fail(f, "write", err);
    }
    if (status == EVPROF_OK && f->temp != NULL &&
        rename(f->temp, f->name) != 0) {
        status = fail(f, "cannot take its name", err);
    }
    if (status != EVPROF_OK && f->temp != NULL) {
        unlink(f->temp);
    }
    clear(f);
    return status;
}
