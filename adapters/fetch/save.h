/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_SAVE_H
#define EVPROF_FETCH_SAVE_H

#include "core/base/buf.h"
#include "core/profile/pprof.h"

/*
 * Keeps a fetched profile where pprof keeps them: PPROF_TMPDIR, else
 * $HOME/pprof, else the temporary folder, the first that can be made, as
 * pprof.BINARY.TYPE.TYPE.NNN.pb.gz. `body` is the file's content when it is
 * known, NULL: it is made from `p`. The name is appended to `name`, and to
 * `notes` a line for each folder that could not be used. EVPROF_ENOENT: none
 * could; EVPROF_EIO, EVPROF_ENOMEM.
 */
int evprof_fetch_save(const evprof_pprof_t *p, const evprof_buf_t *body,
                      evprof_buf_t *name, evprof_buf_t *notes,
                      evprof_error_t *err);

#endif
