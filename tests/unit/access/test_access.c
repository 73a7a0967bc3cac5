/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of core/access in one program, so that it starts once. */
#include "tests/unit/access/tests.h"

int
main(void)
{
    return run_rules_tests() + run_digest_tests() + run_credentials_tests() +
           run_judge_tests() + run_directives_tests() + run_cache_tests() +
           run_origin_tests();
}
