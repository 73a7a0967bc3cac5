/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of modules/formats in one program, so that it starts once. */
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

#include "tests/unit/formats/tests.h"

evprof_pprof_t *
read_bytes(const void *data, size_t len)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    if (evprof_format_read(evprof_formats, data, len, &p, &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    return p;
}

static void
show_frame(evprof_buf_t *out, const evprof_pprof_t *p,
           const evprof_location_t *l)
{
    if (l->line_count == 0) {
        evprof_buf_printf(out, " %llx", (unsigned long long)l->address);
        return;
    }
    for (uint32_t i = 0; i < l->line_count; i++) {
        const evprof_function_t *f = &p->functions[l->lines[i].function];
        evprof_buf_printf(out, " %s@%s:%lld", f->name, f->filename,
                          (long long)l->lines[i].line);
    }
}

static void
show_sample(evprof_buf_t *out, const evprof_pprof_t *p,
            const evprof_sample_t *s)
{
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(out, "%s%lld", i == 0 ? "" : " ",
                          (long long)s->values[i]);
    }
    evprof_buf_putc(out, ':');
    for (uint32_t i = 0; i < s->location_count; i++) {
        show_frame(out, p, &p->locations[s->locations[i]]);
    }
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        evprof_buf_printf(out, " %s=", label->key);
        if (label->text != NULL) {
            evprof_buf_puts(out, label->text);
        } else {
            evprof_buf_printf(out, "%lld%s", (long long)label->number,
                              label->unit);
        }
    }
    evprof_buf_putc(out, '\n');
}

static void
show_profile(evprof_buf_t *out, const evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_printf(out, "%s/%s ", p->types[i].type, p->types[i].unit);
    }
    evprof_buf_printf(out, "period %lld %s/%s", (long long)p->period,
                      p->period_type.type, p->period_type.unit);
    if (p->duration_ns != 0) {
        evprof_buf_printf(out, " for %lld", (long long)p->duration_ns);
    }
    evprof_buf_putc(out, '\n');
    for (size_t i = 0; i < p->sample_count; i++) {
        show_sample(out, p, &p->samples[i]);
    }
    for (size_t i = 0; i < p->location_count; i++) {
        assert_int_equal(p->locations[i].id, i + 1);
    }
    for (size_t i = 0; i < p->function_count; i++) {
        assert_int_equal(p->functions[i].id, i + 1);
    }
    for (size_t i = 0; i < p->mapping_count; i++) {
        const evprof_mapping_t *m = &p->mappings[i];
        evprof_buf_printf(out, "%llx-%llx+%llx %s %s\n",
                          (unsigned long long)m->start,
                          (unsigned long long)m->limit,
                          (unsigned long long)m->offset, m->file, m->build_id);
    }
}

void
assert_bytes_read(const void *data, size_t len, const char *expected)
{
    evprof_pprof_t *p = read_bytes(data, len);
    evprof_buf_t got = { 0 };
    show_profile(&got, p);
    assert_string_equal(got.data, expected);
    evprof_buf_free(&got);
    evprof_pprof_free(p);
}

void
assert_read(const char *text, const char *expected)
{
    assert_bytes_read(text, strlen(text), expected);
}

void
assert_not_read(const char *text, const char *message)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    int status =
        evprof_format_read(evprof_formats, text, strlen(text), &p, &err);
    assert_true(status == EVPROF_EPARSE || status == EVPROF_EINVAL);
    assert_int_equal(err.status, status);
    assert_string_equal(err.message, message);
    assert_null(p);
}

int
main(void)
{
    return run_binary_tests() + run_maps_tests() + run_perf_tests() +
           run_refusal_tests() + run_text_tests();
}
