// SPDX-License-Identifier: Apache-2.0
// A second file of the same program, in C++: its tests register themselves.
#include <evprof/testing.h>

#include <string>
#include <vector>

#include "tests/e2e/testing/add.h"

BENCHMARK(Vector)
{
    for (long long i = 0; i < b->n; i++) {
        std::vector<int> v(10);
        EVPROF_KEEP(v.data());
    }
}

TEST(Strings)
{
    std::string s("a");
    s += "b";
    if (s != "ab") {
        evprof_error(t, "%s", s.c_str());
    }
}
