/* SPDX-License-Identifier: Apache-2.0 */
#include <evprof/export.h>

EVPROF_API int which_library(void);

EVPROF_API int
which_library(void)
{
    return 2;
}

EVPROF_API int only_in_b(void);

EVPROF_API int
only_in_b(void)
{
    return 3;
}
