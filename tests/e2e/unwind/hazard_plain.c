/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator of the process, with a hook: the loader allocates too, while it
 * holds its locks. */
#include <stdlib.h>

#include "tests/e2e/unwind/hazards.h"

void *__libc_malloc(size_t size);

void
watch_malloc(void)
{
}

void *
malloc(size_t size)
{
    void *out = __libc_malloc(size);
    on_malloc();
    return out;
}

void
leave_stack(struct stack *from, struct stack *to)
{
    (void)from;
    (void)to;
}

void
enter_stack(struct stack *to, struct stack *from)
{
    (void)to;
    (void)from;
}
