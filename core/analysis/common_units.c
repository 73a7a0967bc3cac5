/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles that are merged count in one unit a column: the finest that any of
 * them has, so that no value loses digits.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/merge.h"
#include "core/analysis/scale.h"
#include "core/analysis/types.h"
#include "core/base/error.h"
#include "core/base/unit.h"

static size_t
length_without_plural(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && text[len - 1] == 's' ? len - 1 : len;
}

static bool
compatible(const evprof_value_type_t *a, const evprof_value_type_t *b)
{
    size_t len = length_without_plural(a->type);
    return len == length_without_plural(b->type) &&
           memcmp(a->type, b->type, len) == 0 &&
           (strcmp(a->unit, b->unit) == 0 ||
            evprof_unit_compatible(a->unit, b->unit));
}

/* Makes `finest` the finer one of the two. */
static int
take_finer(evprof_value_type_t *finest, const evprof_value_type_t *other,
           const char *what, evprof_error_t *err)
{
    if (!compatible(finest, other)) {
        evprof_buf_t text = { 0 };
        evprof_buf_printf(&text, "%s: incompatible types: ", what);
        evprof_types_print(&text, finest);
        evprof_buf_putc(&text, ' ');
        evprof_types_print(&text, other);
        evprof_fail(err, EVPROF_EINVAL, "%s",
                    text.data == NULL ? what : text.data);
        evprof_buf_free(&text);
        return EVPROF_EINVAL;
    }
    if (evprof_unit_scale(1, other->unit, finest->unit, NULL) < 1) {
        *finest = *other;
    }
    return EVPROF_OK;
}

/* The finest units of each column and, behind them, of the period. */
static int
find_finest(evprof_pprof_t *const *profiles, size_t count,
            evprof_value_type_t *finest, evprof_error_t *err)
{
    size_t columns = profiles[0]->type_count;
    memcpy(finest, profiles[0]->types, columns * sizeof(*finest));
    finest[columns] = profiles[0]->period_type;
    for (size_t i = 1; i < count; i++) {
        const evprof_pprof_t *p = profiles[i];
        if (p->type_count != columns) {
            return evprof_fail(err, EVPROF_EINVAL,
                               "one profile has %zu sample types, another %zu",
                               columns, p->type_count);
        }
        int status =
            take_finer(&finest[columns], &p->period_type, "period type", err);
        for (size_t c = 0; c < columns && status == EVPROF_OK; c++) {
            status = take_finer(&finest[c], &p->types[c], "sample types", err);
        }
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

static int
scale_to(evprof_pprof_t *p, const evprof_value_type_t *finest, double *ratios)
{
    size_t columns = p->type_count;
    for (size_t c = 0; c < columns; c++) {
        ratios[c] =
            evprof_unit_scale(1, p->types[c].unit, finest[c].unit, NULL);
        p->types[c].unit = evprof_strings_intern(&p->strings, finest[c].unit);
        if (p->types[c].unit == NULL) {
            return EVPROF_ENOMEM;
        }
    }
    const char *unit = evprof_strings_intern(&p->strings, finest[columns].unit);
    if (unit == NULL) {
        return EVPROF_ENOMEM;
    }
    p->period =
        (int64_t)evprof_unit_scale(p->period, p->period_type.unit, unit, NULL);
    p->period_type.unit = unit;
    evprof_pprof_scale(p, ratios);
    return EVPROF_OK;
}

int
evprof_pprof_unify_units(evprof_pprof_t *const *profiles, size_t count,
                         evprof_error_t *err)
{
    if (count < 2) {
        return EVPROF_OK;
    }
    size_t columns = profiles[0]->type_count;
    evprof_value_type_t *finest = calloc(columns + 1, sizeof(*finest));
    double *ratios = calloc(columns + 1, sizeof(*ratios));
    int status = EVPROF_ENOMEM;
    if (finest != NULL && ratios != NULL) {
        status = find_finest(profiles, count, finest, err);
        for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
            status = scale_to(profiles[i], finest, ratios);
        }
    }
    free(finest);
    free(ratios);
    if (status == EVPROF_ENOMEM) {
        return evprof_fail(err, status, "merge: out of memory");
    }
    return status;
}
