// SPDX-License-Identifier: Apache-2.0
// Exceptions, cleanups, virtual calls, containers.
#include "tests/e2e/unwind/cases.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{
volatile long sink;

struct Cleanup {
    ~Cleanup()
    {
        sink = sink + 1;
    }
};

struct Shape {
    virtual ~Shape() = default;
    virtual long area(long a) const = 0;
};

struct Square : Shape {
    long
    area(long a) const override
    {
        return a * a + sink;
    }
};

struct Circle : Shape {
    long
    area(long a) const override
    {
        return 3 * a * a + sink;
    }
};

__attribute__((noinline)) long
thrower(int depth)
{
    Cleanup cleanup;
    if (depth == 0) {
        throw std::runtime_error("thrown");
    }
    return thrower(depth - 1) + 1;
}

__attribute__((noinline)) long
catcher()
{
    try {
        return thrower(2);
    } catch (const std::exception &e) {
        return static_cast<long>(std::string(e.what()).size());
    }
}

__attribute__((noinline)) long
containers()
{
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.push_back(std::make_unique<Square>());
    shapes.push_back(std::make_unique<Circle>());
    std::vector<long> areas;
    for (const auto &shape : shapes) {
        areas.push_back(shape->area(3));
    }
    std::sort(areas.begin(), areas.end(), [](long a, long b) { return a > b; });
    std::string text = "a string that is longer than the small one";
    text += std::to_string(areas[0]);
    return static_cast<long>(text.size());
}
} // namespace

extern "C" void
run_cases(void *arg)
{
    sink = containers();
    if (arg != nullptr) {
        sink = sink + catcher();
    }
}
