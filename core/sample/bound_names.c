/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our wrappers see a call only where the loader has bound the name to them.
 * Some other interposer may stand in front and go on to ours; only a name that
 * is libc's at once is known to pass us by.
 */
#include "core/sample/bound_names.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdint.h>
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

int
evprof_say_unbound(evprof_builder_t *out, enum evprof_loss_of who,
                   const char *function)
{
    Dl_info found;
    Dl_info libc;
    void *address = evprof_look_up(RTLD_DEFAULT, function);
    if (address == NULL || evprof_is_hook((uintptr_t)address) ||
        dladdr(address, &found) == 0 || dladdr(address_of_libc(), &libc) == 0 ||
        found.dli_fbase != libc.dli_fbase) {
        return EVPROF_OK;
    }
    const char *slash = strrchr(found.dli_fname, '/');
    const evprof_lost_t lost = {
        .n = 1,
        .what = function,
        .why = slash == NULL ? found.dli_fname : slash + 1,
    };
    return evprof_loss_say(out, who, EVPROF_LOSS_NOT_WRAPPED, &lost);
}
