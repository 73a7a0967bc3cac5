/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unwind/section.h"

#include <stdlib.h>
#include <string.h>

void
section_put(section_t *s, const void *bytes, size_t size)
{
    if (size > sizeof(s->data) - s->size) {
        abort();
    }
    memcpy(s->data + s->size, bytes, size);
    s->size += size;
}

static void
put_number(section_t *s, uint64_t value, size_t width)
{
    section_put(s, &value, width);
}

/* Begins an entry whose length follows when it ends. */
static size_t
begin_entry(section_t *s)
{
    if (s->is_wide) {
        put_number(s, UINT32_MAX, 4);
    }
    put_number(s, 0, s->is_wide ? 8 : 4);
    return s->size;
}

static void
end_entry(section_t *s, size_t begin)
{
    const uint64_t length = s->size - begin;
    const size_t width = s->is_wide ? 8 : 4;
    memcpy(s->data + begin - width, &length, width);
}

void
section_put_cie(section_t *s, const unsigned char *bytes, size_t size)
{
    size_t begin = begin_entry(s);
    put_number(s, s->is_debug ? UINT64_MAX : 0, s->is_wide ? 8 : 4);
    section_put(s, bytes, size);
    end_entry(s, begin);
}

void
section_put_fde(section_t *s, const unsigned char *bytes, size_t size)
{
    s->fde = s->size;
    size_t begin = begin_entry(s);
    put_number(s, s->is_debug ? 0 : begin, s->is_wide ? 8 : 4);
    section_put(s, bytes, size);
    end_entry(s, begin);
}

evprof_cfi_t
section_cfi(const section_t *s)
{
    return (evprof_cfi_t){ .data = s->data,
                           .size = s->size,
                           .address = 0x10000,
                           .is_debug_frame = s->is_debug };
}
