/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/evhttp/unheard_errors.h"

#include <stdio.h>

int
evprof_unheard(int status, const evprof_error_t *err)
{
    if (status != EVPROF_OK) {
        (void)fprintf(stderr, "evprof: %s\n", err->message);
    }
    return status;
}
