/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that never ends to be loaded: its constructor waits for itself, in
 * the middle of dlopen(). */
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void
wait_for_itself(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
}
