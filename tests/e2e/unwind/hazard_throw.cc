// SPDX-License-Identifier: Apache-2.0
// Exceptions through a few frames with cleanups.
#include <stdexcept>

#include "tests/e2e/unwind/hazards.h"

namespace
{
thread_local volatile long sink;

struct Cleanup {
    ~Cleanup()
    {
        sink = sink + 1;
    }
};

__attribute__((noinline)) long
thrower(int depth)
{
    Cleanup cleanup;
    if (depth == 0) {
        throw std::runtime_error("storm");
    }
    return thrower(depth - 1) + 1;
}
} // namespace

extern "C" void
storm_throw()
{
    try {
        sink = thrower(5);
    } catch (const std::exception &) {
        sink = sink + 1;
    }
}
