/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed setters convert arguments to values, and have the one message for
 * each kind of wrong value. A setter does not know whether its arguments come
 * from a file or are a directive's default.
 */
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "core/base/nearest.h"
#include "core/base/parse.h"
#include "core/conf/block.h"

/* ---- Functions for setters ---- */

const char *
evprof_conf_arg(const evprof_conf_t *cf, unsigned i)
{
    unsigned count = cf->statement->count;
    return i < count - 1 ? cf->statement->words[i + 1].text : NULL;
}

unsigned
evprof_conf_arg_count(const evprof_conf_t *cf)
{
    return cf->statement->count - 1;
}

const char *
evprof_conf_fragment(evprof_conf_t *cf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(cf->fragment, sizeof(cf->fragment), format, args);
    va_end(args);
    return cf->fragment;
}

void
evprof_conf_warn(evprof_conf_t *cf, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    evprof_problems_warn(cf->problems, &cf->statement->place, "\"%s\" %s",
                         cf->directive->name, text);
}

void *
evprof_conf_alloc(evprof_conf_t *cf, size_t size)
{
    return evprof_arena_calloc(&cf->config->arena, 1, size);
}

char *
evprof_conf_strdup(evprof_conf_t *cf, const char *text)
{
    return evprof_arena_strndup(&cf->config->arena, text, strlen(text));
}

const char *
evprof_conf_path(evprof_conf_t *cf, const char *path)
{
    if (path[0] == '/' || cf->config->folder[0] == '\0') {
        return evprof_conf_strdup(cf, path);
    }
    evprof_buf_t joined = { 0 };
    evprof_buf_printf(&joined, "%s/%s", cf->config->folder, path);
    const char *out =
        joined.failed ? NULL : evprof_conf_strdup(cf, joined.data);
    evprof_buf_free(&joined);
    return out;
}

/* ---- Numbers with suffixes ---- */

typedef struct unit {
    const char *suffix;
    long long factor;
} unit_t;

/* Sorted from large to small, for the messages about ranges. */
static const unit_t size_units[] = {
    { "g", 1LL << 30 }, { "m", 1LL << 20 }, { "k", 1LL << 10 }, { "", 1 }
};
static const unit_t time_units[] = {
    { "h", 3600000000000 }, { "m", 60000000000 }, { "s", 1000000000 },
    { "ms", 1000000 },      { "us", 1000 },       { "ns", 1 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Writes a value in the largest unit of which it is a whole number; 0 has no
 * unit. */
static void
tell(char *out, size_t size, long long value, const unit_t *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && value % units[i].factor != 0) {
        i++;
    }
    (void)snprintf(out, size, "%lld%s", value / units[i].factor,
                   value == 0 ? "" : units[i].suffix);
}

static const char *
check_range(evprof_conf_t *cf, const evprof_directive_t *d, long long value,
            const unit_t *units, size_t count)
{
    if ((d->min == 0 && d->max == 0) || (value >= d->min && value <= d->max)) {
        return NULL;
    }
    char min[32];
    char max[32];
    tell(min, sizeof(min), d->min, units, count);
    tell(max, sizeof(max), d->max, units, count);
    return evprof_conf_fragment(cf, "must be between %s and %s, not %s", min,
                                max, evprof_conf_arg(cf, 0));
}

/* Reads digits at *text; false: there are none, or they overflow. */
static bool
take_digits(const char **text, long long *out)
{
    const char *p = *text;
    long long value = 0;
    if (*p < '0' || *p > '9') {
        return false;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *p - '0', &value)) {
            return false;
        }
    }
    *text = p;
    *out = value;
    return true;
}

static bool
parse_size(const char *text, long long *out)
{
    long long value;
    if (!take_digits(&text, &value)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(size_units); i++) {
        if (strcasecmp(text, size_units[i].suffix) == 0) {
            return !__builtin_mul_overflow(value, size_units[i].factor, out);
        }
    }
    return false;
}

static size_t
find_time_unit(const char *text, size_t len)
{
    size_t i = 0;
    while (i < COUNT(time_units) &&
           (strlen(time_units[i].suffix) != len ||
            strncmp(time_units[i].suffix, text, len) != 0)) {
        i++;
    }
    return i;
}

/* Reads "10us", "1h30m" or "90"; units must fall from left to right. */
static bool
parse_time(const char *text, long long *out)
{
    long long total = 0;
    size_t from = 0;
    do {
        long long value;
        if (!take_digits(&text, &value)) {
            return false;
        }
        size_t len = strcspn(text, "0123456789");
        size_t unit =
            len == 0 ? find_time_unit("s", 1) : find_time_unit(text, len);
        if (unit < from || unit >= COUNT(time_units) ||
            __builtin_mul_overflow(value, time_units[unit].factor, &value) ||
            __builtin_add_overflow(total, value, &total)) {
            return false;
        }
        from = unit + 1;
        text += len;
    } while (*text != '\0');
    *out = total;
    return true;
}

