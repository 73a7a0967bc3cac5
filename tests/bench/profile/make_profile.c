/* SPDX-License-Identifier: Apache-2.0 */
/* make_profile SAMPLES FRAMES FUNCTIONS [SEED]: writes such a profile to
 * stdout. */
#include <stdio.h>

#include "core/base/parse.h"
#include "tests/bench/profile/big_profile.h"

int
main(int argc, char **argv)
{
    uint64_t numbers[4] = { 0, 0, 0, 1 };
    int given = argc - 1;
    for (int i = 0; i < given && i < 4; i++) {
        if (!evprof_parse_uint64(argv[i + 1], &numbers[i])) {
            given = 0;
        }
    }
    if (given < 3 || given > 4) {
        fputs("usage: make_profile SAMPLES FRAMES FUNCTIONS [SEED]\n", stderr);
        return 2;
    }
    big_profile_t size = { numbers[0], numbers[1], numbers[2], numbers[3] };
    evprof_pprof_t *p = make_big_profile(&size);
    evprof_writer_t out = evprof_writer_file(stdout);
    int status =
        p == NULL ? EVPROF_ENOMEM : evprof_pprof_encode(p, 0, &out, NULL);
    evprof_pprof_free(p);
    return status == EVPROF_OK ? 0 : 1;
}
