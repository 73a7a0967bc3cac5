/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that may be used by others at the same time. */
#include "core/base/folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a folder above could be made is not asked: it may be there already,
 * and if not, the next one fails too. */
static bool
make(char *path, unsigned mode)
{
    for (char *at = path; (at = strchr(at + 1, '/')) != NULL;) {
        *at = '\0';
        mkdir(path, mode);
        *at = '/';
    }
    struct stat info;
    return mkdir(path, mode) == 0 ||
           (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

bool
evprof_folder_make_parent(const char *file, unsigned mode)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL || slash == file) {
        return true;
    }
    char *parent = strndup(file, (size_t)(slash - file));
    bool is_there = parent != NULL && make(parent, mode);
    free(parent);
    return is_there;
}

/* A copy of the descriptor would share its place in the list with all others.
 */
DIR *
evprof_folder_list(int folder_fd)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0) {
        close(fd);
    }
    return dir;
}
