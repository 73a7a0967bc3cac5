/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most stacks go through code that is never unloaded, and those mean the same
 * at any time. Only the others carry the epoch, so that an unloaded plugin does
 * not split every stack of the program in two.
 */
#include "core/objects/epoch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/unwind.h"

static bool
is_lasting(const uintptr_t *pcs, size_t count)
{
    evprof_pinned_t pinned = evprof_map_pin();
    bool out = true;
    for (size_t i = 0; i < count && out; i++) {
        const evprof_segment_t *segment = evprof_map_find(pinned.map, pcs[i]);
        out = segment != NULL && segment->is_permanent;
    }
    evprof_map_unpin(pinned);
    return out;
}

size_t
evprof_unwind_mark(uintptr_t *pcs, size_t count, size_t max, uint32_t epoch)
{
    if (epoch == 0 || count == 0 || max < 2 || is_lasting(pcs, count)) {
        return count;
    }
    count = count < max ? count + 1 : max;
    pcs[count - 1] = evprof_epoch_mark(epoch);
    return count;
}
