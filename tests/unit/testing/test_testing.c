/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the runner that need no run: flags, names, columns, events. */
#include "tests/unit/testing/tests.h"

int
main(void)
{
    return run_options_tests() + run_match_tests() + run_result_tests() +
           run_json_tests();
}
