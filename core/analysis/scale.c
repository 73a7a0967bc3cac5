/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on values. */
#include "core/analysis/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/types.h"
#include "core/base/error.h"
#include "core/base/sum.h"
#include "core/profile/labels.h"

/* A double beyond int64 has no value there; take the nearest that has. */
static int64_t
round_to_int64(double value)
{
    double rounded = round(value);
    if (rounded >= 0x1p63) {
        return INT64_MAX;
    }
    return rounded < -0x1p63 || isnan(rounded) ? INT64_MIN : (int64_t)rounded;
}

void
evprof_pprof_scale(evprof_pprof_t *p, const double *ratios)
{
    bool changes = false;
    for (size_t i = 0; i < p->type_count; i++) {
        changes = changes || ratios[i] != 1.0;
    }
    if (!changes) {
        return;
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        int64_t *values = p->samples[i].values;
        for (size_t c = 0; c < p->type_count; c++) {
            if (ratios[c] != 1.0) {
                values[c] = round_to_int64((double)values[c] * ratios[c]);
            }
        }
    }
    p->sample_count =
        evprof_samples_drop_zero(p->samples, p->sample_count, p->type_count);
}

void
evprof_pprof_negate(evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        int64_t *values = p->samples[i].values;
        for (size_t c = 0; c < p->type_count; c++) {
            values[c] = evprof_difference(0, values[c]);
        }
    }
    p->sample_count =
        evprof_samples_drop_zero(p->samples, p->sample_count, p->type_count);
}

/* Sums of the columns. */
static void
add_columns(const evprof_pprof_t *p, int64_t *sums)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        for (size_t c = 0; c < p->type_count; c++) {
            sums[c] = evprof_sum(sums[c], p->samples[i].values[c]);
        }
    }
}

int
evprof_pprof_normalize(evprof_pprof_t *p, const evprof_pprof_t *base,
                       evprof_error_t *err)
{
    int status = evprof_types_check_equal(p, base, err);
    if (status != EVPROF_OK) {
        return status;
    }
    size_t count = p->type_count;
    int64_t *sums = calloc(count * 2 + 1, sizeof(*sums));
    double *ratios = calloc(count + 1, sizeof(*ratios));
    if (sums == NULL || ratios == NULL) {
        status = evprof_fail(err, EVPROF_ENOMEM, "normalize: out of memory");
    } else {
        add_columns(base, sums);
        add_columns(p, sums + count);
        for (size_t i = 0; i < count; i++) {
            double own = (double)sums[count + i];
            ratios[i] = own == 0 ? 0 : (double)sums[i] / own;
        }
        evprof_pprof_scale(p, ratios);
    }
    free(sums);
    free(ratios);
    return status;
}

/* The labels of a sample without the texts of that key, and `label`. */
static int
replace_label(evprof_pprof_t *p, evprof_sample_t *s,
              const evprof_label_t *label)
{
    evprof_label_t *labels = evprof_arena_calloc(
        &p->arena, (size_t)s->label_count + 1, sizeof(*labels));
    if (labels == NULL) {
        return EVPROF_ENOMEM;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->label_count; i++) {
        if (s->labels[i].text == NULL || s->labels[i].key != label->key) {
            labels[count++] = s->labels[i];
        }
    }
    labels[count++] = *label;
    s->labels = labels;
    s->label_count = count;
    return evprof_labels_sort(labels, count);
}

int
evprof_pprof_set_label(evprof_pprof_t *p, const char *key, const char *text)
{
    evprof_label_t label = {
        .key = evprof_strings_intern(&p->strings, key),
        .text = evprof_strings_intern(&p->strings, text),
        .unit = evprof_strings_intern(&p->strings, ""),
    };
    if (label.key == NULL || label.text == NULL || label.unit == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        int status = replace_label(p, &p->samples[i], &label);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}
