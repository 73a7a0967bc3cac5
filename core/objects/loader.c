/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the loader's list with dl_iterate_phdr. The loader unmaps nothing while
 * the callback runs, so headers, notes and dynamic sections are copied there
 * and then; files are opened later, by others.
 *
 * An object is permanent when it can be reached from the executable by
 * DT_NEEDED names: dlclose never unloads those. Names are compared with
 * DT_SONAME or the file's last component, as the loader does.
 */
#include "core/objects/loader.h"

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include <evprof/status.h>

#include "core/base/lock.h"
#include "core/base/path.h"
#include "core/objects/identity.h"

/* An object with executable segments as one callback of the loader describes
 * it. */
typedef struct seen {
    struct seen *next;
    const char *name;
    const char **needed; /* ends in NULL */
    size_t first;        /* its segments in the list */
    size_t count;
    bool is_permanent;
} seen_t;

typedef struct reading {
    evprof_arena_t *arena;
    evprof_loader_list_t *list;
    size_t cap;
    seen_t *head;
    seen_t **tail;
    size_t seen_count;
    bool failed;
} reading_t;

static evprof_lock_t walking;

void
evprof_loader_hold(void)
{
    evprof_lock_enter(&walking);
}

void
evprof_loader_let_go(void)
{
    evprof_lock_leave(&walking);
}

int
evprof_loader_walk(int (*callback)(struct dl_phdr_info *, size_t, void *),
                   void *ctx)
{
    evprof_loader_hold();
    int result = dl_iterate_phdr(callback, ctx);
    evprof_loader_let_go();
    return result;
}

static int
stamp_callback(struct dl_phdr_info *info, size_t size, void *ctx)
{
    evprof_loader_stamp_t *out = ctx;
    if (size >=
        offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
        out->adds = info->dlpi_adds;
        out->subs = info->dlpi_subs;
    }
    return 1;
}

evprof_loader_stamp_t
evprof_loader_stamp(void)
{
    evprof_loader_stamp_t out = { 0, 0 };
    (void)evprof_loader_walk(stamp_callback, &out);
    return out;
}

/* The bytes of a loaded program header; addresses are integers to the loader.
 */
static const void *
at(uintptr_t address)
{
    return (const void *)address; // NOLINT(performance-no-int-to-ptr)
}

static const char *
hex(evprof_arena_t *arena, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *out = evprof_arena_alloc(arena, 2 * len + 1);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

/* The id's bytes within a note segment, or NULL. */
static const unsigned char *
find_build_id(const unsigned char *notes, size_t size, size_t *len)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, notes, sizeof(note));
        size_t name_size = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        size_t desc_size = ((size_t)note.n_descsz + 3) & ~(size_t)3;
        size_t whole = sizeof(note) + name_size + desc_size;
        if (whole > size) {
            break;
        }
        const unsigned char *name = notes + sizeof(note);
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(name, "GNU", 4) == 0 && note.n_descsz <= 64) {
            *len = note.n_descsz;
            return name + name_size;
        }
        notes += whole;
        size -= whole;
    }
    return NULL;
}

static uintptr_t
lowest(const struct dl_phdr_info *info)
{
    uintptr_t out = UINTPTR_MAX;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uintptr_t address = info->dlpi_addr + ph->p_vaddr;
        if (ph->p_type == PT_LOAD && address < out) {
            out = address;
        }
    }
    return out;
}

/* Without a build id, the file's headers and the bytes behind them
 * identify it. */
#define ANONYMOUS_ID_SIZE ((size_t)1024)

/* The build id in hex, and the bytes by which the object is known again. */
static bool
read_identity(evprof_arena_t *arena, const struct dl_phdr_info *info,
              evprof_object_t *out)
{
    const unsigned char *id = NULL;
    size_t len = 0;
    for (unsigned i = 0; i < info->dlpi_phnum && id == NULL; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type == PT_NOTE) {
            id = find_build_id(at(info->dlpi_addr + ph->p_vaddr), ph->p_memsz,
                               &len);
        }
    }
    out->build_id = id == NULL ? "" : hex(arena, id, len);
    uintptr_t page = getauxval(AT_PAGESZ);
    out->low = lowest(info) & ~(page - 1);
    out->id_address = (uintptr_t)id;
    out->id_size = len & ~(size_t)7;
    if (id == NULL || out->id_address - out->low > page - len) {
        out->id_address = out->low;
        out->id_size = ANONYMOUS_ID_SIZE;
    }
    if (out->low == 0 || out->low > info->dlpi_addr + page) {
        out->id_address = 0; /* the headers are not loaded */
    } else {
        out->identity = evprof_object_identity(out->id_address, out->id_size);
    }
    return out->build_id != NULL;
}

/* The pointers in a dynamic section are relocated by glibc, not in the vdso. */
static const char *
string_table(const struct dl_phdr_info *info, const ElfW(Dyn) * dyn)
{
    for (; dyn->d_tag != DT_NULL; dyn++) {
        if (dyn->d_tag == DT_STRTAB) {
            uintptr_t address = dyn->d_un.d_ptr;
            return at(address < info->dlpi_addr ? address + info->dlpi_addr
                                                : address);
        }
    }
    return NULL;
}

static const char *
copy(reading_t *reading, const char *text)
{
    char *out = evprof_arena_strndup(reading->arena, text, strlen(text));
    reading->failed |= out == NULL;
    return out;
}

