/* SPDX-License-Identifier: Apache-2.0 */
// Makes a thread from another shared object: its pthread_create is libstdc++'s.
#include <thread>

extern "C" __attribute__((visibility("default"))) void
run_in_thread(void (*work)(void *), void *arg)
{
    std::thread thread(work, arg);
    thread.join();
}
