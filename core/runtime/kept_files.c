/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/kept_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/new_file.h"

static struct {
    const char *prefix;
} filter;

/* One thread writes at a time, and scandir() hands nothing on. */
static int
is_ours(const struct dirent *file)
{
    return strncmp(file->d_name, filter.prefix, strlen(filter.prefix)) == 0;
}

static int64_t
size_of(int folder_fd, const char *name)
{
    struct stat st;
    return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
               ? (int64_t)st.st_size
               : 0;
}

/* Removes the oldest until one more of `len` bytes is allowed. */
static int
make_room(const evprof_kept_files_t *files, int folder_fd, size_t len,
          evprof_error_t *err)
{
    struct dirent **list = NULL;
    filter.prefix = files->prefix;
    int count = scandirat(folder_fd, ".", &list, is_ours, alphasort);
    if (count < 0) {
        return evprof_fail(err, EVPROF_EIO, "%s cannot be read", files->folder);
    }
    int64_t bytes = (int64_t)len;
    long left = count;
    for (int i = 0; i < count; i++) {
        bytes += size_of(folder_fd, list[i]->d_name);
    }
    for (int i = 0; i < count; i++) {
        if (left + 1 > files->max_files || bytes > files->max_bytes) {
            int64_t size = size_of(folder_fd, list[i]->d_name);
            if (unlinkat(folder_fd, list[i]->d_name, 0) == 0) {
                bytes -= size;
                left--;
            }
        }
        free(list[i]);
    }
    free(list);
    return left + 1 <= files->max_files && bytes <= files->max_bytes
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ELIMIT,
                             "%zu bytes are more than may be kept", len);
}

static int
write_whole(const char *path, const void *data, size_t len, evprof_error_t *err)
{
    evprof_new_file_t file;
    int status = evprof_new_file_begin(&file, path, err);
    if (status == EVPROF_OK) {
        evprof_writer_t out = evprof_new_file_writer(&file);
        status = out.write(out.ctx, data, len);
        status = evprof_new_file_end(&file, status, err);
    }
    return status;
}

int
evprof_kept_files_write(const evprof_kept_files_t *files, const char *name,
                        const void *data, size_t len, evprof_error_t *err)
{
    char path[4096];
    int path_len = snprintf(path, sizeof(path), "%s/%s%s", files->folder,
                            files->prefix, name);
    (void)mkdir(files->folder, 0700);
    int folder_fd = open(files->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0 || path_len >= (int)sizeof(path)) {
        char why[EVPROF_ERRNO_TEXT_SIZE];
        evprof_fail(err, EVPROF_EIO, "%s cannot be opened: %s", files->folder,
                    evprof_errno_text(errno, why, sizeof(why)));
        if (folder_fd >= 0) {
            close(folder_fd);
        }
        return EVPROF_EIO;
    }
    int status = make_room(files, folder_fd, len, err);
    close(folder_fd);
    return status == EVPROF_OK ? write_whole(path, data, len, err) : status;
}
