/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_ORIGIN_H
#define EVPROF_ACCESS_ORIGIN_H

#include "core/access/access.h"

/*
 * Why a request of a peer that is let in only for being local must not be
 * served: a page in a browser on this machine may have sent it, under a name
 * that its owner has pointed to this machine (DNS rebinding), or across sites.
 * NULL where nothing says so. MT-Safe.
 */
const char *evprof_origin_fault(const evprof_access_conf_t *conf,
                                const evprof_access_request_t *request);

#endif