static void
read_names(reading_t *reading, const struct dl_phdr_info *info, seen_t *seen)
{
    const ElfW(Dyn) *dyn = NULL;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) {
            dyn = at(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        }
    }
    const char *strings = dyn == NULL ? NULL : string_table(info, dyn);
    if (strings == NULL) {
        return;
    }
    size_t count = 0;
    for (const ElfW(Dyn) *d = dyn; d->d_tag != DT_NULL; d++) {
        count += d->d_tag == DT_NEEDED;
    }
    seen->needed =
        evprof_arena_calloc(reading->arena, count + 1, sizeof(*seen->needed));
    if (seen->needed == NULL) {
        reading->failed = true;
        return;
    }
    count = 0;
    for (const ElfW(Dyn) *d = dyn; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_NEEDED) {
            seen->needed[count++] = copy(reading, strings + d->d_un.d_val);
        } else if (d->d_tag == DT_SONAME) {
            seen->name = copy(reading, strings + d->d_un.d_val);
        }
    }
}

static evprof_object_t *
add_segment(reading_t *reading)
{
    evprof_loader_list_t *list = reading->list;
    if (list->count == reading->cap) {
        size_t cap = reading->cap == 0 ? 32 : reading->cap * 2;
        evprof_object_t *items =
            evprof_arena_calloc(reading->arena, cap, sizeof(*items));
        if (items == NULL) {
            reading->failed = true;
            return NULL;
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
        reading->cap = cap;
    }
    return &list->items[list->count++];
}

/* Fills in the members that all segments of one object have in common. */
static evprof_object_t
describe(reading_t *reading, const struct dl_phdr_info *info)
{
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    bool is_vdso = vdso != 0 && info->dlpi_addr == vdso;
    evprof_object_t out = {
        .bias = info->dlpi_addr,
        .path = is_vdso ? "[vdso]" : copy(reading, info->dlpi_name),
        .is_permanent = is_vdso,
    };
    reading->failed |= !read_identity(reading->arena, info, &out);
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type == PT_GNU_EH_FRAME) {
            out.eh_frame_hdr = info->dlpi_addr + ph->p_vaddr;
            out.eh_frame_hdr_size = ph->p_memsz;
        }
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uintptr_t low = info->dlpi_addr + ph->p_vaddr;
        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_R) != 0 &&
            out.eh_frame_hdr - low < ph->p_memsz) {
            out.eh_low = low;
            out.eh_high = low + ph->p_memsz;
        }
    }
    return out;
}

static void
add_segments(reading_t *reading, const struct dl_phdr_info *info)
{
    uintptr_t page = getauxval(AT_PAGESZ);
    evprof_object_t common = describe(reading, info);
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || (ph->p_flags & PF_X) == 0) {
            continue;
        }
        evprof_object_t *segment = add_segment(reading);
        if (segment == NULL) {
            return;
        }
        uintptr_t start = info->dlpi_addr + ph->p_vaddr;
        *segment = common;
        segment->start = start & ~(page - 1);
        segment->limit = (start + ph->p_memsz + page - 1) & ~(page - 1);
        segment->offset = ph->p_offset - (start - segment->start);
    }
}

static int
read_callback(struct dl_phdr_info *info, size_t size, void *ctx)
{
    reading_t *reading = ctx;
    seen_t *seen = evprof_arena_calloc(reading->arena, 1, sizeof(*seen));
    if (seen == NULL) {
        reading->failed = true;
        return 1;
    }
    if (reading->seen_count == 0) {
        stamp_callback(info, size, &reading->list->stamp);
        reading->list->main_bias = info->dlpi_addr;
    }
    seen->name = copy(reading, evprof_path_leaf(info->dlpi_name));
    seen->first = reading->list->count;
    read_names(reading, info, seen);
    add_segments(reading, info);
    seen->count = reading->list->count - seen->first;
    seen->is_permanent = reading->seen_count == 0;
    *reading->tail = seen;
    reading->tail = &seen->next;
    reading->seen_count++;
    return reading->failed ? 1 : 0;
}

static seen_t *
find_name(seen_t *head, const char *name)
{
    name = evprof_path_leaf(name);
    for (; head != NULL; head = head->next) {
        if (strcmp(head->name, name) == 0) {
            return head;
        }
    }
    return NULL;
}

/* Breadth first from the executable, until a round marks nothing new. */
static void
mark_permanent(reading_t *reading)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (seen_t *s = reading->head; s != NULL; s = s->next) {
            if (!s->is_permanent || s->needed == NULL) {
                continue;
            }
            for (const char **name = s->needed; *name != NULL; name++) {
                seen_t *found = find_name(reading->head, *name);
                if (found != NULL && !found->is_permanent) {
                    found->is_permanent = true;
                    moved = true;
                }
            }
        }
    }
    for (seen_t *s = reading->head; s != NULL; s = s->next) {
        for (size_t i = 0; i < s->count; i++) {
            reading->list->items[s->first + i].is_permanent |= s->is_permanent;
        }
    }
}

int
evprof_object_compare_start(const void *a, const void *b)
{
    const evprof_object_t *x = a;
    const evprof_object_t *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

int
evprof_loader_read(evprof_arena_t *arena, evprof_loader_list_t *out)
{
    reading_t reading = { .arena = arena, .list = out };
    reading.tail = &reading.head;
    *out = (evprof_loader_list_t){ 0 };
    (void)evprof_loader_walk(read_callback, &reading);
    if (reading.failed) {
        return EVPROF_ENOMEM;
    }
    mark_permanent(&reading);
    if (out->count > 1) {
        qsort(out->items, out->count, sizeof(*out->items),
              evprof_object_compare_start);
    }
    return EVPROF_OK;
}
