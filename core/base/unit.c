/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family is a list of units that measure one thing, each with its size in a
 * common base. Names are matched in lower case; a plural s is dropped when more
 * than two characters (not bytes: the mu of μs has two) are there.
 */
#include "core/base/unit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The longest alias is "nanosecond"; what does not fit is no unit. */
#define NAME_SIZE 24
#define MAX_ALIASES 4

typedef struct unit {
    const char *name;
    double factor;
    const char *aliases[MAX_ALIASES];
} unit_t;

typedef struct family {
    const unit_t *units;
    size_t count;
    unit_t fallback; /* for target units that are not in the family */
} family_t;

static const unit_t memory_units[] = {
    { "B", 1.0, { "b", "byte" } },
    { "kB", 1024.0, { "kb", "kbyte", "kilobyte" } },
    { "MB", 1048576.0, { "mb", "mbyte", "megabyte" } },
    { "GB", 1073741824.0, { "gb", "gbyte", "gigabyte" } },
    { "TB", 1099511627776.0, { "tb", "tbyte", "terabyte" } },
    { "PB", 1125899906842624.0, { "pb", "pbyte", "petabyte" } },
};

static const unit_t time_units[] = {
    { "ns", 1.0, { "ns", "nanosecond" } },
    { "us", 1e3, { "\xce\xbcs", "us", "microsecond" } },
    { "ms", 1e6, { "ms", "millisecond" } },
    { "s", 1e9, { "s", "sec", "second" } },
    { "hrs", 3600e9, { "hour", "hr" } },
};

static const unit_t gcu_units[] = {
    { "n*GCU", 1e-9, { "nanogcu" } },  { "u*GCU", 1e-6, { "microgcu" } },
    { "m*GCU", 1e-3, { "milligcu" } }, { "GCU", 1.0, { "gcu" } },
    { "k*GCU", 1e3, { "kilogcu" } },   { "M*GCU", 1e6, { "megagcu" } },
    { "G*GCU", 1e9, { "gigagcu" } },   { "T*GCU", 1e12, { "teragcu" } },
    { "P*GCU", 1e15, { "petagcu" } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const family_t families[] = {
    { memory_units, COUNT(memory_units), { "B", 1.0, { NULL } } },
    { time_units, COUNT(time_units), { "s", 1e9, { NULL } } },
    { gcu_units, COUNT(gcu_units), { "GCU", 1.0, { NULL } } },
};

static size_t
character_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

/* The name as aliases are spelled: lower case, without a plural s. */
static bool
plain_name(char out[NAME_SIZE], const char *name)
{
    size_t len = strlen(name);
    if (len >= NAME_SIZE) {
        return false;
    }
    memcpy(out, name, len + 1);
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)tolower((unsigned char)out[i]);
    }
    if (character_count(out) > 2 && out[len - 1] == 's') {
        out[len - 1] = '\0';
    }
    return true;
}

static const unit_t *
find_unit(const family_t *family, const char *plain)
{
    for (size_t i = 0; i < family->count; i++) {
        const unit_t *unit = &family->units[i];
        for (size_t j = 0; j < MAX_ALIASES && unit->aliases[j] != NULL; j++) {
            if (strcmp(unit->aliases[j], plain) == 0) {
                return unit;
            }
        }
    }
    return NULL;
}

static const unit_t *
largest_unit(const family_t *family, double value)
{
    const unit_t *best = NULL;
    for (size_t i = 0; i < family->count; i++) {
        if (value / family->units[i].factor >= 1.0) {
            best = &family->units[i];
        }
    }
    return best;
}

static bool
is_automatic(const char *unit)
{
    return strcmp(unit, "minimum") == 0 || strcmp(unit, "auto") == 0;
}

/* The unit of `family` to show `value` (in the family's base) in. */
static const unit_t *
target_unit(const family_t *family, double value, const char *to)
{
    const unit_t *unit = NULL;
    char plain[NAME_SIZE];
    if (is_automatic(to)) {
        unit = largest_unit(family, value);
    } else if (plain_name(plain, to)) {
        unit = find_unit(family, plain);
    }
    return unit != NULL ? unit : &family->fallback;
}

/* True for target units that say nothing beside a number. */
static bool
is_plain_count(const char *unit)
{
    return is_automatic(unit) || strcmp(unit, "count") == 0 ||
           strcmp(unit, "sample") == 0 || strcmp(unit, "unit") == 0;
}

static double
scale_magnitude(int64_t value, const char *from, const char *to,
                const char **unit)
{
    char plain[NAME_SIZE];
    bool has_name = plain_name(plain, from);
    for (size_t i = 0; has_name && i < COUNT(families); i++) {
        const unit_t *source = find_unit(&families[i], plain);
        if (source == NULL) {
            continue;
        }
        double base = (double)value * source->factor;
        const unit_t *target = target_unit(&families[i], base, to);
        *unit = target->name;
        return base / target->factor;
    }
    *unit = is_plain_count(to) ? "" : to;
    return (double)value;
}

double
evprof_unit_scale(int64_t value, const char *from, const char *to,
                  const char **unit)
{
    const char *ignored;
    if (unit == NULL) {
        unit = &ignored;
    }
    /* INT64_MIN has no positive counterpart and is scaled as it is. */
    if (value < 0 && value != INT64_MIN) {
        return -scale_magnitude(-value, from, to, unit);
    }
    return scale_magnitude(value, from, to, unit);
}

bool
evprof_unit_compatible(const char *one, const char *other)
{
    if (strcmp(one, other) == 0) {
        return true;
    }
    char plain[NAME_SIZE];
    char other_plain[NAME_SIZE];
    if (!plain_name(plain, one) || !plain_name(other_plain, other)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(families); i++) {
        if (find_unit(&families[i], plain) != NULL &&
            find_unit(&families[i], other_plain) != NULL) {
            return true;
        }
    }
    return false;
}

void
evprof_unit_format(evprof_buf_t *out, int64_t value, const char *from,
                   const char *to)
{
    const char *unit;
    double scaled = evprof_unit_scale(value, from, to, &unit);
    char number[352]; /* the largest double has 309 digits before the point */
    int len = snprintf(number, sizeof(number), "%.2f", scaled);
    if (len > 3 && strcmp(number + len - 3, ".00") == 0) {
        len -= 3;
        number[len] = '\0';
    }
    if (strcmp(number, "0") == 0 || strcmp(number, "-0") == 0) {
        evprof_buf_putc(out, '0');
        return;
    }
    evprof_buf_add(out, number, (size_t)len);
    evprof_buf_puts(out, unit);
}

const char *
evprof_unit_percent(char out[EVPROF_PERCENT_SIZE], int64_t value, int64_t total)
{
    double ratio = 0;
    if (total != 0) {
        ratio = fabs((double)value / (double)total) * 100;
    }
    if (ratio >= 99.95 && ratio <= 100.05) {
        snprintf(out, EVPROF_PERCENT_SIZE, "  100%%");
    } else if (ratio >= 1.0) {
        snprintf(out, EVPROF_PERCENT_SIZE, "%5.2f%%", ratio);
    } else {
        snprintf(out, EVPROF_PERCENT_SIZE, "%5.2g%%", ratio);
    }
    return out;
}
