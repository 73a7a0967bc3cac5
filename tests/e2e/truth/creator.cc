/* SPDX-License-Identifier: Apache-2.0 */
/* creator FILE: a std::thread sleeps; writes threadcreate to FILE and the text
 * of all threads to standard output. */
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <evprof/evprof.h>

static void
write_it(const char *name, FILE *file, int debug)
{
    evprof_error_t err;
    evprof_writer_t out = evprof_writer_file(file);
    if (evprof_profile_write(evprof_lookup(nullptr, name), &out, debug, &err) !=
            EVPROF_OK ||
        fflush(file) != 0) {
        fprintf(stderr, "%s: %s\n", name, err.message);
        exit(2);
    }
}

static std::atomic<bool> has_started;

__attribute__((noinline)) static std::thread
make_thread()
{
    return std::thread([] {
        has_started = true;
        std::this_thread::sleep_for(std::chrono::seconds(1000));
    });
}

int
main(int argc, char **argv)
{
    evprof_error_t err;
    FILE *file = argc == 2 ? fopen(argv[1], "we") : nullptr;
    if (file == nullptr || evprof_new(nullptr, &err) == nullptr) {
        return 2;
    }
    std::thread thread = make_thread();
    while (!has_started) {
        std::this_thread::yield();
    }
    write_it("threadcreate", file, 0);
    write_it("goroutine", stdout, 2);
    std::_Exit(0);
}
