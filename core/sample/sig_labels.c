/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pointer a thread. The handler that reads it runs on the thread that
 * writes it, and sets are never freed, so a relaxed atomic (one plain load) is
 * enough there; other threads read it too, hence the release. Initial-exec,
 * because the dynamic TLS model may allocate at the first access in a thread.
 */
#include "core/sample/sig_labels.h"

#include <stdatomic.h>

static _Thread_local __attribute__((tls_model("initial-exec")))
evprof_labels_place_t current;

const evprof_label_set_t *
evprof_sig_labels(void)
{
    return atomic_load_explicit(&current, memory_order_relaxed);
}

void
evprof_sig_labels_set(const evprof_label_set_t *set)
{
    atomic_store_explicit(&current, set, memory_order_release);
}

evprof_labels_place_t *
evprof_sig_labels_place(void)
{
    return &current;
}
