/* SPDX-License-Identifier: Apache-2.0 */
/* A lambda that is called through a pointer: gcc describes its code inside its
 * class, inside the function, and calls inlined into it below that. */
#include <algorithm>

typedef long (*visit_t)(long value, void *arg);

__attribute__((noipa)) static long
each(const long *values, long count, visit_t visit, void *arg)
{
    long sum = 0;
    for (long i = 0; i < count; i++) {
        sum += visit(values[i], arg);
    }
    return sum;
}

static inline long
mix(long value)
{
    long out = 17;
    for (long i = 0; i < value % 9; i++) {
        out = out * 31 + (value ^ i);
    }
    return out;
}

static inline long
mix_twice(long value)
{
    return mix(value) + mix(value + 1);
}

struct counter {
    long total = 0;

    long
    run(const long *values, long count)
    {
        return each(
            values, count,
            [](long value, void *arg) {
                static_cast<counter *>(arg)->total += mix_twice(value);
                return 1L;
            },
            this);
    }
};

extern "C" __attribute__((visibility("default"))) long
sample_count(long *values, long count)
{
    counter c;
    /* What is inlined here has no linker's name: it is made for a lambda. */
    std::sort(values, values + count,
              [](long a, long b) { return mix(a) < mix(b); });
    return c.run(values, count) + c.total;
}
