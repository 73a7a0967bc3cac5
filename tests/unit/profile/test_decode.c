/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader by hand against what protoc-c's code packs, and against bytes that
 * no writer should make.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"
#include "proto/profile.pb-c.h"

#include "tests/unit/profile/sample_profile.h"
#include "tests/unit/profile/tests.h"

/* A profile of one sample, to be bent by each test. */
typedef struct minimal {
    Evprof__Pb__Profile profile;
    Evprof__Pb__ValueType type;
    Evprof__Pb__ValueType *types[1];
    Evprof__Pb__Sample sample;
    Evprof__Pb__Sample *samples[1];
    Evprof__Pb__Location location;
    Evprof__Pb__Location *locations[1];
    Evprof__Pb__Line line;
    Evprof__Pb__Line *lines[1];
    Evprof__Pb__Function function;
    Evprof__Pb__Function *functions[1];
    Evprof__Pb__Label label;
    Evprof__Pb__Label *labels[1];
    uint64_t ids[1];
    int64_t values[1];
    char *strings[4];
} minimal_t;

static char text_empty[] = "";
static char text_cpu[] = "cpu";
static char text_count[] = "count";
static char text_work[] = "work";

static minimal_t *
make_minimal(void)
{
    minimal_t *m = calloc(1, sizeof(*m));
    assert_non_null(m);
    evprof__pb__profile__init(&m->profile);
    evprof__pb__value_type__init(&m->type);
    evprof__pb__sample__init(&m->sample);
    evprof__pb__location__init(&m->location);
    evprof__pb__line__init(&m->line);
    evprof__pb__function__init(&m->function);
    evprof__pb__label__init(&m->label);
    m->type.type = 1;
    m->type.unit = 2;
    m->types[0] = &m->type;
    m->ids[0] = 5;
    m->values[0] = -7;
    m->sample.n_location_id = 1;
    m->sample.location_id = m->ids;
    m->sample.n_value = 1;
    m->sample.value = m->values;
    m->samples[0] = &m->sample;
    m->location.id = 5;
    m->location.address = 0x1234;
    m->location.n_line = 1;
    m->lines[0] = &m->line;
    m->location.line = m->lines;
    m->line.function_id = 9;
    m->line.line = 42;
    m->locations[0] = &m->location;
    m->function.id = 9;
    m->function.name = 3;
    m->functions[0] = &m->function;
    m->labels[0] = &m->label;
    m->strings[0] = text_empty;
    m->strings[1] = text_cpu;
    m->strings[2] = text_count;
    m->strings[3] = text_work;
    m->profile.n_sample_type = 1;
    m->profile.sample_type = m->types;
    m->profile.n_sample = 1;
    m->profile.sample = m->samples;
    m->profile.n_location = 1;
    m->profile.location = m->locations;
    m->profile.n_function = 1;
    m->profile.function = m->functions;
    m->profile.n_string_table = 4;
    m->profile.string_table = m->strings;
    return m;
}

static evprof_buf_t
pack(const minimal_t *m)
{
    evprof_buf_t buf = { 0 };
    size_t size = evprof__pb__profile__get_packed_size(&m->profile);
    assert_true(evprof_buf_reserve(&buf, size));
    buf.len = evprof__pb__profile__pack(&m->profile, (uint8_t *)buf.data);
    return buf;
}

static int
decode_buf(const evprof_buf_t *buf, evprof_pprof_t **out, evprof_error_t *err)
{
    return evprof_pprof_decode(buf->data, buf->len, 0, out, err);
}

static void
assert_refused(minimal_t *m, const char *message)
{
    evprof_buf_t buf = pack(m);
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    bool is_readable = strstr(message, "contradicts itself") != NULL;
    assert_int_equal(decode_buf(&buf, &p, &err),
                     is_readable ? EVPROF_EINVAL : EVPROF_EPARSE);
    assert_null(p);
    assert_string_equal(err.message, message);
    evprof_buf_free(&buf);
    free(m);
}

