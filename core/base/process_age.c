/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/process_age.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/read_file.h"

#define SECOND_NS INT64_C(1000000000)
/* Index of `starttime`, counted from the state, which follows the name. */
#define START_TIME_FIELD 19

bool
evprof_stat_start_ticks(const char *stat, uint64_t *out)
{
    /* The name in parentheses may contain anything, parentheses too. */
    const char *at = strrchr(stat, ')');
    for (int i = 0; at != NULL && i <= START_TIME_FIELD; i++) {
        at = strchr(at + 1, ' ');
    }
    *out = at == NULL ? 0 : strtoull(at + 1, NULL, 10);
    return at != NULL;
}

int64_t
evprof_process_age_ns(const char *stat_path)
{
    char text[1024];
    uint64_t began;
    const long ticks = sysconf(_SC_CLK_TCK);
    if (evprof_read_start(AT_FDCWD, stat_path, text, sizeof(text)) <= 0 ||
        !evprof_stat_start_ticks(text, &began) || ticks <= 0) {
        return -1;
    }
    const int64_t age_ns =
        evprof_clock_ns(CLOCK_BOOTTIME) - (int64_t)began * (SECOND_NS / ticks);
    return age_ns > 0 ? age_ns : 0;
}
