/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tests' small profile to standard output, for other tools to read.
 */
#include <stdio.h>

#include "tests/unit/profile/sample_profile.h"

int
main(void)
{
    evprof_pprof_t *p = make_sample_profile();
    evprof_writer_t out = evprof_writer_file(stdout);
    int status = evprof_pprof_encode(p, 0, &out, NULL);
    evprof_pprof_free(p);
    return status == EVPROF_OK ? 0 : 1;
}
