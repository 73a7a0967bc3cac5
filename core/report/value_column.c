/* SPDX-License-Identifier: Apache-2.0 */
/* Which column of a profile a report is about. */
#include "core/report/value_column.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/utf8.h"

/* Decimal digits with or without a sign, as Go's Atoi has it. */
static bool
is_number(const char *text)
{
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    return digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits);
}

static size_t
default_column(const evprof_pprof_t *p)
{
    for (size_t i = 0; p->default_type[0] != '\0' && i < p->type_count; i++) {
        if (strcmp(p->types[i].type, p->default_type) == 0) {
            return i;
        }
    }
    return p->type_count - 1;
}

static int
find_by_number(const evprof_pprof_t *p, const char *text, size_t *out,
               evprof_error_t *err)
{
    errno = 0;
    long long i = strtoll(text, NULL, 10);
    if (errno != 0 || i < 0 || (unsigned long long)i >= p->type_count) {
        return evprof_fail(
            err, EVPROF_EINVAL,
            "sample_index %s: the profile's columns are 0 to %zu", text,
            p->type_count - 1);
    }
    *out = (size_t)i;
    return EVPROF_OK;
}

static int
fail_unknown(const evprof_pprof_t *p, const char *name, evprof_error_t *err)
{
    evprof_buf_t text = { 0 };
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(&text, "%s%s", i > 0 ? ", " : "", p->types[i].type);
    }
    int status = evprof_fail(
        err, EVPROF_EINVAL, "the profile has no sample type \"%s\"; it has %s",
        name, text.failed || text.len == 0 ? "none" : text.data);
    evprof_buf_free(&text);
    return status;
}

int
evprof_column_find(const evprof_pprof_t *p, const char *name, size_t *out,
                   evprof_error_t *err)
{
    static const char in_use[] = "inuse_";
    if (name[0] == '\0') {
        *out = default_column(p);
        return EVPROF_OK;
    }
    if (is_number(name)) {
        return find_by_number(p, name, out, err);
    }
    size_t skip = sizeof(in_use) - 1;
    const char *plain = strncmp(name, in_use, skip) == 0 ? name + skip : name;
    for (size_t i = 0; i < p->type_count; i++) {
        if (strcmp(p->types[i].type, name) == 0 ||
            strcmp(p->types[i].type, plain) == 0) {
            *out = i;
            return EVPROF_OK;
        }
    }
    return fail_unknown(p, name, err);
}
