/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making columns alike before profiles are added up: first those are kept that
 * all have, in the order of the first profile, then each is brought to the
 * finest unit that occurs. Types may differ by a plural s.
 */
#include "core/analysis/types.h"

#include <stdlib.h>
#include <string.h>

#include "core/analysis/merge.h"
#include "core/base/buf.h"
#include "core/base/error.h"

static bool
type_equal(const evprof_value_type_t *a, const evprof_value_type_t *b)
{
    return strcmp(a->type, b->type) == 0 && strcmp(a->unit, b->unit) == 0;
}

void
evprof_types_print(evprof_buf_t *out, const evprof_value_type_t *t)
{
    evprof_buf_printf(out, "{%s %s 0 0}", t->type, t->unit);
}

static bool
types_equal(const evprof_pprof_t *one, const evprof_pprof_t *other)
{
    if (one->type_count != other->type_count) {
        return false;
    }
    for (size_t i = 0; i < one->type_count; i++) {
        if (!type_equal(&one->types[i], &other->types[i])) {
            return false;
        }
    }
    return true;
}

static void
print_types(evprof_buf_t *out, const evprof_pprof_t *p)
{
    evprof_buf_putc(out, '[');
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(out, "%s%s/%s", i == 0 ? "" : " ", p->types[i].type,
                          p->types[i].unit);
    }
    evprof_buf_putc(out, ']');
}

int
evprof_types_check_equal(const evprof_pprof_t *one, const evprof_pprof_t *other,
                         evprof_error_t *err)
{
    evprof_buf_t text = { 0 };
    if (!type_equal(&one->period_type, &other->period_type)) {
        evprof_buf_printf(&text,
                          "the profiles were sampled by different clocks: "
                          "%s/%s and %s/%s",
                          one->period_type.type, one->period_type.unit,
                          other->period_type.type, other->period_type.unit);
    } else if (!types_equal(one, other)) {
        evprof_buf_puts(&text, "the profiles measure different things: ");
        print_types(&text, one);
        evprof_buf_puts(&text, " and ");
        print_types(&text, other);
    } else {
        return EVPROF_OK;
    }
    evprof_fail(err, EVPROF_EINVAL, "%s",
                text.data == NULL ? "the profiles differ in what they measure"
                                  : text.data);
    evprof_buf_free(&text);
    return EVPROF_EINVAL;
}

/* The column of that name, or type_count. */
static size_t
find_type(const evprof_pprof_t *p, const char *type)
{
    size_t i = 0;
    while (i < p->type_count && strcmp(p->types[i].type, type) != 0) {
        i++;
    }
    return i;
}

/* True when there are as many columns of that name as profiles. Two of one name
 * in a profile could not be told apart, so that neither is kept. */
static bool
is_common_type(evprof_pprof_t *const *profiles, size_t count, const char *type)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const evprof_pprof_t *p = profiles[i];
        for (size_t c = 0; c < p->type_count; c++) {
            found += strcmp(p->types[c].type, type) == 0;
        }
    }
    return found == count;
}

/* Leaves column columns[i] as the i-th; `room` holds one row. */
static void
choose_columns(evprof_pprof_t *p, const size_t *columns, size_t count,
               int64_t *room)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        int64_t *values = p->samples[i].values;
        for (size_t c = 0; c < count; c++) {
            room[c] = values[columns[c]];
        }
        memcpy(values, room, count * sizeof(*room));
    }
}

/* Keeps of `p` the columns named by `like`'s first `count`. */
static int
choose_types(evprof_pprof_t *p, const char *const *names, size_t count,
             evprof_error_t *err)
{
    size_t *columns = calloc(count + 1, sizeof(*columns));
    int64_t *room = calloc(count + 1, sizeof(*room));
    evprof_value_type_t *types =
        evprof_arena_calloc(&p->arena, count, sizeof(*types));
    if (columns == NULL || room == NULL || types == NULL) {
        free(columns);
        free(room);
        return evprof_fail(err, EVPROF_ENOMEM, "merge: out of memory");
    }
    bool changes = count != p->type_count;
    bool keeps_default = false;
    int status = EVPROF_OK;
    for (size_t i = 0; i < count; i++) {
        columns[i] = find_type(p, names[i]);
        if (columns[i] == p->type_count) {
            status = evprof_fail(err, EVPROF_EINVAL,
                                 "the profile has no sample type %s", names[i]);
            break;
        }
        types[i] = p->types[columns[i]];
        changes = changes || columns[i] != i;
        keeps_default =
            keeps_default || strcmp(types[i].type, p->default_type) == 0;
    }
    if (status == EVPROF_OK && changes) {
        choose_columns(p, columns, count, room);
        p->types = types;
        p->type_count = count;
        p->default_type = keeps_default ? p->default_type : types[0].type;
    }
    free(columns);
    free(room);
    return status;
}

int
evprof_pprof_keep_common_types(evprof_pprof_t *const *profiles, size_t count,
                               evprof_error_t *err)
{
    const evprof_pprof_t *first = profiles[0];
    const char **names = calloc(first->type_count + 1, sizeof(*names));
    if (names == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "merge: out of memory");
    }
    size_t common = 0;
    for (size_t i = 0; i < first->type_count; i++) {
        if (is_common_type(profiles, count, first->types[i].type)) {
            names[common++] = first->types[i].type;
        }
    }
    int status = EVPROF_OK;
    if (common == 0) {
        status = evprof_fail(err, EVPROF_EINVAL,
                             "the profiles have no sample type in common");
    }
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = choose_types(profiles[i], names, common, err);
    }
    free(names);
    return status;
}
