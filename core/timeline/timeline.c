/* SPDX-License-Identifier: Apache-2.0 */
/* Each generation of a file numbers its stacks anew, so equal stacks are found
 * by their frames. */
#include "core/timeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/grow.h"
#include "core/base/hash.h"

void
evprof_timeline_free(evprof_timeline_t *t)
{
    if (t == NULL) {
        return;
    }
    evprof_strings_free(&t->strings);
    evprof_index_free(&t->frame_index);
    evprof_index_free(&t->stack_index);
    free(t->frames);
    free(t->stacks);
    free(t->frame_numbers);
    free(t->events);
    free(t);
}

static uint64_t
hash_frame(const evprof_timeline_frame_t *f)
{
    return evprof_hash_mix(
        f->pc ^
        evprof_hash_mix((uintptr_t)f->function ^ ((uint64_t)f->line << 40)) ^
        (uintptr_t)f->file);
}

static bool
is_same_frame(const evprof_timeline_frame_t *a,
              const evprof_timeline_frame_t *b)
{
    return a->pc == b->pc && a->function == b->function && a->file == b->file &&
           a->line == b->line;
}

/* EVPROF_INDEX_END: out of memory. */
static uint32_t
add_frame(evprof_timeline_t *t, const evprof_timeline_frame_t *frame)
{
    uint64_t hash = hash_frame(frame);
    evprof_index_walk_t walk = evprof_index_walk(&t->frame_index, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && !is_same_frame(&t->frames[row], frame)) {
        row = evprof_index_next(&walk);
    }
    if (row != EVPROF_INDEX_END) {
        return row;
    }
    evprof_timeline_frame_t *grown = evprof_grow(
        t->frames, &t->frame_cap, t->frame_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return EVPROF_INDEX_END;
    }
    t->frames = grown;
    row = (uint32_t)t->frame_count;
    if (evprof_index_add(&t->frame_index, hash, row) != EVPROF_OK) {
        return EVPROF_INDEX_END;
    }
    t->frames[t->frame_count++] = *frame;
    return row;
}

/* The stack whose frames are the last `count` numbers, 0: it is new. */
static uint32_t
find_stack(const evprof_timeline_t *t, const uint32_t *numbers, uint32_t count,
           uint64_t hash)
{
    evprof_index_walk_t walk = evprof_index_walk(&t->stack_index, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END &&
           (t->stacks[row].count != count ||
            memcmp(t->frame_numbers + t->stacks[row].first, numbers,
                   count * sizeof(*numbers)) != 0)) {
        row = evprof_index_next(&walk);
    }
    return row == EVPROF_INDEX_END ? 0 : row;
}

static bool
reserve_stack(evprof_timeline_t *t, size_t count)
{
    uint32_t *numbers =
        evprof_grow(t->frame_numbers, &t->frame_number_cap,
                    t->frame_number_count + count, sizeof(*numbers));
    if (numbers != NULL) {
        t->frame_numbers = numbers;
    }
    evprof_timeline_stack_t *stacks = evprof_grow(
        t->stacks, &t->stack_cap, t->stack_count + 2, sizeof(*stacks));
    if (stacks != NULL) {
        t->stacks = stacks;
    }
    if (numbers == NULL || stacks == NULL ||
        t->frame_number_count + count > UINT32_MAX) {
        return false;
    }
    if (t->stack_count == 0) {
        t->stacks[t->stack_count++] = (evprof_timeline_stack_t){ .count = 0 };
    }
    return true;
}

uint32_t
evprof_timeline_add_stack(evprof_timeline_t *t,
                          const evprof_timeline_frame_t *frames, size_t count)
{
    if (!reserve_stack(t, count) || count == 0) {
        return 0;
    }
    uint32_t *numbers = t->frame_numbers + t->frame_number_count;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = add_frame(t, &frames[i]);
        if (numbers[i] == EVPROF_INDEX_END) {
            return 0;
        }
    }
    uint64_t hash = evprof_hash(numbers, count * sizeof(*numbers), 0);
    uint32_t found = find_stack(t, numbers, (uint32_t)count, hash);
    if (found != 0 || evprof_index_add(&t->stack_index, hash,
                                       (uint32_t)t->stack_count) != EVPROF_OK) {
        return found;
    }
    t->stacks[t->stack_count] =
        (evprof_timeline_stack_t){ .first = (uint32_t)t->frame_number_count,
                                   .count = (uint32_t)count };
    t->frame_number_count += count;
    return (uint32_t)t->stack_count++;
}

const evprof_timeline_frame_t *
evprof_timeline_frame(const evprof_timeline_t *t, uint32_t stack, uint32_t i)
{
    return &t->frames[t->frame_numbers[t->stacks[stack].first + i]];
}

/* Whether the function comes before a thread's start routine: libc's start
 * code, or the mark that our unwinder puts where it did not reach the root. */
static bool
is_start(const char *name)
{
    static const char *const starts[] = {
        "_start", "__libc_start_main", "__libc_start_call_main",
        "clone3", "start_thread",      "stack.unknown_caller"
    };
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (strcmp(name, starts[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "_dl_", 4) == 0;
}

const char *
evprof_timeline_root(const evprof_timeline_t *t, uint32_t stack)
{
    uint32_t count = stack == 0 ? 0 : t->stacks[stack].count;
    const char *name = "";
    while (count > 0 && name[0] == '\0') {
        name = evprof_timeline_frame(t, stack, --count)->function;
        name = is_start(name) ? "" : name;
    }
    return name;
}
