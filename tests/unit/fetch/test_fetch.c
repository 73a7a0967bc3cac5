/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of fetching that need no network. */
#include "tests/unit/fetch/tests.h"

int
main(void)
{
    return run_url_tests() + run_target_tests() + run_proxy_tests() +
           run_judge_tests() + run_sources_tests();
}
