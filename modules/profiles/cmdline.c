/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments the process was started with, joined by NULs as Go has them:
 * the kernel's /proc/self/cmdline without its last NUL.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <evprof/module.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/base/self.h"

static int
write_cmdline(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
              evprof_error_t *err)
{
    (void)state;
    (void)ask;
    int fd = open(EVPROF_SELF("cmdline"), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return evprof_fail(err, EVPROF_EIO, "cmdline: %s",
                           strerrordesc_np(errno));
    }
    evprof_buf_t text = { 0 };
    int status = evprof_read_fd(fd, SIZE_MAX, &text);
    close(fd);
    if (status == EVPROF_OK) {
        if (text.len > 0 && text.data[text.len - 1] == '\0') {
            text.len--;
        }
        status = evprof_buf_write(&text, out);
    }
    evprof_buf_free(&text);
    if (status != EVPROF_OK) {
        evprof_fail(err, status, "cmdline: cannot be read: %s",
                    evprof_status_text(status));
    }
    return status;
}

const evprof_module_t evprof_profile_cmdline = {
    .abi = EVPROF_MODULE_ABI,
    .name = "cmdline",
    .summary = "The command line that the program was started with, its "
               "arguments separated by NUL bytes.",
    .flags = EVPROF_MODULE_TEXT_ONLY,
    .text = write_cmdline,
};
