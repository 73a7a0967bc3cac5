/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library has to say goes to the file that the directive `log` names,
 * and nowhere without one. Lines are rare, so the file is opened for each: it
 * may be moved away at any time, and no descriptor stays open over a fork.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

static void
put_time(evprof_buf_t *line)
{
    struct timespec now;
    struct tm utc;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    evprof_buf_add(line, text, len);
}

/* One write a line: those of several processes do not mix. */
static void
append(const char *path, const evprof_buf_t *line)
{
    int fd = open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
        0640);
    if (fd < 0) {
        return;
    }
    evprof_writer_t out = evprof_writer_fd(fd);
    evprof_buf_write(line, &out);
    close(fd);
}

void
evprof_log(evprof_t *prof, enum evprof_log_level level, const char *format, ...)
{
    static const char *const names[] = { "error", "warn", "info" };
    evprof_config_t *config = evprof_settings_hold(prof);
    const evprof_pprof_conf_t *conf =
        config == NULL ? NULL : evprof_config_pprof(config);
    if (conf != NULL && conf->log_file != NULL &&
        (int)level <= conf->log_level) {
        evprof_buf_t line = { 0 };
        va_list args;
        put_time(&line);
        evprof_buf_printf(&line, " evprof[%ld] %s: ", (long)getpid(),
                          names[level]);
        va_start(args, format);
        evprof_buf_vprintf(&line, format, args);
        va_end(args);
        evprof_buf_putc(&line, '\n');
        append(conf->log_file, &line);
        evprof_buf_free(&line);
    }
    evprof_config_unref(config);
}
