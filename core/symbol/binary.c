/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates are tried in pprof's order, so that a folder made for pprof works
 * here too; the trees by build id that Debian's -dbgsym packages fill come
 * last. When a profile names a build id, a file with another one is never
 * taken; a file without one is.
 */
#include "core/symbol/binary.h"

#include <gelf.h>
#include <glob.h>
#include <string.h>

#include "core/base/path.h"
#include "core/elf/find.h"

#define PAGE_MASK UINT64_C(4095)

typedef struct search {
    const evprof_mapping_t *mapping;
    evprof_binary_t *binary;
    evprof_buf_t *other; /* describes the first file with another build id */
} search_t;

/* ---- One candidate ---- */

static bool
has_wanted_id(search_t *s, const char *path)
{
    const char *wanted = s->mapping->build_id;
    evprof_buf_t id = { 0 };
    evprof_elf_build_id(s->binary->file.elf, &id);
    bool is_same =
        wanted[0] == '\0' || id.len == 0 || strcmp(id.data, wanted) == 0;
    if (!is_same && s->other->len == 0) {
        evprof_buf_printf(s->other, "%s has build id %s, the profile %s", path,
                          id.data, wanted);
    }
    bool is_right = is_same && !id.failed;
    evprof_buf_free(&id);
    return is_right;
}

static bool
try(search_t *s, const char *path)
{
    if (!evprof_elf_open_path(path, &s->binary->file)) {
        return false;
    }
    if (!has_wanted_id(s, path)) {
        evprof_elf_close(&s->binary->file);
        return false;
    }
    evprof_buf_clear(&s->binary->path);
    evprof_buf_puts(&s->binary->path, path);
    return true;
}

static bool
try_parts(search_t *s, const char *const parts[])
{
    evprof_buf_t joined = { 0 };
    evprof_buf_t path = { 0 };
    for (size_t i = 0; parts[i] != NULL; i++) {
        evprof_buf_puts(&joined, i == 0 ? "" : "/");
        evprof_buf_puts(&joined, parts[i]);
    }
    if (!joined.failed) {
        evprof_path_clean(&path, joined.data);
    }
    bool is_open = !joined.failed && !path.failed && try(s, path.data);
    evprof_buf_free(&joined);
    evprof_buf_free(&path);
    return is_open;
}

/* ---- The layouts ---- */

/* Tries every file of the folder `dir`/`id`. */
static bool
try_folder(search_t *s, const char *dir, const char *id)
{
    evprof_buf_t pattern = { 0 };
    glob_t found = { 0 };
    bool is_open = false;
    evprof_buf_printf(&pattern, "%s/%s/*", dir, id);
    if (!pattern.failed && glob(pattern.data, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && !is_open; i++) {
            is_open = try(s, found.gl_pathv[i]);
        }
    }
    globfree(&found);
    evprof_buf_free(&pattern);
    return is_open;
}

/* "ab/cdef.debug" below `dir`, as GDB and LLVM lay build ids out. */
static bool
try_tree(search_t *s, const char *dir, const char *id)
{
    evprof_buf_t name = { 0 };
    if (strlen(id) < 3) {
        return false;
    }
    evprof_buf_printf(&name, "%.2s/%s.debug", id, id + 2);
    bool is_open =
        !name.failed && try_parts(s, (const char *[]){ dir, name.data, NULL });
    evprof_buf_free(&name);
    return is_open;
}

static bool
try_by_id(search_t *s, const char *dir, const char *file, const char *base)
{
    const char *id = s->mapping->build_id;
    if (id[0] == '\0' || strchr(id, '/') != NULL) {
        return false;
    }
    return try_parts(s, (const char *[]){ dir, id, base, NULL }) ||
           try_folder(s, dir, id) ||
           try_parts(s, (const char *[]){ dir, file, id, NULL }) ||
           try_tree(s, dir, id);
}

static bool
try_by_name(search_t *s, const char *dir, const char *file, const char *base)
{
    evprof_buf_t full = { 0 };
    evprof_buf_t name = { 0 };
    evprof_buf_t folder = { 0 };
    const char *slash = strrchr(file, '/');
    evprof_buf_printf(&full, "%s.debug", file);
    evprof_buf_printf(&name, "%s.debug", base);
    evprof_buf_add(&folder, file, slash == NULL ? 0 : (size_t)(slash - file));
    evprof_buf_puts(&folder, "");
    bool is_open = !full.failed && !name.failed && !folder.failed;
    is_open = is_open &&
              (try_parts(s, (const char *[]){ dir, base, NULL }) ||
               try_parts(s, (const char *[]){ dir, file, NULL }) ||
               try_parts(s, (const char *[]){ dir, full.data, NULL }) ||
               try_parts(s, (const char *[]){ dir, folder.data, ".debug",
                                              name.data, NULL }) ||
               try_parts(s, (const char *[]){ dir, "usr/lib/debug", folder.data,
                                              name.data, NULL }));
    evprof_buf_free(&full);
    evprof_buf_free(&name);
    evprof_buf_free(&folder);
    return is_open;
}

static bool
try_search_path(search_t *s, const char *search_path)
{
    const char *file = s->mapping->file;
    evprof_buf_t dir = { 0 };
    evprof_buf_t base = { 0 };
    bool is_open = false;
    evprof_path_base(&base, file);
    for (const char *at = search_path; *at != '\0' && !is_open;) {
        size_t len = strcspn(at, ":");
        evprof_buf_clear(&dir);
        evprof_buf_add(&dir, at, len);
        at += len + (at[len] == ':');
        if (dir.len == 0 || dir.failed || base.failed) {
            continue;
        }
        is_open =
            try_by_id(s, dir.data, file, base.data) ||
            (file[0] != '\0' && try_by_name(s, dir.data, file, base.data));
    }
    evprof_buf_free(&dir);
    evprof_buf_free(&base);
    return is_open;
}

