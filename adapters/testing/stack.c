/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack of a crashed test: taken in the handler by the signal-safe
 * unwinder, given names afterwards on a healthy thread, by the code that gives
 * samples their names.
 */
#include "adapters/testing/stack.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/profile/builder.h"
#include "core/symbol/symbolize.h"
#include "core/unwind/unwind.h"

static const evprof_unwinder_t *unwinder;

void
evprof_crash_stack_prepare(void)
{
    unwinder = evprof_unwinder_find("auto");
    if (unwinder != NULL && evprof_unwinder_prepare(unwinder) != EVPROF_OK) {
        unwinder = evprof_unwinder_find("fp");
    }
}

void
evprof_crash_stack_take(evprof_crash_stack_t *out, const void *context)
{
    if (unwinder != NULL) {
        evprof_walk_t walk = { .pcs = out->pcs, .max = EVPROF_CRASH_FRAMES };
        unwinder->walk_context(&walk, context);
        out->count = walk.count;
    }
}

static void
print_location(const evprof_pprof_t *p, const evprof_location_t *at)
{
    if (at->line_count == 0) {
        fprintf(stderr, "%#" PRIx64 "\n", at->address);
    }
    for (uint32_t i = 0; i < at->line_count; i++) {
        const evprof_line_t *line = &at->lines[i];
        if (line->function != EVPROF_NO_INDEX) {
            const evprof_function_t *f = &p->functions[line->function];
            fprintf(stderr, "%s\n\t%s:%" PRId64 "\n", f->name, f->filename,
                    line->line);
        }
    }
}

/* The stack as a profile of one sample, with symbols; NULL: no memory. */
static evprof_pprof_t *
name_frames(const evprof_crash_stack_t *stack)
{
    evprof_pprof_t *p = NULL;
    evprof_builder_t *builder = evprof_builder_new(0);
    evprof_symbolizer_t *symbolizer = evprof_symbolizer_new(0);
    evprof_stack_t frames = { stack->pcs, stack->count, true };
    int64_t one = 1;
    if (builder != NULL && symbolizer != NULL &&
        evprof_builder_type(builder, "crash", "count") == EVPROF_OK &&
        evprof_builder_add(builder, &frames, NULL, 0, &one) == EVPROF_OK &&
        evprof_builder_finish(builder, &p, NULL) == EVPROF_OK) {
        evprof_objects_refresh();
        const evprof_objects_t *objects = evprof_objects_acquire();
        evprof_symbolize(symbolizer, objects, p, NULL);
        evprof_objects_release(objects);
    }
    evprof_symbolizer_free(symbolizer);
    evprof_builder_free(builder);
    return p;
}

void
evprof_crash_stack_print(const evprof_crash_stack_t *stack)
{
    if (stack->count == 0) {
        return;
    }
    evprof_pprof_t *p = name_frames(stack);
    if (p == NULL || p->sample_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < p->samples[0].location_count; i++) {
        print_location(p, &p->locations[p->samples[0].locations[i]]);
    }
    fputc('\n', stderr);
    evprof_pprof_free(p);
}
