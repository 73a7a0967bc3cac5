/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long text of all threads, laid out as Go prints goroutines. Stacks get
 * their functions by way of a profile in which each thread has two samples, its
 * stack and its creator's; a numeric label tells whose.
 */
#include "core/runtime/text_threads.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "core/profile/builder.h"
#include "core/profile/text.h"
#include "core/runtime/symbols.h"
#include "core/sample/labels.h"

#define MINUTE_NS INT64_C(60000000000)

static const char stack_key[] = "stack of";
static const char creator_key[] = "creator of";

/* The samples of a thread in the symbolized profile; NULL: it has none. */
typedef struct found {
    const evprof_sample_t *stack;
    const evprof_sample_t *creator;
} found_t;

/* With the labels of the thread (NULL: none) and one that says whose it is. */
static int
add_stack(evprof_builder_t *builder, const evprof_stack_t *stack,
          const evprof_label_set_t *set, const evprof_sample_label_t *whose)
{
    evprof_sample_label_t labels[EVPROF_LABELS_MAX + 1];
    size_t count = set == NULL ? 0 : set->count;
    const int64_t one = 1;
    if (stack->count == 0) {
        return EVPROF_OK;
    }
    if (count > 0) {
        memcpy(labels, set->items, count * sizeof(*labels));
    }
    labels[count++] = *whose;
    return evprof_builder_add(builder, stack, labels, count, &one);
}

static int
add_thread(evprof_builder_t *builder, size_t number,
           const evprof_dump_thread_t *thread)
{
    evprof_sample_label_t whose = { .key = stack_key,
                                    .number = (int64_t)number };
    int status = add_stack(builder, &thread->stack, thread->labels, &whose);
    whose.key = creator_key;
    return status == EVPROF_OK
               ? add_stack(builder, &thread->creator, NULL, &whose)
               : status;
}

static int
add_stacks(evprof_builder_t *builder, const evprof_dump_t *dump)
{
    int status = evprof_builder_type(builder, "threads", "count");
    for (size_t i = 0; i < dump->count && status == EVPROF_OK; i++) {
        status = add_thread(builder, i, &dump->threads[i]);
    }
    return status;
}

static int
symbolize(const evprof_dump_t *dump, evprof_pprof_t **out, evprof_error_t *err)
{
    evprof_builder_t *builder = evprof_builder_new(0);
    if (builder == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = add_stacks(builder, dump);
    if (status == EVPROF_OK) {
        status = evprof_symbols_finish(builder, out, err);
    }
    evprof_builder_free(builder);
    return status;
}

static void
find_samples(const evprof_pprof_t *p, found_t *found)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        /* Numeric labels come last and there is but one. */
        const evprof_label_t *whose = &sample->labels[sample->label_count - 1];
        found_t *of = &found[whose->number];
        if (strcmp(whose->key, stack_key) == 0) {
            of->stack = sample;
        } else {
            of->creator = sample;
        }
    }
}

static void
put_text(evprof_buf_t *out, const char *text)
{
    evprof_utf8_clean(out, text, strlen(text));
}

/* A function and where; without symbols, the file that the address is in. */
static void
put_frame(const evprof_pprof_t *p, const evprof_location_t *location,
          const evprof_line_t *line, evprof_buf_t *out)
{
    bool is_known = line != NULL && line->function != EVPROF_NO_INDEX;
    const evprof_function_t *function =
        is_known ? &p->functions[line->function] : NULL;
    if (is_known) {
        put_text(out, function->name);
        evprof_buf_puts(out, evprof_text_has_call(function->name) ? "\n\t"
                                                                  : "()\n\t");
    } else {
        evprof_buf_puts(out, "?()\n\t");
    }
    if (is_known && function->filename[0] != '\0') {
        put_text(out, function->filename);
        if (line->line != 0) {
            evprof_buf_printf(out, ":%" PRId64, line->line);
        }
    } else if (location->mapping != EVPROF_NO_INDEX) {
        put_text(out, p->mappings[location->mapping].file);
    } else {
        evprof_buf_puts(out, "?");
    }
    evprof_buf_printf(out, " pc=0x%" PRIx64 "\n", location->address);
}

static void
put_location(const evprof_pprof_t *p, uint32_t index, evprof_buf_t *out)
{
    const evprof_location_t *location = &p->locations[index];
    for (uint32_t i = 0; i < location->line_count; i++) {
        put_frame(p, location, &location->lines[i], out);
    }
    if (location->line_count == 0) {
        put_frame(p, location, NULL, out);
    }
}