/* ---- What was opened ---- */

static void
read_segments(evprof_binary_t *b)
{
    size_t count = 0;
    GElf_Ehdr header;
    if (gelf_getehdr(b->file.elf, &header) == NULL ||
        elf_getphdrnum(b->file.elf, &count) != 0) {
        return;
    }
    b->is_fixed = header.e_type == ET_EXEC;
    for (size_t i = 0; i < count && b->segment_count < EVPROF_BINARY_SEGMENTS;
         i++) {
        GElf_Phdr p;
        if (gelf_getphdr(b->file.elf, (int)i, &p) != NULL &&
            p.p_type == PT_LOAD) {
            b->segments[b->segment_count++] =
                (evprof_binary_segment_t){ .offset = p.p_offset,
                                           .size = p.p_filesz,
                                           .vaddr = p.p_vaddr,
                                           .is_code = (p.p_flags & PF_X) != 0 };
        }
    }
}

/* Whether the file has code. In a file of debug information alone the sections
 * of code have no contents. */
static bool
has_code(Elf *elf)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL &&
            (header.sh_flags & SHF_EXECINSTR) != 0) {
            return header.sh_type != SHT_NOBITS;
        }
    }
    return true;
}

/* Tries the mapping's own path. Where the kernel has marked it as removed, a
 * file with the same build id may be there again. */
static bool
try_own_name(search_t *s)
{
    static const char mark[] = " (deleted)";
    const char *file = s->mapping->file;
    size_t len = strlen(file);
    size_t mark_len = sizeof(mark) - 1;
    if (len == 0 || try(s, file)) {
        return len > 0;
    }
    if (s->mapping->build_id[0] == '\0' || len <= mark_len ||
        strcmp(file + len - mark_len, mark) != 0) {
        return false;
    }
    evprof_buf_t bare = { 0 };
    evprof_buf_add(&bare, file, len - mark_len);
    bool is_open = !bare.failed && try(s, bare.data);
    evprof_buf_free(&bare);
    return is_open;
}

enum evprof_binary_found
evprof_binary_open(const evprof_mapping_t *mapping, const char *search_path,
                   bool own_first, evprof_binary_t *out, evprof_buf_t *other)
{
    *out = (evprof_binary_t){ .file = { .fd = -1 } };
    search_t s = { mapping, out, other };
    bool is_open =
        (own_first && try_own_name(&s)) || try_search_path(&s, search_path) ||
        (!own_first && try_own_name(&s)) ||
        (mapping->build_id[0] != '\0' &&
         try_tree(&s, EVPROF_DEBUG_ROOT "/.build-id", mapping->build_id));
    if (!is_open || out->path.failed) {
        return other->len > 0 ? EVPROF_BINARY_OTHER : EVPROF_BINARY_MISSING;
    }
    read_segments(out);
    out->is_debug_only = !has_code(out->file.elf);
    return EVPROF_BINARY_FOUND;
}

bool
evprof_binary_open_path(const evprof_mapping_t *mapping, const char *path,
                        evprof_binary_t *out)
{
    evprof_buf_t other = { 0 };
    *out = (evprof_binary_t){ .file = { .fd = -1 } };
    search_t s = { mapping, out, &other };
    bool is_open = try(&s, path) && !out->path.failed;
    if (is_open) {
        read_segments(out);
        out->is_debug_only = !has_code(out->file.elf);
    } else {
        evprof_binary_close(out);
    }
    evprof_buf_free(&other);
    return is_open;
}

void
evprof_binary_close(evprof_binary_t *binary)
{
    evprof_elf_close(&binary->file);
    evprof_buf_free(&binary->path);
}

/* ---- Addresses ---- */

/* Whether the mapping covers everything, as tools make it when they know none:
 * then addresses are the file's own. */
static bool
is_made_up(const evprof_mapping_t *m)
{
    return m->start == 0 && m->offset == 0 &&
           (m->limit == 0 || m->limit == UINT64_MAX);
}

static bool
is_inside(const evprof_binary_t *b, uint64_t vaddr)
{
    for (size_t i = 0; i < b->segment_count; i++) {
        const evprof_binary_segment_t *s = &b->segments[i];
        if (vaddr >= s->vaddr && vaddr - s->vaddr < s->size) {
            return true;
        }
    }
    return false;
}

/* The load bias, on the assumption that the file's code begins at the start of
 * the mapping. For files whose offsets do not match the mapping. */
static uint64_t
guess_bias(const evprof_binary_t *b, const evprof_mapping_t *m)
{
    const evprof_binary_segment_t *first = NULL;
    for (size_t i = 0; i < b->segment_count; i++) {
        const evprof_binary_segment_t *s = &b->segments[i];
        if (first == NULL ||
            (m->offset != 0 && s->is_code && !first->is_code)) {
            first = s;
        }
    }
    return first == NULL ? 0 : m->start - (first->vaddr & ~PAGE_MASK);
}

uint64_t
evprof_binary_vaddr(const evprof_binary_t *binary,
                    const evprof_mapping_t *mapping, uint64_t address)
{
    if (is_made_up(mapping) ||
        (binary->is_fixed &&
         (binary->is_debug_only || is_inside(binary, address)))) {
        return address;
    }
    uint64_t offset = address - mapping->start + mapping->offset;
    for (size_t i = 0; i < binary->segment_count && !binary->is_debug_only;
         i++) {
        const evprof_binary_segment_t *s = &binary->segments[i];
        if (s->is_code && offset >= (s->offset & ~PAGE_MASK) &&
            offset < s->offset + s->size) {
            return offset - s->offset + s->vaddr;
        }
    }
    return address - guess_bias(binary, mapping);
}
