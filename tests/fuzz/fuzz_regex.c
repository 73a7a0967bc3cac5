/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions of users: the first line is one, the rest a text. An expression
 * that is accepted must match in bounded time, and as a tag filter, too.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/regex.h"
#include "core/analysis/tags.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = strndup((const char *)data, len);
    if (text == NULL) {
        return 0;
    }
    size_t line = strcspn(text, "\n");
    bool has_rest = text[line] != '\0';
    text[line] = '\0';
    const char *rest = has_rest ? text + line + 1 : "";
    evprof_regex_t *re = NULL;
    evprof_error_t err = { 0 };
    int status = evprof_regex_new(text, &re, &err);
    if (status == EVPROF_OK) {
        evprof_regex_match(re, rest);
        evprof_regex_free(re);
    } else if (err.message[0] == '\0') {
        abort();
    }
    evprof_label_units_t units = { 0 };
    evprof_tag_filter_t *filter = NULL;
    if (evprof_tag_filter_new("tagfocus", text, &units, &filter, NULL) ==
        EVPROF_OK) {
        evprof_tag_filter_free(filter);
    }
    free(text);
    return 0;
}
