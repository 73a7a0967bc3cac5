/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elf/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "core/base/self.h"

static bool
has_build_id(evprof_elf_reader_t *elf, const char *hex)
{
    evprof_buf_t have = { 0 };
    evprof_elf_reader_build_id(elf, &have);
    bool is_same =
        !have.failed && have.len == strlen(hex) &&
        memcmp(have.data == NULL ? "" : have.data, hex, have.len) == 0;
    evprof_buf_free(&have);
    return is_same;
}

/* ---- The object's own file ---- */

size_t
evprof_object_path_len(const evprof_object_t *object)
{
    static const char mark[] = " (deleted)";
    size_t len = strlen(object->path);
    size_t mark_len = sizeof(mark) - 1;
    if (len > mark_len &&
        memcmp(object->path + len - mark_len, mark, mark_len) == 0) {
        return len - mark_len;
    }
    return len;
}

/* The vdso has no file, but all of it is mapped. */
static bool
open_vdso(const evprof_object_t *object, evprof_elf_reader_t *out)
{
    const void *image;
    memcpy(&image, &object->start, sizeof(image));
    return object->offset == 0 &&
           evprof_elf_reader_memory(out, image, object->limit - object->start);
}

/* Whether the file is the one that was mapped: by its build id, or as the file
 * that the kernel has mapped. */
static bool
is_mapped_file(const evprof_object_t *object, evprof_elf_reader_t *elf)
{
    struct stat file;
    if (object->build_id[0] != '\0') {
        return has_build_id(elf, object->build_id);
    }
    return object->inode == 0 ||
           (fstat(elf->fd, &file) == 0 && file.st_dev == object->device &&
            file.st_ino == object->inode);
}

/* Opens the file if it is the right one, else says why not. */
static bool
open_if_mapped(const evprof_object_t *object, const char *path,
               evprof_elf_reader_t *out, const char **why)
{
    errno = 0;
    if (!evprof_elf_reader_open(out, path)) {
        *why = errno == ENOENT ? "its file is not there"
               : errno != 0    ? strerrordesc_np(errno)
                               : "its file is damaged";
        return false;
    }
    if (is_mapped_file(object, out)) {
        return true;
    }
    evprof_elf_reader_close(out);
    *why = "another file has taken the place of its file";
    return false;
}

/* A file of that name with the right build id may be back after an upgrade. */
static bool
open_named(const evprof_object_t *object, evprof_elf_reader_t *out,
           const char **why)
{
    evprof_buf_t path = { 0 };
    evprof_buf_add(&path, object->path, evprof_object_path_len(object));
    bool is_open = !path.failed && path.len > 0 &&
                   open_if_mapped(object, path.data, out, why);
    evprof_buf_free(&path);
    return is_open;
}

/* A privileged process gets a link from the kernel to the file itself, even if
 * it was renamed or removed. */
static bool
open_piece(const evprof_object_t *object, evprof_elf_reader_t *out)
{
    char path[96];
    const char *ignored;
    (void)snprintf(path, sizeof(path), EVPROF_SELF_MAP_FILES "%lx-%lx",
                   (unsigned long)object->piece_start,
                   (unsigned long)object->piece_limit);
    return !object->is_gone && object->piece_limit != 0 &&
           open_if_mapped(object, path, out, &ignored);
}

bool
evprof_elf_find_object(const evprof_object_t *object, bool is_main,
                       evprof_elf_reader_t *out, const char **why)
{
    *why = "it has no file";
    if (strcmp(object->path, "[vdso]") == 0) {
        return open_vdso(object, out);
    }
    /* This link leads to the executable even after it was replaced on disk; and
     * that of a thread works when the first one has ended. */
    if (is_main && open_if_mapped(object, EVPROF_SELF("exe"), out, why)) {
        return true;
    }
    return open_named(object, out, why) || open_piece(object, out);
}

