/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small table of threads by the index of their record: the set for a sample
 * without labels is found at once, others are looked up among the interned
 * sets.
 */
#include "core/sample/thread_labels.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/self.h"
#include "core/sample/labels.h"

#define SLOTS 1024u
#define FRESH_NS INT64_C(1000000000)

typedef struct slot {
    uint32_t thread;
    uint32_t generation;
    int32_t tid;
    int64_t read_ns; /* 0: never */
    char name[32];
    enum evprof_thread_labels which;
    const evprof_label_set_t *alone; /* the set of a sample without labels */
} slot_t;

static slot_t slots[SLOTS];

static void
read_name(int32_t tid, char *out, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), EVPROF_SELF_TASKS "/%d/comm", (int)tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0) {
        close(fd);
    }
    out[len > 0 ? len : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static const evprof_label_set_t *
with_thread(const slot_t *slot, const evprof_label_set_t *labels)
{
    char number[16];
    if (slot->name[0] != '\0') {
        labels = evprof_labels_with(labels, "thread", slot->name);
    }
    if (slot->which == EVPROF_THREAD_LABELS_TID) {
        (void)snprintf(number, sizeof(number), "%d", (int)slot->tid);
        labels = evprof_labels_with(labels, "tid", number);
    }
    return labels;
}

static void
refresh(slot_t *slot, const evprof_record_t *record,
        enum evprof_thread_labels which)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    bool is_other = slot->read_ns == 0 || slot->thread != record->thread ||
                    slot->generation != record->generation ||
                    slot->which != which;
    if (!is_other && now_ns - slot->read_ns < FRESH_NS) {
        return;
    }
    char name[sizeof(slot->name)];
    read_name(record->tid, name, sizeof(name));
    /* A thread that has ended meanwhile keeps the name it had. */
    bool is_renamed = name[0] != '\0' && strcmp(name, slot->name) != 0;
    slot->read_ns = now_ns;
    if (is_other || is_renamed) {
        *slot = (slot_t){ .thread = record->thread,
                          .generation = record->generation,
                          .tid = record->tid,
                          .read_ns = now_ns,
                          .which = which };
        memcpy(slot->name, name, sizeof(name));
        slot->alone = with_thread(slot, NULL);
    }
}

const evprof_label_set_t *
evprof_thread_labels_of(const evprof_record_t *record,
                        enum evprof_thread_labels which)
{
    if (which == EVPROF_THREAD_LABELS_OFF) {
        return record->labels;
    }
    slot_t *slot = &slots[record->thread % SLOTS];
    refresh(slot, record, which);
    return record->labels == NULL ? slot->alone
                                  : with_thread(slot, record->labels);
}
