/* SPDX-License-Identifier: Apache-2.0 */
/* The list of unwinders, the hook that learns of new objects, and the check of
 * the library that throws C++ exceptions. */
#include "core/unwind/unwind.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/look_up.h"
#include "core/unwind/sig_unwind.h"

static const struct {
    const char *name;
    const evprof_unwinder_t *unwinder;
} names[] = {
    { "fp", &evprof_unwinder_fp },
    { "tables", &evprof_unwinder_tables },
    { "libunwind", &evprof_unwinder_libunwind },
    { "auto", &evprof_unwinder_tables },
};

const evprof_unwinder_t *
evprof_unwinder_find(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].unwinder;
        }
    }
    return NULL;
}

static void (*_Atomic learner)(void);

void
evprof_unwind_set_learner(void (*ask)(void))
{
    atomic_store(&learner, ask);
}

void
evprof_unwind_learn(void)
{
    void (*ask)(void) = atomic_load(&learner);
    if (ask != NULL) {
        ask();
    } else {
        (void)evprof_unwind_refresh();
    }
}

int
evprof_unwind_check_exceptions(evprof_error_t *err)
{
    void *raise = evprof_look_up(RTLD_DEFAULT, "_Unwind_RaiseException");
    Dl_info owner;
    if (raise == NULL || dladdr(raise, &owner) == 0) {
        return EVPROF_OK;
    }
    const char *slash = strrchr(owner.dli_fname, '/');
    const char *name = slash == NULL ? owner.dli_fname : slash + 1;
    /* LLVM's libunwind.so.1 is a runtime of C++ in its own right. */
    if (strncmp(name, "libunwind.so.8", strlen("libunwind.so.8")) != 0) {
        return EVPROF_OK;
    }
    return evprof_fail(err, EVPROF_ESTATE,
                       "unwind: %s has taken over C++ exceptions, which makes "
                       "throwing many times slower; link libgcc_s before it",
                       owner.dli_fname);
}

int
evprof_unwinder_prepare(const evprof_unwinder_t *unwinder)
{
    int status = unwinder->load == NULL ? EVPROF_OK : unwinder->load();
    return status == EVPROF_OK ? evprof_unwind_refresh() : status;
}
