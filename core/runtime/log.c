/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the library go to the file that the directive `log` names, or
 * nowhere without one. Lines are rare, so the file is opened for each: it may
 * be moved away at any time, and no descriptor stays open over a fork. A
 * message may quote what a client or a file said, so control bytes are escaped.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/visible.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

/*
 * The day of the Gregorian calendar that is so many days after 1970-01-01, by
 * years that begin in March and eras of 400 of them: leap days come last then.
 */
static void
put_day(evprof_buf_t *line, int64_t days)
{
    enum { ERA_DAYS = 146097, CENTURY_DAYS = 36524, FOUR_YEARS = 1461 };
    int64_t since_march = days + 719468; /* 0000-03-01 */
    int64_t era = since_march / ERA_DAYS;
    int64_t day = since_march % ERA_DAYS;
    int64_t year = (day - day / (FOUR_YEARS - 1) + day / CENTURY_DAYS -
                    day / (ERA_DAYS - 1)) /
                   365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    bool is_next_year = month >= 10;
    evprof_buf_printf(line, "%04" PRId64 "-%02" PRId64 "-%02" PRId64,
                      era * 400 + year + is_next_year,
                      is_next_year ? month - 9 : month + 3, day + 1);
}

/*
 * Writes a time in UTC. libc's conversions take a lock for time zones, which a
 * thread may hold while it reads the file of a zone, and which stays locked for
 * ever in the child of a fork.
 */
void
evprof_log_time(evprof_buf_t *line)
{
    enum { DAY = 86400 };
    int64_t now = evprof_clock_ns(CLOCK_REALTIME) / 1000000000;
    int64_t second = now % DAY;
    put_day(line, now / DAY);
    evprof_buf_printf(line, "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 "Z",
                      second / 3600, second / 60 % 60, second % 60);
}

/* Each line is one write, so that lines of several processes do not mix. */
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
evprof_log_warnings(evprof_t *prof)
{
    evprof_config_t *config = evprof_settings_hold(prof);
    const char *line = config == NULL ? NULL : evprof_config_warnings(config);
    while (line != NULL && *line != '\0') {
        size_t len = strcspn(line, "\n");
        evprof_log(prof, EVPROF_LOG_WARN, "%.*s", (int)len, line);
        line += len + (line[len] != '\0');
    }
    evprof_config_unref(config);
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
        evprof_buf_t text = { 0 };
        va_list args;
        evprof_log_time(&line);
        evprof_buf_printf(&line, " evprof[%ld] %s: ", (long)getpid(),
                          names[level]);
        va_start(args, format);
        evprof_buf_vprintf(&text, format, args);
        va_end(args);
        evprof_visible_add(&line, text.len > 0 ? text.data : "", text.len, "");
        evprof_buf_putc(&line, '\n');
        line.failed |= text.failed;
        append(conf->log_file, &line);
        evprof_buf_free(&text);
        evprof_buf_free(&line);
    }
    evprof_config_unref(config);
}
