/* SPDX-License-Identifier: Apache-2.0 */
/* A test program outside the tree. */
#include <evprof/testing.h>

TEST(Outside)
{
    evprof_log(t, "here");
}

EVPROF_TEST_MAIN()
