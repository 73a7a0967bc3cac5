/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strtol and its kin with the checks that each use of them needs: something was
 * read, nothing is left over, nothing was out of range, no leading space.
 */
#include "core/base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool
starts_badly(const char *text)
{
    return text[0] == '\0' || isspace((unsigned char)text[0]);
}

bool
evprof_parse_int64(const char *text, int64_t *out)
{
    if (starts_badly(text)) {
        return false;
    }
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0' || end == text || errno != 0) {
        return false;
    }
    *out = value;
    return true;
}

static bool
parse_unsigned(const char *text, int base, uint64_t *out)
{
    if (starts_badly(text) || text[0] == '-' || text[0] == '+') {
        return false;
    }
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, base);
    if (*end != '\0' || end == text || errno != 0) {
        return false;
    }
    *out = value;
    return true;
}

bool
evprof_parse_uint64(const char *text, uint64_t *out)
{
    return parse_unsigned(text, 10, out);
}

bool
evprof_parse_hex64(const char *text, uint64_t *out)
{
    return parse_unsigned(text, 16, out);
}

bool
evprof_parse_double(const char *text, double *out)
{
    if (starts_badly(text)) {
        return false;
    }
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (*end != '\0' || end == text || errno != 0) {
        return false;
    }
    *out = value;
    return true;
}
