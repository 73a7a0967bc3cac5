/* SPDX-License-Identifier: Apache-2.0 */
#include "core/access/digest.h"

#include <string.h>

#include "tests/unit/access/tests.h"

/* The authors' key 00 01 .. 0f; the inputs are 00 01 .. up to their length. */
static void
test_known_values(void **state)
{
    static const struct {
        size_t len;
        uint8_t out[16];
    } rows[] = {
        { 0,
          { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72,
            0x14, 0xc7, 0x55, 0x02, 0x93 } },
        { 1,
          { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59,
            0x11, 0x9b, 0x22, 0xfc, 0x45 } },
    };
    uint8_t key[16];
    uint8_t input[16];
    (void)state;
    for (uint8_t i = 0; i < 16; i++) {
        key[i] = i;
        input[i] = i;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_digest_t digest = evprof_digest(key, input, rows[i].len);
        for (unsigned k = 0; k < 16; k++) {
            uint8_t byte =
                (uint8_t)(digest.words[k / 8] >> (8 * (k % 8)) & 0xff);
            assert_int_equal(byte, rows[i].out[k]);
        }
    }
}

static void
test_differences(void **state)
{
    static const uint8_t key[16] = { 1 };
    static const uint8_t other_key[16] = { 2 };
    (void)state;
    evprof_digest_t a = evprof_digest(key, "0123456789", 10);
    evprof_digest_t b = evprof_digest(key, "0123456789", 10);
    evprof_digest_t c = evprof_digest(key, "0123456788", 10);
    evprof_digest_t d = evprof_digest(other_key, "0123456789", 10);
    assert_true(evprof_digest_equal(&a, &b));
    assert_false(evprof_digest_equal(&a, &c));
    assert_false(evprof_digest_equal(&a, &d));
}

int
run_digest_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_differences),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
