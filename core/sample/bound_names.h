/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_BOUND_NAMES_H
#define EVPROF_SAMPLE_BOUND_NAMES_H

#include <evprof/module.h>

#include "core/profile/loss.h"

/*
 * Says in the profile that the program calls libc's function of that name and
 * not ours in front of it, if that is so: the library was brought in by
 * dlopen(), or stands behind libc in the link order. Known are those in the
 * table of bound_names.c. EVPROF_ENOMEM. Not in a handler.
 */
int evprof_say_unbound(evprof_builder_t *out, enum evprof_loss_of who,
                       const char *function);

#endif
