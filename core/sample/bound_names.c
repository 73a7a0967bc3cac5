/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our wrappers see a call only where the loader has bound the name to them.
 * Some other interposer may stand in front and go on to ours; only a name that
 * is libc's at once is known to pass us by.
 */
#include "core/sample/bound_names.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/look_up.h"
#include "core/sample/hooks.h"

static void *
address_of_libc(void)
{
    const char *(*known)(void) = gnu_get_libc_version;
    void *out;
    memcpy(&out, &known, sizeof(out));
    return out;
}

/* What the program's calls are bound to. */
typedef struct bound {
    const char *function;
    bool passes_us; /* they go to libc at once */
    char libc[128]; /* its name */
} bound_t;

static bound_t names[] = { { .function = "pthread_mutex_lock" },
                           { .function = "pthread_create" } };

static void
look_at(bound_t *bound)
{
    Dl_info found;
    Dl_info libc;
    void *address = evprof_look_up(RTLD_DEFAULT, bound->function);
    if (address == NULL || evprof_is_hook((uintptr_t)address) ||
        dladdr(address, &found) == 0 || dladdr(address_of_libc(), &libc) == 0 ||
        found.dli_fbase != libc.dli_fbase) {
        return;
    }
    const char *slash = strrchr(found.dli_fname, '/');
    (void)snprintf(bound->libc, sizeof(bound->libc), "%s",
                   slash == NULL ? found.dli_fname : slash + 1);
    bound->passes_us = true;
}

/* Early: what is bound stays so, and who asks the loader later waits for a
 * thread that is stuck in dlopen(). */
__attribute__((constructor(102))) static void
look_at_names(void)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        look_at(&names[i]);
    }
}

int
evprof_say_unbound(evprof_builder_t *out, enum evprof_loss_of who,
                   const char *function)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const evprof_lost_t lost = { .n = 1,
                                     .what = names[i].function,
                                     .why = names[i].libc };
        if (names[i].passes_us && strcmp(names[i].function, function) == 0) {
            return evprof_loss_say(out, who, EVPROF_LOSS_NOT_WRAPPED, &lost);
        }
    }
    return EVPROF_OK;
}
