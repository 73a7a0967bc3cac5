/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder is judged by its descriptor after it was opened, so that it cannot
 * be exchanged in between. A slash at the end would have a link followed.
 */
#include "core/base/own_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

static int
judge(int fd, const char *path, evprof_error_t *err)
{
    char why[EVPROF_ERRNO_TEXT_SIZE];
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return evprof_fail(err, EVPROF_EIO, "%s cannot be read: %s", path,
                           evprof_errno_text(errno, why, sizeof(why)));
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        return evprof_fail(err, EVPROF_EIO,
                           "%s belongs to another user (%lu), who could "
                           "exchange what is written there",
                           path, (unsigned long)st.st_uid);
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return evprof_fail(err, EVPROF_EIO,
                           "%s is writable by other users (mode %04o), who "
                           "could exchange what is written there",
                           path, (unsigned)st.st_mode & 07777);
    }
    return EVPROF_OK;
}

int
evprof_own_folder_open(const char *path, evprof_error_t *err)
{
    char why[EVPROF_ERRNO_TEXT_SIZE];
    char plain[4096];
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    if (len >= sizeof(plain)) {
        evprof_fail(err, EVPROF_EIO,
                    "the name of a folder is too long, %zu bytes: %s", len,
                    path);
        return -1;
    }
    memcpy(plain, path, len);
    plain[len] = '\0';
    if (mkdir(plain, 0700) != 0 && errno != EEXIST) {
        evprof_fail(err, EVPROF_EIO, "%s cannot be made: %s", path,
                    evprof_errno_text(errno, why, sizeof(why)));
        return -1;
    }
    int fd = open(plain, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        evprof_fail(err, EVPROF_EIO, "%s cannot be opened as a folder: %s",
                    path, evprof_errno_text(errno, why, sizeof(why)));
        return -1;
    }
    if (judge(fd, path, err) != EVPROF_OK) {
        close(fd);
        fd = -1;
    }
    return fd;
}
