/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most stacks contain only code that is never unloaded: their addresses mean
 * the same at any time, and they get no mark. Any other stack is marked with an
 * epoch in which all of its objects were loaded: the one in which the youngest
 * of them was first seen. That epoch stays the same while these objects stay,
 * so that unloading one plugin does not split the stacks of all others in two.
 *
 * A map older than the stack may name an object that has been replaced since.
 * The objects on a thread's own stack cannot go away, so the loader can be
 * asked about them; for another thread's stack it cannot, and the stack's own
 * epoch is used.
 */
#include "core/objects/epoch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/unwind.h"

/* Whether the segment's identity is a build id. Without one it is the object's
 * headers, which another object may share. */
static bool
has_sure_identity(const evprof_segment_t *segment)
{
    return segment->id_address != segment->low;
}

/* Whether the segment was loaded in `epoch`. */
static bool
was_there(const evprof_map_t *map, const evprof_segment_t *segment,
          uint32_t epoch, bool is_own)
{
    return segment != NULL && segment->born_epoch <= epoch &&
           (map->epoch >= epoch || (is_own && has_sure_identity(segment) &&
                                    evprof_map_is_loaded(segment)));
}

/* An epoch in which the stack's addresses meant what they meant in `epoch`; 0:
 * they mean the same in all. */
static uint32_t
epoch_of(const uintptr_t *pcs, size_t count, uint32_t epoch, bool is_own)
{
    evprof_pinned_t pinned = evprof_map_pin();
    uint32_t out = 0;
    for (size_t i = 0; i < count && out < epoch; i++) {
        const evprof_segment_t *segment = evprof_map_find(pinned.map, pcs[i]);
        if (segment == NULL || !segment->is_permanent) {
            uint32_t born = was_there(pinned.map, segment, epoch, is_own)
                                ? segment->born_epoch
                                : epoch;
            out = born > out ? born : out;
        }
    }
    evprof_map_unpin(pinned);
    return out;
}

static size_t
mark(uintptr_t *pcs, size_t count, size_t max, uint32_t epoch, bool is_own)
{
    uint32_t own = epoch == 0 || count == 0 || max < 2
                       ? 0
                       : epoch_of(pcs, count, epoch, is_own);
    if (own == 0) {
        return count;
    }
    count = count < max ? count + 1 : max;
    pcs[count - 1] = evprof_epoch_mark(own);
    return count;
}

size_t
evprof_unwind_mark(uintptr_t *pcs, size_t count, size_t max, uint32_t epoch)
{
    return mark(pcs, count, max, epoch, false);
}

size_t
evprof_unwind_mark_own(uintptr_t *pcs, size_t count, size_t max)
{
    return mark(pcs, count, max, atomic_load(&evprof_unload_epoch), true);
}