bool
evprof_elf_is_in_place(const evprof_object_t *object)
{
    evprof_elf_reader_t file = { .fd = -1 };
    const char *ignored;
    bool is_there =
        object->build_id[0] != '\0' && open_named(object, &file, &ignored);
    evprof_elf_reader_close(&file);
    return is_there;
}

/* ---- Its debug file ---- */

static bool
open_by_build_id(const char *hex, evprof_elf_reader_t *out, evprof_buf_t *found)
{
    if (strlen(hex) < 3) {
        return false;
    }
    evprof_buf_clear(found);
    evprof_buf_printf(found, EVPROF_DEBUG_ROOT "/.build-id/%.2s/%s.debug", hex,
                      hex + 2);
    if (found->failed || !evprof_elf_reader_open(out, found->data)) {
        return false;
    }
    if (!has_build_id(out, hex)) {
        evprof_elf_reader_close(out);
        return false;
    }
    return true;
}

static bool
has_crc(evprof_elf_reader_t *elf, uint32_t wanted)
{
    unsigned char chunk[8192];
    uLong crc = 0;
    for (uint64_t at = 0; at < elf->size;) {
        uint64_t left = elf->size - at;
        size_t len = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
        if (!evprof_elf_reader_get(elf, at, chunk, len)) {
            return false;
        }
        crc = crc32_z(crc, chunk, len);
        at += len;
    }
    return crc == wanted;
}

/* A debug link has no path, and fits when its build id or its checksum does. */
static bool
open_linked(const char *path, const char *hex, uint32_t crc,
            evprof_elf_reader_t *out)
{
    if (!evprof_elf_reader_open(out, path)) {
        return false;
    }
    if (hex[0] != '\0' ? has_build_id(out, hex) : has_crc(out, crc)) {
        return true;
    }
    evprof_elf_reader_close(out);
    return false;
}

/* The file's name and checksum of .gnu_debuglink; false: there is none. */
static bool
read_link(evprof_elf_reader_t *elf, evprof_buf_t *name, uint32_t *crc)
{
    const Elf64_Shdr *s = evprof_elf_reader_named(elf, ".gnu_debuglink");
    if (s == NULL || !evprof_elf_reader_text(elf, s, 0, name) ||
        name->len == 0 || strchr(name->data, '/') != NULL) {
        return false;
    }
    uint64_t at = (name->len + 4) & ~(uint64_t)3;
    return at + sizeof(*crc) <= s->sh_size &&
           evprof_elf_reader_get(elf, s->sh_offset + at, crc, sizeof(*crc));
}

static bool
open_by_link(evprof_elf_reader_t *elf, const char *path, const char *hex,
             evprof_elf_reader_t *out, evprof_buf_t *found)
{
    static const char *const places[][2] = {
        { "", "" },
        { "", ".debug/" },
        { EVPROF_DEBUG_ROOT, "" },
    };
    uint32_t crc = 0;
    evprof_buf_t name = { 0 };
    const char *slash = strrchr(path, '/');
    bool is_open = false;
    bool has_link = slash != NULL && read_link(elf, &name, &crc);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places) && has_link; i++) {
        evprof_buf_clear(found);
        evprof_buf_printf(found, "%s%.*s/%s%s", places[i][0],
                          (int)(slash - path), path, places[i][1], name.data);
        is_open = !found->failed && strcmp(found->data, path) != 0 &&
                  open_linked(found->data, hex, crc, out);
        has_link = !is_open;
    }
    evprof_buf_free(&name);
    return is_open;
}

bool
evprof_elf_find_debug(evprof_elf_reader_t *elf, const char *path,
                      evprof_elf_reader_t *out, evprof_buf_t *found)
{
    evprof_buf_t hex = { 0 };
    *out = (evprof_elf_reader_t){ .fd = -1 };
    evprof_elf_reader_build_id(elf, &hex);
    const char *id = hex.data == NULL ? "" : hex.data;
    bool is_open = !hex.failed && (open_by_build_id(id, out, found) ||
                                   open_by_link(elf, path, id, out, found));
    evprof_buf_free(&hex);
    return is_open;
}
