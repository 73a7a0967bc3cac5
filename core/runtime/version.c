/* SPDX-License-Identifier: Apache-2.0 */
#include <evprof/version.h>

const char *
evprof_version(void)
{
    return EVPROF_VERSION;
}
