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
#include "core/base/self.h"

static int
read_all(int fd, evprof_buf_t *out)
{
    for (;;) {
        if (!evprof_buf_reserve(out, 4096)) {
            return EVPROF_ENOMEM;
        }
        ssize_t got = read(fd, out->data + out->len, 4096);
        if (got == 0) {
            return EVPROF_OK;
        }
        if (got < 0 && errno != EINTR) {
            return EVPROF_EIO;
        }
        if (got > 0) {
            out->len += (size_t)got;
        }
    }
}

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
    int status = read_all(fd, &text);
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
