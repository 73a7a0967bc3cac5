/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/plain_texts.h"

#include <string.h>

#include "core/base/visible.h"

/* Texts that follow each other are often the same one. */
typedef struct cleaner {
    evprof_pprof_t *profile;
    const char *last; /* was good as it is */
    int status;
} cleaner_t;

static void
clean(cleaner_t *c, const char **text)
{
    if (*text == NULL || *text == c->last) {
        return;
    }
    size_t len = strlen(*text);
    if (evprof_visible_is(*text, len)) {
        c->last = *text;
        return;
    }
    evprof_buf_t visible = { 0 };
    evprof_visible_add(&visible, *text, len, "");
    const char *own = visible.failed
                          ? NULL
                          : evprof_strings_add(&c->profile->strings,
                                               visible.data, visible.len);
    evprof_buf_free(&visible);
    if (own == NULL) {
        c->status = EVPROF_ENOMEM;
    } else {
        *text = own;
    }
}

int
evprof_pprof_plain_header(evprof_pprof_t *p)
{
    cleaner_t c = { .profile = p };
    for (size_t i = 0; i < p->type_count; i++) {
        clean(&c, &p->types[i].type);
        clean(&c, &p->types[i].unit);
    }
    clean(&c, &p->period_type.type);
    clean(&c, &p->period_type.unit);
    clean(&c, &p->default_type);
    clean(&c, &p->doc_url);
    for (size_t i = 0; i < p->mapping_count; i++) {
        clean(&c, &p->mappings[i].file);
        clean(&c, &p->mappings[i].build_id);
    }
    for (size_t i = 0; i < p->comment_count; i++) {
        clean(&c, &p->comments[i]);
    }
    return c.status;
}

int
evprof_pprof_plain_samples(evprof_pprof_t *p)
{
    cleaner_t c = { .profile = p };
    for (size_t i = 0; i < p->function_count; i++) {
        clean(&c, &p->functions[i].name);
        clean(&c, &p->functions[i].system_name);
        clean(&c, &p->functions[i].filename);
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        evprof_sample_t *s = &p->samples[i];
        for (uint32_t n = 0; n < s->label_count; n++) {
            clean(&c, &s->labels[n].key);
            clean(&c, &s->labels[n].text);
            clean(&c, &s->labels[n].unit);
        }
    }
    return c.status;
}