static void
test_minimal_profile(void **state)
{
    (void)state;
    minimal_t *m = make_minimal();
    evprof_buf_t buf = pack(m);
    evprof_pprof_t *p = NULL;
    assert_int_equal(decode_buf(&buf, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 1);
    assert_int_equal(p->samples[0].location_count, 1);
    assert_int_equal(p->samples[0].locations[0], 0);
    assert_int_equal(p->samples[0].values[0], -7);
    assert_int_equal(p->locations[0].id, 5);
    assert_int_equal(p->locations[0].mapping, EVPROF_NO_INDEX);
    assert_int_equal(p->locations[0].lines[0].line, 42);
    assert_string_equal(p->functions[p->locations[0].lines[0].function].name,
                        "work");
    assert_int_equal(evprof_pprof_check(p, NULL), EVPROF_OK);
    evprof_pprof_free(p);
    evprof_buf_free(&buf);
    free(m);
}

static void
test_what_is_encoded_comes_back(void **state)
{
    (void)state;
    evprof_pprof_t *before = make_sample_profile();
    evprof_buf_t first = { 0 };
    evprof_writer_t out = evprof_writer_buf(&first);
    assert_int_equal(evprof_pprof_encode(before, 0, &out, NULL), EVPROF_OK);
    evprof_pprof_t *after = NULL;
    assert_int_equal(decode_buf(&first, &after, NULL), EVPROF_OK);

    assert_int_equal(after->sample_count, 2);
    assert_int_equal(after->samples[0].label_count, 2);
    assert_string_equal(after->samples[0].labels[0].text, "/cart");
    assert_null(after->samples[0].labels[1].text);
    assert_int_equal(after->samples[0].labels[1].number, 4096);
    assert_string_equal(after->comments[0], "taken at night");
    assert_true(after->mappings[0].has_functions);
    assert_true(after->locations[2].is_folded);

    evprof_buf_t second = { 0 };
    out = evprof_writer_buf(&second);
    assert_int_equal(evprof_pprof_encode(after, 0, &out, NULL), EVPROF_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    evprof_buf_free(&first);
    evprof_buf_free(&second);
    evprof_pprof_free(before);
    evprof_pprof_free(after);
}

static void
test_unpacked_fields_are_read(void **state)
{
    (void)state;
    /* location_id 5 and value 3 written one by one, as proto2 did. */
    minimal_t *m = make_minimal();
    m->profile.n_sample = 0;
    evprof_buf_t buf = pack(m);
    evprof_buf_add(&buf, "\x12\x04\x08\x05\x10\x03", 6);
    evprof_pprof_t *p = NULL;
    assert_int_equal(decode_buf(&buf, &p, NULL), EVPROF_OK);
    assert_int_equal(p->samples[0].location_count, 1);
    assert_int_equal(p->samples[0].values[0], 3);
    evprof_pprof_free(p);
    evprof_buf_free(&buf);
    free(m);
}

static void
test_scattered_fields_are_read(void **state)
{
    (void)state;
    /* More runs of kinds than are told apart: samples and comments in turn. */
    enum { COUNT = 3000 };
    minimal_t *m = make_minimal();
    m->profile.n_sample = 0;
    evprof_buf_t buf = pack(m);
    for (int i = 0; i < COUNT; i++) {
        evprof_buf_add(&buf, "\x12\x04\x08\x05\x10\x03\x68\x03", 8);
    }
    evprof_pprof_t *p = NULL;
    assert_int_equal(decode_buf(&buf, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, COUNT);
    assert_int_equal(p->comment_count, COUNT);
    assert_string_equal(p->comments[COUNT - 1], "work");
    evprof_pprof_free(p);
    evprof_buf_free(&buf);
    free(m);
}

static void
test_extreme_numbers(void **state)
{
    (void)state;
    minimal_t *m = make_minimal();
    m->values[0] = INT64_MIN;
    m->ids[0] = UINT64_MAX;
    m->location.id = UINT64_MAX;
    m->location.address = UINT64_MAX;
    evprof_buf_t buf = pack(m);
    evprof_pprof_t *p = NULL;
    assert_int_equal(decode_buf(&buf, &p, NULL), EVPROF_OK);
    assert_true(p->samples[0].values[0] == INT64_MIN);
    assert_true(p->locations[0].address == UINT64_MAX);
    evprof_pprof_free(p);
    evprof_buf_free(&buf);
    free(m);
}

static void
test_faults_are_named(void **state)
{
    (void)state;
    minimal_t *m = make_minimal();
    m->ids[0] = 6;
    assert_refused(m,
                   "the profile contradicts itself: a sample names a location "
                   "that is not there");
    m = make_minimal();
    m->sample.n_value = 0;
    assert_refused(m, "the profile contradicts itself: a sample has 0 "
                      "values for 1 sample types");
    m = make_minimal();
    m->profile.n_sample_type = 0;
    assert_refused(m, "the profile contradicts itself: it has samples, but no "
                      "sample types");
    m = make_minimal();
    m->line.function_id = 8;
    assert_refused(m, "the profile contradicts itself: a line of location 5 "
                      "names a function that is not there");
    m = make_minimal();
    m->function.id = 0;
    assert_refused(m,
                   "the profile contradicts itself: a function has the id 0");
    m = make_minimal();
    Evprof__Pb__Location *twice[2] = { &m->location, &m->location };
    m->profile.n_location = 2;
    m->profile.location = twice;
    assert_refused(m, "the profile contradicts itself: two locations share the "
                      "id 5");
    m = make_minimal();
    m->type.unit = 4;
    assert_refused(m, "string 4 of a table of 4");
    m = make_minimal();
    m->function.name = -1;
    assert_refused(m, "string 18446744073709551615 of a "
                      "table of 4");
    m = make_minimal();
    m->strings[0] = text_work;
    assert_refused(m, "its first string is not empty");
    m = make_minimal();
    m->profile.n_string_table = 0;
    assert_refused(m, "profile.proto without a table of "
                      "strings");
}

static void
test_labels_are_ordered(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    minimal_t *m = make_minimal();
    static Evprof__Pb__Label labels[COUNT];
    Evprof__Pb__Label *rows[COUNT];
    for (int i = 0; i < COUNT; i++) {
        evprof__pb__label__init(&labels[i]);
        labels[i].key = i % 2 == 0 ? 3 : 1;
        labels[i].str = i % 4 < 2 ? 2 : 0;
        labels[i].num = i;
        rows[i] = &labels[i];
    }
    m->sample.n_label = COUNT;
    m->sample.label = rows;
    evprof_buf_t buf = pack(m);
    evprof_pprof_t *p = NULL;
    assert_int_equal(decode_buf(&buf, &p, NULL), EVPROF_OK);
    const evprof_label_t *got = p->samples[0].labels;
    assert_int_equal(p->samples[0].label_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        bool is_text = i < COUNT / 2;
        bool is_cpu = i % (COUNT / 2) < COUNT / 4;
        assert_int_equal(got[i].text != NULL, is_text);
        assert_string_equal(got[i].key, is_cpu ? "cpu" : "work");
        if (!is_text && i % (COUNT / 4) > 0) {
            assert_true(got[i].number > got[i - 1].number);
        }
    }
    evprof_pprof_free(p);
    evprof_buf_free(&buf);
    free(m);
}

static void
test_every_truncation_is_refused_or_read(void **state)
{
    (void)state;
    evprof_pprof_t *whole = make_sample_profile();
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    assert_int_equal(
        evprof_pprof_encode(whole, EVPROF_ENCODE_PLAIN, &out, NULL), EVPROF_OK);
    int refused = 0;
    for (size_t len = 0; len < buf.len; len++) {
        evprof_pprof_t *p = NULL;
        evprof_error_t err = { 0 };
        int status = evprof_pprof_decode(buf.data, len, 0, &p, &err);
        if (status == EVPROF_OK) {
            assert_int_equal(evprof_pprof_check(p, NULL), EVPROF_OK);
        } else {
            assert_int_equal(err.status, status);
            refused++;
        }
        evprof_pprof_free(p);
    }
    assert_true(refused > (int)buf.len / 2);
    evprof_buf_free(&buf);
    evprof_pprof_free(whole);
}

static void
test_concatenated_and_empty(void **state)
{
    (void)state;
    minimal_t *m = make_minimal();
    m->profile.time_nanos = 1;
    evprof_buf_t one = pack(m);
    evprof_buf_t two = { 0 };
    evprof_buf_add(&two, one.data, one.len);
    evprof_buf_add(&two, one.data, one.len);
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(decode_buf(&two, &p, &err), EVPROF_EINVAL);
    assert_string_equal(err.message,
                        "it holds several profiles one behind the other: "
                        "split them");
    assert_int_equal(evprof_pprof_decode("", 0, 0, &p, &err), EVPROF_EPARSE);
    assert_string_equal(err.message, "it is empty");
    evprof_buf_free(&one);
    evprof_buf_free(&two);
    free(m);
}

static evprof_buf_t
gzip_sample(void)
{
    evprof_pprof_t *p = make_sample_profile();
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    assert_int_equal(evprof_pprof_encode(p, 0, &out, NULL), EVPROF_OK);
    evprof_pprof_free(p);
    return buf;
}

static void
assert_unreadable(const void *data, size_t len, const char *message)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_pprof_decode(data, len, 0, &p, &err),
                     EVPROF_EPARSE);
    assert_string_equal(err.message, message);
}

static void
test_broken_gzip(void **state)
{
    (void)state;
    evprof_buf_t buf = gzip_sample();
    assert_unreadable(buf.data, buf.len / 2,
                      "the compressed profile ends too early");
    assert_unreadable(buf.data, 5, "the compressed profile ends too early");
    evprof_buf_t longer = { 0 };
    evprof_buf_add(&longer, buf.data, buf.len);
    evprof_buf_puts(&longer, "garbage");
    assert_unreadable(longer.data, longer.len,
                      "the compressed profile ends too early");
    evprof_buf_puts(&longer, " and more");
    assert_unreadable(longer.data, longer.len,
                      "the gzip header of the profile is damaged");
    evprof_buf_free(&longer);
    buf.data[buf.len - 6] ^= 1;
    assert_unreadable(buf.data, buf.len,
                      "the profile does not match its gzip checksum");
    buf.data[2] = 7;
    assert_unreadable(buf.data, buf.len,
                      "the gzip header of the profile is damaged");
    evprof_buf_free(&buf);
}

static void
test_gzip_members_and_zstd(void **state)
{
    (void)state;
    evprof_pprof_t *p = make_sample_profile();
    evprof_buf_t plain = { 0 };
    evprof_writer_t out = evprof_writer_buf(&plain);
    assert_int_equal(evprof_pprof_encode(p, EVPROF_ENCODE_PLAIN, &out, NULL),
                     EVPROF_OK);
    evprof_pprof_free(p);

    char packed[4096];
    size_t len =
        ZSTD_compress(packed, sizeof(packed), plain.data, plain.len, 3);
    assert_false(ZSTD_isError(len));
    assert_int_equal(evprof_pprof_decode(packed, len, 0, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 2);
    evprof_pprof_free(p);
    assert_unreadable(packed, len - 3, "the compressed profile ends too early");

    /* Two members: the first is an empty one. */
    static const char empty[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0"
                                "\0\0";
    evprof_buf_t joined = { 0 };
    evprof_buf_t member = gzip_sample();
    evprof_buf_add(&joined, empty, sizeof(empty) - 1);
    evprof_buf_add(&joined, member.data, member.len);
    assert_int_equal(decode_buf(&joined, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 2);
    evprof_pprof_free(p);
    evprof_buf_free(&joined);
    evprof_buf_free(&member);
    evprof_buf_free(&plain);
}

static void
test_a_gzip_bomb_is_stopped(void **state)
{
    (void)state;
    enum { BLOCK = 1 << 20, BLOCKS = 100 };
    evprof_buf_t bomb = { 0 };
    char *zeros = calloc(1, BLOCK);
    assert_non_null(zeros);
    z_stream z = { 0 };
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, 0), Z_OK);
    assert_true(evprof_buf_reserve(&bomb, BLOCK));
    z.next_out = (unsigned char *)bomb.data;
    z.avail_out = BLOCK;
    for (int i = 0; i < BLOCKS; i++) {
        z.next_in = (unsigned char *)zeros;
        z.avail_in = BLOCK;
        deflate(&z, i == BLOCKS - 1 ? Z_FINISH : Z_NO_FLUSH);
    }
    bomb.len = z.total_out;
    deflateEnd(&z);
    free(zeros);

    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(decode_buf(&bomb, &p, &err), EVPROF_ELIMIT);
    assert_non_null(strstr(err.message, "which is no profile"));
    /* A small one runs into the caller's own limit. */
    evprof_buf_t sample = gzip_sample();
    assert_int_equal(evprof_pprof_decode(sample.data, sample.len, 64, &p, &err),
                     EVPROF_ELIMIT);
    evprof_buf_free(&sample);
    evprof_buf_free(&bomb);
}

int
run_decode_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimal_profile),
        cmocka_unit_test(test_what_is_encoded_comes_back),
        cmocka_unit_test(test_unpacked_fields_are_read),
        cmocka_unit_test(test_scattered_fields_are_read),
        cmocka_unit_test(test_extreme_numbers),
        cmocka_unit_test(test_faults_are_named),
        cmocka_unit_test(test_labels_are_ordered),
        cmocka_unit_test(test_every_truncation_is_refused_or_read),
        cmocka_unit_test(test_concatenated_and_empty),
        cmocka_unit_test(test_broken_gzip),
        cmocka_unit_test(test_gzip_members_and_zstd),
        cmocka_unit_test(test_a_gzip_bomb_is_stopped),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
