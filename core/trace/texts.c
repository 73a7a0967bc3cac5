/* SPDX-License-Identifier: Apache-2.0 */
/* Equal texts have one address in the interned set, so texts are looked up by
 * address. */
#include "core/trace/texts.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/bulk.h"
#include "core/base/hash.h"
#include "core/trace/event.h"

uint32_t
evprof_trace_texts_add(evprof_trace_texts_t *texts, const char *text,
                       size_t len)
{
    len = len < EVPROF_TRACE_TEXT_MAX ? len : EVPROF_TRACE_TEXT_MAX;
    const char *kept = evprof_strings_add(&texts->set, text, len);
    uint64_t hash = evprof_hash_mix((uintptr_t)kept);
    evprof_index_walk_t walk = evprof_index_walk(&texts->index, hash);
    uint32_t row = kept == NULL ? EVPROF_INDEX_END : evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END) {
        if (texts->items[row] == kept) {
            return row + 1;
        }
        row = evprof_index_next(&walk);
    }
    const char **grown = evprof_bulk_grow(texts->items, &texts->cap,
                                          texts->count + 1, sizeof(*grown));
    if (grown != NULL) {
        texts->items = grown;
    }
    if (kept == NULL || grown == NULL ||
        evprof_index_add(&texts->index, hash, (uint32_t)texts->count) !=
            EVPROF_OK) {
        return 0;
    }
    texts->items[texts->count++] = kept;
    return (uint32_t)texts->count;
}

void
evprof_trace_texts_free(evprof_trace_texts_t *texts)
{
    evprof_strings_free(&texts->set);
    evprof_bulk_free(texts->items, texts->cap * sizeof(*texts->items));
    evprof_index_free(&texts->index);
    memset(texts, 0, sizeof(*texts));
}
