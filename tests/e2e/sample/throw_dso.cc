/* SPDX-License-Identifier: Apache-2.0 */
// A C++ plugin of a C host: throws through a few frames and catches.
#include <stdexcept>

namespace
{
__attribute__((noinline)) int
descend(int depth)
{
    if (depth == 0) {
        throw std::runtime_error("bottom");
    }
    return descend(depth - 1) + 1;
}
}

extern "C" __attribute__((visibility("default"))) int
throw_and_catch(int depth)
{
    try {
        return descend(depth);
    } catch (const std::runtime_error &) {
        return -1;
    }
}
