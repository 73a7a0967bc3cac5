/* SPDX-License-Identifier: Apache-2.0 */
/* The writer by hand, read back by the code that protoc-c generates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "core/base/buf.h"
#include "core/profile/gzip.h"
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

/* The stack of a sample may have one location, or none. */
static void
test_short_stacks(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    p->samples[0].location_count = 1;
    p->samples[1].location_count = 0;
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    assert_int_equal(pb->sample[0]->n_location_id, 1);
    assert_int_equal(pb->sample[0]->location_id[0], 3);
    assert_int_equal(pb->sample[1]->n_location_id, 0);
    assert_int_equal(pb->sample[1]->n_value, 2);
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

/* More texts and bytes than the buffers on the way hold at once. */
static void
test_a_large_profile(void **state)
{
    (void)state;
    enum { FUNCTIONS = 9000 };
    evprof_pprof_t *p = make_sample_profile();
    evprof_function_t *functions =
        evprof_arena_calloc(&p->arena, FUNCTIONS, sizeof(*functions));
    assert_non_null(functions);
    for (int i = 0; i < FUNCTIONS; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "shop::request::step_%d", i);
        functions[i].name = evprof_strings_intern(&p->strings, name);
        functions[i].system_name = functions[i].name;
        functions[i].filename =
            evprof_strings_intern(&p->strings, i % 2 == 0 ? "even.c" : "odd.c");
    }
    p->functions = functions;
    p->function_count = FUNCTIONS;
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    assert_int_equal(pb->n_function, FUNCTIONS);
    for (int i = 0; i < FUNCTIONS; i++) {
        assert_string_equal(string_of(pb, pb->function[i]->name),
                            functions[i].name);
        assert_int_equal(pb->function[i]->system_name, pb->function[i]->name);
        assert_string_equal(string_of(pb, pb->function[i]->filename),
                            functions[i].filename);
        assert_int_equal(pb->function[i]->filename,
                         pb->function[i % 2]->filename);
    }
    for (size_t i = 1; i < pb->n_string_table; i++) {
        assert_string_not_equal(pb->string_table[i], "");
    }
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_pprof_free(p);
}

/* What goes in byte by byte, and what is larger than the blocks on the way,
 * comes out as it was. */
static void
test_gzip_takes_any_length(void **state)
{
    (void)state;
    enum { LEN = 300000 };
    evprof_buf_t packed = { 0 };
    evprof_writer_t out = evprof_writer_buf(&packed);
    evprof_gzip_t *gzip = evprof_gzip_new(&out);
    unsigned char *bytes = malloc(LEN);
    unsigned char *back = malloc(LEN + 1);
    assert_non_null(gzip);
    assert_non_null(bytes);
    assert_non_null(back);
    unsigned random = 1;
    for (int i = 0; i < LEN; i++) {
        random = random * 1103515245u + 12345u;
        bytes[i] = (unsigned char)(random >> 16);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(evprof_gzip_write(gzip, bytes + i, 1), EVPROF_OK);
    }
    assert_int_equal(evprof_gzip_write(gzip, bytes + 100, 0), EVPROF_OK);
    assert_int_equal(evprof_gzip_write(gzip, bytes + 100, LEN - 100),
                     EVPROF_OK);
    assert_int_equal(evprof_gzip_end(gzip), EVPROF_OK);
    evprof_gzip_free(gzip);
    z_stream stream = { .next_in = (unsigned char *)packed.data,
                        .avail_in = (uInt)packed.len,
                        .next_out = back,
                        .avail_out = LEN + 1 };
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, LEN);
    assert_memory_equal(back, bytes, LEN);
    inflateEnd(&stream);
    free(back);
    free(bytes);
    evprof_buf_free(&packed);
}

/* A label whose text is empty is a text, not the number 0. */
static void
test_an_empty_label_stays_a_text(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    p->samples[0].labels[0].text = evprof_strings_intern(&p->strings, "");
    Evprof__Pb__Profile *pb = encode_and_unpack(p);
    int64_t number = pb->sample[0]->label[0]->str;
    assert_true(number > 0);
    assert_string_equal(string_of(pb, number), "");
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_pprof_free(p);
}

static void
test_ids_are_kept_on_request(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    p->locations[1].id = 77;
    p->mappings[0].id = 88;
    p->functions[2].id = 99;
    assert_int_equal(
        evprof_pprof_encode(p, EVPROF_ENCODE_PLAIN | EVPROF_ENCODE_KEEP_IDS,
                            &out, NULL),
        EVPROF_OK);
    Evprof__Pb__Profile *pb =
        evprof__pb__profile__unpack(NULL, buf.len, (const uint8_t *)buf.data);
    assert_non_null(pb);
    assert_int_equal(pb->location[1]->id, 77);
    assert_int_equal(pb->sample[0]->location_id[1], 77);
    assert_int_equal(pb->mapping[0]->id, 88);
    assert_int_equal(pb->location[1]->mapping_id, 88);
    assert_int_equal(pb->function[2]->id, 99);
    assert_int_equal(pb->location[1]->line[0]->function_id, 99);
    evprof__pb__profile__free_unpacked(pb, NULL);
    evprof_buf_free(&buf);
    evprof_pprof_free(p);
}

int
run_encode_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_tables_and_ids),
        cmocka_unit_test(test_samples_and_labels),
        cmocka_unit_test(test_short_stacks),
        cmocka_unit_test(test_strings_become_utf8),
        cmocka_unit_test(test_gzip_header_is_gos),
        cmocka_unit_test(test_a_large_profile),
        cmocka_unit_test(test_gzip_takes_any_length),
        cmocka_unit_test(test_an_empty_label_stays_a_text),
        cmocka_unit_test(test_ids_are_kept_on_request),
        cmocka_unit_test(test_a_failing_writer_is_reported),
    };
    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
