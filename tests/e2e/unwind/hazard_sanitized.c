/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sanitizers own the allocator and offer a hook of theirs, and they must be
 * told of every change of stacks. Each has only some of these functions, and
 * not every compiler comes with the headers that declare them.
 */
#include <stddef.h>
#include <stdlib.h>

#include "tests/e2e/unwind/hazards.h"

#define WEAK __attribute__((weak))

int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void *block, size_t size),
    void (*freed)(const volatile void *block));
WEAK void __sanitizer_start_switch_fiber(void **kept, const void *low,
                                         size_t size);
WEAK void __sanitizer_finish_switch_fiber(void *kept, const void **low,
                                          size_t *size);
WEAK void *__tsan_get_current_fiber(void);
WEAK void *__tsan_create_fiber(unsigned flags);
WEAK void __tsan_switch_to_fiber(void *fiber, unsigned flags);

static void
allocated(const volatile void *block, size_t size)
{
    (void)block;
    (void)size;
    on_malloc();
}

static void
freed(const volatile void *block)
{
    (void)block;
}

void
watch_malloc(void)
{
    if (__sanitizer_install_malloc_and_free_hooks(allocated, freed) == 0) {
        abort();
    }
}

void
leave_stack(struct stack *from, struct stack *to)
{
    if (__tsan_switch_to_fiber != NULL) {
        from->fiber = __tsan_get_current_fiber();
        to->fiber = to->fiber == NULL ? __tsan_create_fiber(0) : to->fiber;
        __tsan_switch_to_fiber(to->fiber, 0);
    }
    if (__sanitizer_start_switch_fiber != NULL) {
        __sanitizer_start_switch_fiber(&from->kept, to->low, to->size);
    }
}

void
enter_stack(struct stack *to, struct stack *from)
{
    if (__sanitizer_finish_switch_fiber != NULL) {
        __sanitizer_finish_switch_fiber(to->kept, &from->low, &from->size);
    }
}
