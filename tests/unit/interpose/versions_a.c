/* SPDX-License-Identifier: Apache-2.0 */
#include <evprof/export.h>

EVPROF_API int which_library(void);

EVPROF_API int
which_library(void)
{
    return 1;
}
