/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of core/profile in one program, so that it starts once. */
#include "tests/unit/profile/tests.h"

int
main(void)
{
    return run_builder_tests() + run_decode_tests() + run_encode_tests() +
           run_filter_tests() + run_gzip_parallel_tests() + run_loss_tests() +
           run_merge_tests() + run_regex_tests() + run_sample_key_tests() +
           run_tags_tests();
}
