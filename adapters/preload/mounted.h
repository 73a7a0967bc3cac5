/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_MOUNTED_H
#define EVPROF_PRELOAD_MOUNTED_H

#include <evprof/evprof.h>

/* Has the handlers mounted on the first evhttp that the program opens a socket
 * for. In the constructor. */
void evprof_preload_mount_first(evprof_t *prof);

#endif
