/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are named by the tool itself: profile001.svg, profile002.svg. */
#include "adapters/cli/numbered_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"

#define MAX_NUMBER 9999

int
cli_new_file(const char *dir, const char *prefix, const char *suffix,
             evprof_buf_t *name, evprof_error_t *err)
{
    for (int i = 1; i <= MAX_NUMBER; i++) {
        evprof_buf_clear(name);
        evprof_buf_printf(name, "%s%s%s%03d.%s", dir, dir[0] != '\0' ? "/" : "",
                          prefix, i, suffix);
        if (name->failed) {
            break;
        }
        int fd = open(name->data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(fd);
            return EVPROF_OK;
        }
        if (errno != EEXIST) {
            return evprof_fail(err, EVPROF_EIO, "%s cannot be made: %s",
                               name->data, strerror(errno));
        }
    }
    return evprof_fail(err, EVPROF_EIO,
                       "the names %s001.%s and those after it are all taken",
                       prefix, suffix);
}
