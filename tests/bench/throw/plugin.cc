// SPDX-License-Identifier: Apache-2.0
// A C++ plugin that throws, for hosts in C.
#include <stdexcept>

extern "C" __attribute__((visibility("default"))) long plugin_throw(int depth);

namespace
{
__attribute__((noinline)) long
thrower(int depth)
{
    if (depth == 0) {
        throw std::runtime_error("bench");
    }
    return thrower(depth - 1) + 1;
}
} // namespace

long
plugin_throw(int depth)
{
    try {
        return thrower(depth);
    } catch (const std::exception &) {
        return depth;
    }
}
