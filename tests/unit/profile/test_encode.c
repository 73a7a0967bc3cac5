/* SPDX-License-Identifier: Apache-2.0 */
/* The writer by hand, read back by the code that protoc-c generates. */
#include <string.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"
#include "proto/profile.pb-c.h"

#include "tests/unit/profile/sample_profile.h"
#include "tests/unit/profile/tests.h"

static Evprof__Pb__Profile *
encode_and_unpack(const evprof_pprof_t *p)
{
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    assert_int_equal(evprof_pprof_encode(p, EVPROF_ENCODE_PLAIN, &out, NULL),
                     EVPROF_OK);
    Evprof__Pb__Profile *pb =
        evprof__pb__profile__unpack(NULL, buf.len, (const uint8_t *)buf.data);
    assert_non_null(pb);
    evprof_buf_free(&buf);
    return pb;
}

static const char *
string_of(const Evprof__Pb__Profile *pb, int64_t number)
{
    assert_in_range(number, 0, pb->n_string_table - 1);
    return pb->string_table[number];
}

static void
test_header_fields(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    assert_string_equal(pb->string_table[0], "");
    assert_int_equal(pb->n_sample_type, 2);
    assert_string_equal(string_of(pb, pb->sample_type[1]->type), "cpu");
    assert_string_equal(string_of(pb, pb->sample_type[1]->unit), "nanoseconds");
    assert_string_equal(string_of(pb, pb->period_type->type), "cpu");
    assert_int_equal(pb->period, 10000000);
    assert_int_equal(pb->time_nanos, INT64_C(1700000000000000000));
    assert_int_equal(pb->duration_nanos, 2000000000);
    assert_int_equal(pb->n_comment, 1);
    assert_string_equal(string_of(pb, pb->comment[0]), "taken at night");
    assert_string_equal(string_of(pb, pb->default_sample_type), "cpu");
    assert_string_equal(string_of(pb, pb->doc_url), "https://shop.example/doc");
    assert_string_equal(string_of(pb, pb->drop_frames), "malloc");
    assert_string_equal(string_of(pb, pb->keep_frames), "xmalloc");
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_pprof_free(p);
}

static void
test_tables_and_ids(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    p->locations[1].id = 77; /* what is written counts from 1 regardless */
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    assert_int_equal(pb->n_mapping, 2);
    assert_int_equal(pb->mapping[1]->id, 2);
    assert_int_equal(pb->mapping[1]->memory_start, 0x7f0000000000);
    assert_int_equal(pb->mapping[1]->file_offset, 0x26000);
    assert_true(pb->mapping[0]->has_functions);
    assert_false(pb->mapping[1]->has_functions);
    assert_string_equal(string_of(pb, pb->mapping[0]->build_id), "0badc0de");

    assert_int_equal(pb->n_location, 3);
    const Evprof__Pb__Location *inlined = pb->location[1];
    assert_int_equal(inlined->id, 2);
    assert_int_equal(inlined->mapping_id, 1);
    assert_int_equal(inlined->n_line, 2);
    assert_int_equal(inlined->line[0]->function_id, 3);
    assert_int_equal(inlined->line[0]->column, 4);
    assert_int_equal(inlined->line[1]->function_id, 2);
    assert_int_equal(inlined->line[1]->line, 25);
    assert_true(pb->location[2]->is_folded);

    assert_int_equal(pb->n_function, 3);
    assert_string_equal(string_of(pb, pb->function[2]->name), "round_up");
    assert_int_equal(pb->function[2]->start_line, 30);
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_pprof_free(p);
}

static void
test_samples_and_labels(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    assert_int_equal(pb->n_sample, 2);
    const Evprof__Pb__Sample *s = pb->sample[0];
    const uint64_t ids[] = { 3, 2, 1 };
    assert_int_equal(s->n_location_id, 3);
    assert_memory_equal(s->location_id, ids, sizeof(ids));
    assert_int_equal(s->n_value, 2);
    assert_int_equal(s->value[1], 30000000);
    assert_int_equal(pb->sample[1]->value[1], -10000000);
    assert_int_equal(s->n_label, 2);
    assert_string_equal(string_of(pb, s->label[0]->key), "route");
    assert_string_equal(string_of(pb, s->label[0]->str), "/cart");
    assert_int_equal(s->label[1]->num, 4096);
    assert_string_equal(string_of(pb, s->label[1]->num_unit), "bytes");
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_pprof_free(p);
}

static void
test_strings_become_utf8(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    p->mappings[0].file = evprof_strings_intern(&p->strings, "/srv/\xff\xfe");
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    assert_string_equal(string_of(pb, pb->mapping[0]->filename),
                        "/srv/\xef\xbf\xbd\xef\xbf\xbd");
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_pprof_free(p);
}

static void
test_gzip_header_is_gos(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    assert_int_equal(evprof_pprof_encode(p, 0, &out, NULL), EVPROF_OK);
    assert_true(buf.len > 10);
    assert_memory_equal(buf.data, "\x1f\x8b\x08\0\0\0\0\0\x04\xff", 10);
    evprof_buf_free(&buf);
    evprof_pprof_free(p);
}

static int
refuse(void *ctx, const void *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return EVPROF_EIO;
}

static void
test_a_failing_writer_is_reported(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    evprof_writer_t out = { refuse, NULL };
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_encode(p, 0, &out, &err), EVPROF_EIO);
    assert_int_equal(err.status, EVPROF_EIO);
    assert_string_equal(err.message,
                        "profile: cannot be written: input or output failed");
    evprof_pprof_free(p);
}

int
run_encode_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_tables_and_ids),
        cmocka_unit_test(test_samples_and_labels),
        cmocka_unit_test(test_strings_become_utf8),
        cmocka_unit_test(test_gzip_header_is_gos),
        cmocka_unit_test(test_a_failing_writer_is_reported),
    };
    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
