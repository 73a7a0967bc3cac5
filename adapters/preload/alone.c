/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process with several threads cannot do, or does in each of them:
 * unshare() and setns() refuse a process that has more than one; the setuid
 * family has each thread change its user, and libc ends a program in which one
 * may and another may not, as where only main() has kept its capabilities.
 * Programs that start others do this first, while no thread of ours does more
 * than wait for the time when the port opens: it goes for that moment.
 */
#include "adapters/preload/alone.h"

#include <grp.h>
#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

#include <evprof/export.h>

#include "core/interpose/real.h"

/* clang-format off */
#define EACH_CALL(X)                                                           \
    X(setuid, (uid_t user), (user))                                            \
    X(setgid, (gid_t group), (group))                                          \
    X(seteuid, (uid_t user), (user))                                           \
    X(setegid, (gid_t group), (group))                                         \
    X(setreuid, (uid_t real, uid_t user), (real, user))                        \
    X(setregid, (gid_t real, gid_t group), (real, group))                      \
    X(setresuid, (uid_t real, uid_t user, uid_t saved), (real, user, saved))   \
    X(setresgid, (gid_t real, gid_t group, gid_t saved), (real, group, saved)) \
    X(setgroups, (size_t count, const gid_t *groups), (count, groups))         \
    X(initgroups, (const char *user, gid_t group), (user, group))              \
    X(unshare, (int flags), (flags))                                           \
    X(setns, (int space, int kind), (space, kind))

#define REAL(name, parameters, arguments)                                      \
    static evprof_real_t real_##name = EVPROF_REAL(name, NULL);
EACH_CALL(REAL)

__attribute__((constructor(101))) static void
find_calls(void)
{
#define ENTRY(name, parameters, arguments) &real_##name,
    static evprof_real_t *const reals[] = { EACH_CALL(ENTRY) };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

#define WRAPPER(name, parameters, arguments)                                   \
    EVPROF_API int                                                             \
    name parameters                                                            \
    {                                                                          \
        bool stood_aside = evprof_preload_stand_aside();                       \
        int result = ((int(*) parameters)evprof_real(&real_##name)) arguments; \
        if (stood_aside) {                                                     \
            evprof_preload_come_back();                                        \
        }                                                                      \
        return result;                                                         \
    }
EACH_CALL(WRAPPER)
/* clang-format on */
