/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_PORT_MODULE_H
#define EVPROF_PRELOAD_PORT_MODULE_H

#include "adapters/listener/opened.h"

/* evprof_listen_opened(), for the library that has loaded the module. */
int evprof_preload_port_listen(evprof_t *prof, const char *address,
                               evprof_opened_fn *opened, evprof_error_t *err);

#endif