/* ---- The setters ---- */

/* The first argument. The number of arguments was checked before, and a
 * directive without arguments has no typed setter. */
static const char *
first_arg(const evprof_conf_t *cf)
{
    const char *arg = evprof_conf_arg(cf, 0);
    return arg == NULL ? "" : arg;
}

static void *
field(const evprof_directive_t *d, void *conf)
{
    return (char *)conf + d->offset;
}

const char *
evprof_set_flag(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *arg = first_arg(cf);
    bool on = strcmp(arg, "on") == 0;
    if (!on && strcmp(arg, "off") != 0) {
        return evprof_conf_fragment(cf, "must be on or off, not %s", arg);
    }
    *(bool *)field(d, conf) = on;
    return NULL;
}

const char *
evprof_set_number(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    static const unit_t plain[] = { { "", 1 } };
    int64_t value;
    const char *arg = first_arg(cf);
    if (!evprof_parse_int64(arg, &value) || value > LONG_MAX ||
        value < LONG_MIN) {
        return evprof_conf_fragment(cf, "must be a whole number, not %s", arg);
    }
    const char *fault = check_range(cf, d, value, plain, COUNT(plain));
    if (fault == NULL) {
        *(long *)field(d, conf) = (long)value;
    }
    return fault;
}

const char *
evprof_conf_size(evprof_conf_t *cf, unsigned i, long long *out)
{
    const char *arg = evprof_conf_arg(cf, i);
    return parse_size(arg, out)
               ? NULL
               : evprof_conf_fragment(
                     cf, "must be a size such as 512k, 4m or 1g, not %s", arg);
}

const char *
evprof_conf_time_ns(evprof_conf_t *cf, unsigned i, long long *out)
{
    const char *arg = evprof_conf_arg(cf, i);
    return parse_time(arg, out)
               ? NULL
               : evprof_conf_fragment(
                     cf, "must be a time such as 10us, 500ms or 1h30m, not %s",
                     arg);
}

/* Fills the directive's field when the value is within its range. */
static const char *
store(evprof_conf_t *cf, const evprof_directive_t *d, void *conf,
      long long value, const unit_t *units, size_t count)
{
    const char *fault = check_range(cf, d, value, units, count);
    if (fault == NULL) {
        *(long long *)field(d, conf) = value;
    }
    return fault;
}

const char *
evprof_set_size(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    long long value = 0;
    const char *fault = evprof_conf_size(cf, 0, &value);
    return fault != NULL
               ? fault
               : store(cf, d, conf, value, size_units, COUNT(size_units));
}

const char *
evprof_set_time_ns(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    long long value = 0;
    const char *fault = evprof_conf_time_ns(cf, 0, &value);
    return fault != NULL
               ? fault
               : store(cf, d, conf, value, time_units, COUNT(time_units));
}

const char *
evprof_set_string(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *copy = evprof_conf_strdup(cf, first_arg(cf));
    if (copy == NULL) {
        return "cannot be kept: out of memory";
    }
    *(const char **)field(d, conf) = copy;
    return NULL;
}

const char *
evprof_set_path(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    if (first_arg(cf)[0] == '\0') {
        return "must name a file";
    }
    const char *path = evprof_conf_path(cf, first_arg(cf));
    if (path == NULL) {
        return "cannot be kept: out of memory";
    }
    *(const char **)field(d, conf) = path;
    return NULL;
}

static const char *
choices_fault(evprof_conf_t *cf, const char *const *names)
{
    evprof_nearest_t nearest = { .word = first_arg(cf) };
    evprof_buf_t list = { 0 };
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *comma = names[i + 1] == NULL ? " or " : ", ";
        evprof_buf_puts(&list, i == 0 ? "" : comma);
        evprof_buf_puts(&list, names[i]);
        evprof_nearest_try(&nearest, names[i]);
    }
    const char *out = evprof_conf_fragment(
        cf, "must be %s, not %s%s%s", list.failed ? "another" : list.data,
        first_arg(cf), nearest.best == NULL ? "" : "; did you mean ",
        nearest.best == NULL ? "" : nearest.best);
    evprof_buf_free(&list);
    return out;
}

const char *
evprof_set_choice(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *const *names = d->data;
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], first_arg(cf)) == 0) {
            *(int *)field(d, conf) = i;
            return NULL;
        }
    }
    return choices_fault(cf, names);
}

/* Only signals that a program may use for any purpose. */
int
evprof_conf_signal(const char *text)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = { { "off", 0 },
                    { "HUP", SIGHUP },
                    { "USR1", SIGUSR1 },
                    { "USR2", SIGUSR2 },
                    { "WINCH", SIGWINCH } };
    const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcasecmp(name, signals[i].name) == 0) {
            return signals[i].number;
        }
    }
    return -1;
}
