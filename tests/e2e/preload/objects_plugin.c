/* SPDX-License-Identifier: Apache-2.0 */
/* Built twice: the second time, with other names at the same places, it takes
 * the place of the first. */
__attribute__((visibility("default")))
__attribute__((visibility("default"))) double
OUTER(double from);
__attribute__((visibility("default"))) double turn_plugin(double from);

__attribute__((noinline)) static double
INNER(double from)
{
    volatile double sum = from;
    for (int i = 1; i < 1000; i++) {
        sum = sum + 1.0 / i;
    }
    return sum;
}

__attribute__((noinline)) double
OUTER(double from)
{
    return INNER(from) + 1;
}

double
turn_plugin(double from)
{
    return OUTER(from) + 1;
}
