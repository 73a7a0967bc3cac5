/* SPDX-License-Identifier: Apache-2.0 */
/* Finds values of options that are wrong for any profile, so that they are
 * refused when they are set, not when a report fails. */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/regex.h"
#include "core/analysis/tags.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/unit.h"
#include "core/report/options.h"

int
evprof_option_check_regex(const char *value, evprof_error_t *err)
{
    evprof_regex_t *regex = NULL;
    evprof_error_t why;
    int status = evprof_regex_new(value, &regex, &why);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "\"%s\" is no regular expression: %s",
                           value, why.message);
    }
    evprof_regex_free(regex);
    return EVPROF_OK;
}

int
evprof_option_check_labels(const char *value, evprof_error_t *err)
{
    const evprof_label_units_t none = { 0 };
    evprof_tag_filter_t *filter = NULL;
    evprof_buf_t quoted = { 0 };
    evprof_buf_printf(&quoted, "\"%s\"", value);
    int status =
        quoted.failed
            ? evprof_fail(err, EVPROF_ENOMEM, "options: out of memory")
            : evprof_tag_filter_new(quoted.data, value, &none, &filter, err);
    evprof_buf_free(&quoted);
    if (status == EVPROF_OK) {
        evprof_tag_filter_free(filter);
    }
    return status;
}

int
evprof_option_check_divisor(const char *value, evprof_error_t *err)
{
    return strtod(value, NULL) == 0
               ? evprof_fail(err, EVPROF_EPARSE, "it must not be 0")
               : EVPROF_OK;
}

/* Checks a unit: sample types that count things cannot be scaled. */
int
evprof_option_check_unit(const char *value, evprof_error_t *err)
{
    static const char *const others[] = { "auto", "minimum", "count",
                                          "samples" };
    static const char *const kinds[] = { "ns", "B", "GCU" };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(value, others[i]) == 0) {
            return EVPROF_OK;
        }
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (evprof_unit_compatible(value, kinds[i])) {
            return EVPROF_OK;
        }
    }
    return evprof_fail(err, EVPROF_EPARSE,
                       "there is no unit %s; take auto, minimum, ns, us, ms, "
                       "s, hrs, B, kB, MB, GB, TB or PB",
                       value);
}
