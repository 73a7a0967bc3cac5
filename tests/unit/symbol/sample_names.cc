// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/symbol/sample_lines.h"

namespace demo
{
class Box
{
  public:
    SAMPLE_EXPORT int open(int times, sample_callback_fn call);
};

__attribute__((noinline)) int
Box::open(int times, sample_callback_fn call)
{
    /* The throw is what makes this need the C++ runtime, as real code does. */
    if (times < 0) {
        throw times;
    }
    return call() * times + 1;
}
} // namespace demo

int
sample_open_box(sample_callback_fn call)
{
    demo::Box box;
    return box.open(2, call) + 1;
}
