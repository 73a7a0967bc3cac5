/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin whose constructor waits for what the program does meanwhile. */
#include <pthread.h>
#include <stdlib.h>

extern void *while_it_loads(void *arg);

__attribute__((constructor)) static void
wait_for_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, while_it_loads, NULL) != 0 ||
        pthread_join(thread, NULL) != 0) {
        abort();
    }
}
