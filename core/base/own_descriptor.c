/* SPDX-License-Identifier: Apache-2.0 */
/* Between the look and the close another thread may still give the number to
 * another file; that moment is as short as it can be made. */
#include "core/base/own_descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

evprof_own_descriptor_t
evprof_own_descriptor(int fd)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return (evprof_own_descriptor_t){ .fd = -1 };
    }
    return (evprof_own_descriptor_t){ .fd = fd,
                                      .device = st.st_dev,
                                      .inode = st.st_ino };
}

bool
evprof_own_descriptor_is_open(const evprof_own_descriptor_t *own)
{
    struct stat st;
    return own->fd >= 0 && fstat(own->fd, &st) == 0 &&
           st.st_dev == own->device && st.st_ino == own->inode;
}

void
evprof_own_descriptor_close(evprof_own_descriptor_t *own)
{
    if (evprof_own_descriptor_is_open(own)) {
        (void)close(own->fd);
    }
    own->fd = -1;
}
