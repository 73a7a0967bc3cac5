/* SPDX-License-Identifier: Apache-2.0 */
/* What the module offers beyond the public functions of its rooms. */
#include "adapters/preload/port_module.h"

#include <evprof/export.h>

EVPROF_API int
evprof_preload_port_listen(evprof_t *prof, const char *address,
                           evprof_opened_fn *opened, evprof_error_t *err)
{
    return evprof_listen_opened(prof, address, opened, err);
}
