/* SPDX-License-Identifier: Apache-2.0 */
/* The function under test of the tutorial, in a file of its own. */
#include "tests/e2e/testing/add.h"

__attribute__((noinline)) long
Add(long a, long b)
{
    long sum = a;
    for (long i = 0; i < 200; i++) {
        sum += (b ^ i) % 7;
    }
    return sum;
}
