/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is written beside its name, ".PREFIXNAME", and renamed, all relative
 * to the folder's descriptor, so that nobody else's links are followed. The
 * folder is locked from the count to the new name: two writers together stay
 * within its bounds. Hidden files that are there by then are what killed
 * writers have left, and go.
 */
#include "core/runtime/kept_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <evprof/writer.h>

#include "core/base/error.h"
#include "core/base/folder.h"
#include "core/base/name_list.h"
#include "core/base/own_folder.h"

/* How often the lock is tried while another writer has it; PAUSE_MS apart. */
enum { TRIES = 200, PAUSE_MS = 10 };

/* The finished files, oldest first; removes the unfinished ones. */
static bool
list_files(const evprof_kept_files_t *files, int folder_fd,
           evprof_name_list_t *out)
{
    size_t len = strlen(files->prefix);
    DIR *dir = evprof_folder_list(folder_fd);
    const struct dirent *file;
    bool is_whole = dir != NULL;
    while (is_whole && (file = readdir(dir)) != NULL) {
        const char *name = file->d_name;
        if (name[0] == '.' && strncmp(name + 1, files->prefix, len) == 0) {
            (void)unlinkat(folder_fd, name, 0);
        } else if (strncmp(name, files->prefix, len) == 0) {
            is_whole = evprof_name_list_add(out, name) == EVPROF_OK;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    evprof_name_list_sort(out);
    return is_whole;
}

static int64_t
size_of(int folder_fd, const char *name)
{
    struct stat st;
    return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
               ? (int64_t)st.st_size
               : 0;
}

/* Removes the oldest files until one more, of `len` bytes, is allowed. */
static int
make_room(const evprof_kept_files_t *files, int folder_fd, size_t len,
          evprof_error_t *err)
{
    evprof_name_list_t names = { 0 };
    if (!list_files(files, folder_fd, &names)) {
        evprof_name_list_free(&names);
        return evprof_fail(err, EVPROF_EIO, "%s cannot be read", files->folder);
    }
    int64_t bytes = (int64_t)len;
    long left = (long)names.count;
    for (size_t i = 0; i < names.count; i++) {
        bytes += size_of(folder_fd, names.items[i]);
    }
    for (size_t i = 0; i < names.count && (left + 1 > files->max_files ||
                                           bytes > files->max_bytes);
         i++) {
        int64_t size = size_of(folder_fd, names.items[i]);
        if (unlinkat(folder_fd, names.items[i], 0) == 0) {
            bytes -= size;
            left--;
        }
    }
    evprof_name_list_free(&names);
    return left + 1 <= files->max_files && bytes <= files->max_bytes
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ELIMIT,
                             "%zu bytes are more than may be kept", len);
}

static int
fail_write(const char *name, evprof_error_t *err)
{
    char why[EVPROF_ERRNO_TEXT_SIZE];
    return evprof_fail(err, EVPROF_EIO, "%s cannot be written: %s", name,
                       evprof_errno_text(errno, why, sizeof(why)));
}

/* `temp` is the name with a dot before it. */
static int
write_whole(int folder_fd, const char *temp, const void *data, size_t len,
            evprof_error_t *err)
{
    const char *name = temp + 1;
    int fd = openat(folder_fd, temp,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_write(name, err);
    }
    evprof_writer_t out = evprof_writer_fd(fd);
    bool is_written = out.write(out.ctx, data, len) == EVPROF_OK;
    int status = is_written ? EVPROF_OK : fail_write(name, err);
    if (close(fd) != 0 && is_written) {
        status = fail_write(name, err);
    }
    if (status == EVPROF_OK &&
        renameat(folder_fd, temp, folder_fd, name) != 0) {
        status = fail_write(name, err);
    }
    if (status != EVPROF_OK) {
        (void)unlinkat(folder_fd, temp, 0);
    }
    return status;
}

/* Whoever may read the folder can hold its lock, so that it is not waited for
 * without end. A file system without locks has none. */
static bool
lock(int folder_fd)
{
    for (int i = 0; i < TRIES; i++) {
        if (flock(folder_fd, LOCK_EX | LOCK_NB) == 0 ||
            (errno != EWOULDBLOCK && errno != EINTR)) {
            return true;
        }
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return false;
}

int
evprof_kept_files_write(const evprof_kept_files_t *files, const char *name,
                        const void *data, size_t len, evprof_error_t *err)
{
    char temp[256];
    if (snprintf(temp, sizeof(temp), ".%s%s", files->prefix, name) >=
        (int)sizeof(temp)) {
        return evprof_fail(err, EVPROF_EIO, "%s: the name is too long", name);
    }
    int folder_fd = evprof_own_folder_open(files->folder, err);
    if (folder_fd < 0) {
        return EVPROF_EIO;
    }
    int status =
        lock(folder_fd)
            ? make_room(files, folder_fd, len, err)
            : evprof_fail(err, EVPROF_EIO, "%s is locked by another process",
                          files->folder);
    if (status == EVPROF_OK) {
        status = write_whole(folder_fd, temp, data, len, err);
    }
    /* A process forked meanwhile has the descriptor too, and with it the lock
     * that closing would leave. */
    (void)flock(folder_fd, LOCK_UN);
    close(folder_fd);
    return status;
}
