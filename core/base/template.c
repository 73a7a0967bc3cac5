/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/template.h"

#include <string.h>

static size_t
mark_length(const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    return len > 0 && name[len] == '@' ? len : 0;
}

void
evprof_template_fill(evprof_buf_t *out, const char *text, evprof_fill_fn fill,
                     void *ctx)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "@");
        evprof_buf_add(out, text, plain);
        text += plain;
        if (*text == '\0') {
            return;
        }
        size_t len = mark_length(text + 1);
        if (len > 0) {
            fill(ctx, text + 1, len, out);
            text += len + 2;
        } else {
            evprof_buf_putc(out, *text++);
        }
    }
}

bool
evprof_template_is(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(name, word, len) == 0;
}
