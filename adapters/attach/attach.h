/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ATTACH_ATTACH_H
#define EVPROF_ATTACH_ATTACH_H

#include <stdint.h>
#include <sys/types.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/*
 * Profiles the CPU time of a process for `seconds` (more than 0), or until it
 * ends, with `rate` samples a second of it, and appends profile.proto to `out`.
 * Addresses have no names yet; mappings, with paths as this process can open
 * them, say where to find them. Blocks.
 *
 * EVPROF_ENOENT: there is no such process; EVPROF_EPERM: it may not be
 * profiled; EVPROF_ENOTSUP, EVPROF_EIO, EVPROF_ENOMEM.
 */
int evprof_attach(pid_t pid, double seconds, int rate, evprof_buf_t *out,
                  evprof_error_t *err);

#endif
