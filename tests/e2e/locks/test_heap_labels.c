/* SPDX-License-Identifier: Apache-2.0 */
/* What a labelled thread allocates carries its labels in heap and allocs. */
#include "tests/e2e/locks/profile.h"

#include <stdlib.h>
#include <string.h>

/* Far more than the mean distance of samples, so that each is sampled. */
enum { BLOCKS = 4, BLOCK_BYTES = 16 << 20 };

__attribute__((noinline)) static void
allocate(void **blocks)
{
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK_BYTES);
        assert_non_null(blocks[i]);
    }
}

/* In-use bytes at allocate() under that value of the label, NULL: without. */
static int64_t
bytes_of(const evprof_pprof_t *p, const char *tenant)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        const char *label = label_of(sample, "tenant");
        bool is_same = tenant == NULL
                           ? label == NULL
                           : label != NULL && strcmp(label, tenant) == 0;
        if (is_same && sample_has(p, sample, "allocate")) {
            sum += sample->values[3];
        }
    }
    return sum;
}

static void
test_heap_samples_have_labels(void **state)
{
    (void)state;
    void *blocks[3][BLOCKS];
    evprof_t *prof = evprof_new(NULL, NULL);
    assert_non_null(prof);
    allocate(blocks[0]);
    {
        EVPROF_LABEL("tenant", "one");
        allocate(blocks[1]);
    }
    {
        EVPROF_LABEL("tenant", "two");
        allocate(blocks[2]);
    }
    evprof_pprof_t *p = take_profile(prof, "heap");
    const int64_t all = (int64_t)BLOCKS * BLOCK_BYTES;
    assert_int_equal(bytes_of(p, NULL), all);
    assert_int_equal(bytes_of(p, "one"), all);
    assert_int_equal(bytes_of(p, "two"), all);
    evprof_pprof_free(p);
    for (int i = 0; i < 3 * BLOCKS; i++) {
        free(blocks[i / BLOCKS][i % BLOCKS]);
    }
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_samples_have_labels),
    };
    return cmocka_run_group_tests_name("heap labels", tests, NULL, NULL);
}
