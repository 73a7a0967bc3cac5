/* SPDX-License-Identifier: Apache-2.0 */
/* Loaded and unloaded again and again; its constructor allocates. */
#include <stdlib.h>

static void *block;

__attribute__((constructor)) static void
enter(void)
{
    block = malloc(64);
}

__attribute__((destructor)) static void
leave(void)
{
    free(block);
}
