/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all parts of a run share: its options and counts, the worker counts of
 * -cpu, and the way to start a thread. It calls no other part.
 */
#include "adapters/testing/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

evprof_test_run_t evprof_test_run;
int *evprof_test_cpus;

pthread_t
evprof_testing_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, fn, arg);
    if (error != 0) {
        fprintf(stderr, "testing: cannot make a thread: %s\n", strerror(error));
        abort();
    }
    return thread;
}