static bool
is_library_line(const evprof_pprof_t *p, const evprof_line_t *line)
{
    return line->function != EVPROF_NO_INDEX &&
           strncmp(p->functions[line->function].name, "std::", 5) == 0;
}

/* The first place outside the C++ library: a program that uses std::thread sees
 * its own code as the creator. */
static void
put_creator(const evprof_pprof_t *p, const evprof_sample_t *creator,
            evprof_buf_t *out)
{
    for (uint32_t i = 0; i < creator->location_count; i++) {
        const evprof_location_t *at = &p->locations[creator->locations[i]];
        uint32_t first = 0;
        while (first < at->line_count &&
               is_library_line(p, &at->lines[first])) {
            first++;
        }
        for (uint32_t k = first; k < at->line_count; k++) {
            put_frame(p, at, &at->lines[k], out);
        }
        if (first < at->line_count) {
            return;
        }
        if (at->line_count == 0) {
            break;
        }
    }
    put_location(p, creator->locations[0], out);
}

static const char *
state_word(char state)
{
    switch (state) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'D':
        return "uninterruptible";
    case 'T':
        return "stopped";
    case 't':
        return "traced";
    case 'Z':
        return "zombie";
    default:
        return "unknown";
    }
}

/* The call or the kernel function that the thread waits in. */
static void
put_place(const evprof_dump_thread_t *thread, evprof_buf_t *out)
{
    char wchan[64];
    const char *call = evprof_syscall_name(thread->task.call);
    bool is_stuck = thread->answer == EVPROF_DUMP_UNRESPONSIVE ||
                    thread->answer == EVPROF_DUMP_UNREADABLE;
    if (thread->task.state == 'R') {
        return;
    }
    if (is_stuck || call == NULL) {
        evprof_thread_wchan(thread->tid, wchan, sizeof(wchan));
        call = wchan[0] != '\0' ? wchan : call;
    }
    if (call != NULL) {
        evprof_buf_printf(out, ", %s", call);
    } else if (thread->task.call >= 0) {
        evprof_buf_printf(out, ", syscall %ld", thread->task.call);
    }
}

static void
put_header(const evprof_dump_thread_t *thread, evprof_buf_t *out)
{
    evprof_buf_printf(out, "thread %d \"", (int)thread->tid);
    put_text(out, thread->task.name);
    evprof_buf_puts(out, "\" [");
    if (thread->answer == EVPROF_DUMP_UNRESPONSIVE) {
        evprof_buf_puts(out, "unresponsive, ");
    }
    if (thread->answer == EVPROF_DUMP_UNREADABLE) {
        evprof_buf_puts(out, "unreadable, ");
    }
    evprof_buf_puts(out, state_word(thread->task.state));
    put_place(thread, out);
    if (thread->still_ns >= MINUTE_NS) {
        evprof_buf_printf(out, ", %" PRId64 " minutes",
                          thread->still_ns / MINUTE_NS);
    }
    evprof_buf_puts(out, "]:\n");
}

static void
put_thread(const evprof_pprof_t *p, const evprof_dump_thread_t *thread,
           const found_t *found, evprof_buf_t *out)
{
    const evprof_sample_t *stack = found->stack;
    put_header(thread, out);
    if (thread->answer == EVPROF_DUMP_UNREADABLE) {
        evprof_buf_printf(out, "\tno stack: %s\n", thread->reason);
    }
    if (stack != NULL) {
        evprof_text_labels(stack, out);
    }
    for (uint32_t i = 0; stack != NULL && i < stack->location_count; i++) {
        put_location(p, stack->locations[i], out);
    }
    if (found->creator != NULL && found->creator->location_count > 0) {
        evprof_buf_puts(out, "created by ");
        put_creator(p, found->creator, out);
    }
    evprof_buf_putc(out, '\n');
}

static void
put_all(const evprof_pprof_t *p, const evprof_dump_t *dump, pid_t first,
        const found_t *found, evprof_buf_t *out)
{
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].tid == first) {
            put_thread(p, &dump->threads[i], &found[i], out);
        }
    }
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].tid != first) {
            put_thread(p, &dump->threads[i], &found[i], out);
        }
    }
}

int
evprof_text_threads(const evprof_dump_t *dump, pid_t first, evprof_buf_t *out,
                    evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    found_t *found = calloc(dump->count + 1, sizeof(*found));
    if (found == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = symbolize(dump, &p, err);
    if (status == EVPROF_OK) {
        find_samples(p, found);
        put_all(p, dump, first, found, out);
        status = out->failed ? EVPROF_ENOMEM : EVPROF_OK;
    }
    evprof_pprof_free(p);
    free(found);
    return status;
}
