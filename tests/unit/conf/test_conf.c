/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of core/conf in one program, so that it starts once. */
#include "tests/unit/conf/tests.h"

int
main(void)
{
    return run_lexer_tests() + run_tree_tests() + run_setters_tests() +
           run_config_tests() + run_write_tests() + run_blocks_tests();
}
