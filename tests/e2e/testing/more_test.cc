// SPDX-License-Identifier: Apache-2.0
// A second file of the same program, in C++: its tests register themselves.
#include <evprof/testing.h>

#include <string>
#include <thread>
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

namespace {

int stores;

// A fixture that is a class: made before the body, destroyed after it.
class Store
{
  public:
    Store() { stores++; }
    ~Store() { stores--; }
    void add(int value) { values_.push_back(value); }
    std::size_t size() const { return values_.size(); }

  private:
    std::vector<int> values_;
};

} // namespace

EVPROF_TEST_C(Store, Holds)
{
    f->add(1);
    if (f->size() != 1 || stores != 1) {
        evprof_error(t, "%zu values in %d stores", f->size(), stores);
    }
}

EVPROF_TEST_C(Store, IsLeft)
{
    f->add(2);
    evprof_skip(t, "the destructor runs all the same");
}

TEST(StoresAreGone)
{
    if (stores != 0) {
        evprof_error(t, "%d stores are left", stores);
    }
}

// What threads allocate that a body makes is counted with the body.
BENCHMARK(Threads)
{
    for (long long i = 0; i < b->n; i++) {
        std::thread([] {
            for (int k = 0; k < 100; k++) {
                std::vector<int> v(10);
                EVPROF_KEEP(v.data());
            }
        }).join();
    }
}
