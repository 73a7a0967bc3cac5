/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apart from all other code: the object file must define this symbol and no
 * constructor may have to run before it is read.
 */
#include "core/heap/malloc_conf.h"

static const char conf[] = EVPROF_MALLOC_CONF;

__attribute__((weak, visibility("default"))) const char *malloc_conf = conf;

bool
evprof_malloc_conf_is_ours(void)
{
    return malloc_conf == conf;
}
