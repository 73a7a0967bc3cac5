/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are mapped, not read: a debug file may be larger than the server, and
 * what is not touched costs nothing. The loader maps them the same way, so a
 * file cut short under us is one that has killed its program already.
 *
 * libdwfl would find debug files too, but it asks a debuginfod server where the
 * environment names one; a profile must not wait for a network.
 */
#include "core/symbol/elf_open.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void
evprof_elf_close(evprof_elf_file_t *file)
{
    if (file->elf != NULL) {
        elf_end(file->elf);
        file->elf = NULL;
    }
    if (file->fd > 0) {
        close(file->fd);
    }
    file->fd = -1;
}

bool
evprof_elf_open_path(const char *path, evprof_elf_file_t *out)
{
    *out = (evprof_elf_file_t){ .fd = -1 };
    /* Opening a device may do something. What changes between the two calls is
     * caught by O_NONBLOCK and the second look. */
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return false;
    }
    out->fd = fd;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        elf_version(EV_CURRENT) != EV_NONE) {
        out->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    }
    if (out->elf == NULL || elf_kind(out->elf) != ELF_K_ELF) {
        evprof_elf_close(out);
        return false;
    }
    return true;
}

/* The vdso has no file, but all of it is mapped. */
static bool
open_memory(const evprof_object_t *object, evprof_elf_file_t *out)
{
    *out = (evprof_elf_file_t){ .fd = -1 };
    if (object->offset != 0 || elf_version(EV_CURRENT) == EV_NONE) {
        return false;
    }
    /* libelf takes a writable image but does not write to it when reading. */
    char *image = NULL;
    memcpy(&image, &object->start, sizeof(image));
    out->elf = elf_memory(image, object->limit - object->start);
    return out->elf != NULL;
}

void
evprof_elf_build_id(Elf *elf, evprof_buf_t *out)
{
    const void *id = NULL;
    ssize_t len = dwelf_elf_gnu_build_id(elf, &id);
    const unsigned char *bytes = id;
    for (ssize_t i = 0; i < len; i++) {
        evprof_buf_printf(out, "%02x", bytes[i]);
    }
}

static bool
has_build_id(Elf *elf, const char *hex)
{
    evprof_buf_t have = { 0 };
    evprof_elf_build_id(elf, &have);
    bool is_same =
        !have.failed && have.len == strlen(hex) &&
        memcmp(have.data == NULL ? "" : have.data, hex, have.len) == 0;
    evprof_buf_free(&have);
    return is_same;
}

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

/* A file of that name with the right build id may be back after an upgrade. */
static bool
open_named(const evprof_object_t *object, evprof_elf_file_t *out)
{
    evprof_buf_t path = { 0 };
    evprof_buf_add(&path, object->path, evprof_object_path_len(object));
    bool is_open = !path.failed && path.len > 0 && evprof_elf_open_path(path.data, out);
    evprof_buf_free(&path);
    return is_open;
}

bool
evprof_elf_open_object(const evprof_object_t *object, bool is_main,
                       evprof_elf_file_t *out)
{
    if (strcmp(object->path, "[vdso]") == 0) {
        return open_memory(object, out);
    }
    /* This link leads to the executable even after it was replaced on disk. */
    if (is_main ? !evprof_elf_open_path("/proc/self/exe", out)
                : !open_named(object, out)) {
        return false;
    }
    if (object->build_id[0] != '\0' &&
        !has_build_id(out->elf, object->build_id)) {
        evprof_elf_close(out);
        return false;
    }
    return true;
}

static bool
open_by_build_id(const char *hex, evprof_elf_file_t *out)
{
    if (strlen(hex) < 3) {
        return false;
    }
    evprof_buf_t path = { 0 };
    evprof_buf_printf(&path, EVPROF_DEBUG_ROOT "/.build-id/%.2s/%s.debug", hex,
                      hex + 2);
    bool is_open = !path.failed && evprof_elf_open_path(path.data, out);
    evprof_buf_free(&path);
    if (is_open && !has_build_id(out->elf, hex)) {
        evprof_elf_close(out);
        is_open = false;
    }
    return is_open;
}

static bool
has_crc(Elf *elf, GElf_Word crc)
{
    size_t size = 0;
    const char *image = elf_rawfile(elf, &size);
    if (image == NULL) {
        return false;
    }
    return crc32_z(0, (const Bytef *)image, size) == crc;
}

/* A debug link has no path, and fits when its build id or its checksum does. */
static bool
open_linked(const char *path, const char *hex, GElf_Word crc,
            evprof_elf_file_t *out)
{
    if (!evprof_elf_open_path(path, out)) {
        return false;
    }
    if (hex[0] != '\0' ? has_build_id(out->elf, hex) : has_crc(out->elf, crc)) {
        return true;
    }
    evprof_elf_close(out);
    return false;
}

static bool
open_by_link(Elf *elf, const char *path, const char *hex,
             evprof_elf_file_t *out)
{
    static const char *const places[][2] = {
        { "", "" },
        { "", ".debug/" },
        { EVPROF_DEBUG_ROOT, "" },
    };
    GElf_Word crc = 0;
    const char *name = dwelf_elf_gnu_debuglink(elf, &crc);
    const char *slash = strrchr(path, '/');
    if (name == NULL || slash == NULL || strchr(name, '/') != NULL) {
        return false;
    }
    bool is_open = false;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !is_open; i++) {
        evprof_buf_t candidate = { 0 };
        evprof_buf_printf(&candidate, "%s%.*s/%s%s", places[i][0],
                          (int)(slash - path), path, places[i][1], name);
        is_open = !candidate.failed && strcmp(candidate.data, path) != 0 &&
                  open_linked(candidate.data, hex, crc, out);
        evprof_buf_free(&candidate);
    }
    return is_open;
}

bool
evprof_elf_open_debug(const evprof_elf_file_t *file, const char *path,
                      evprof_elf_file_t *out)
{
    evprof_buf_t hex = { 0 };
    evprof_elf_build_id(file->elf, &hex);
    const char *id = hex.data == NULL ? "" : hex.data;
    bool is_open = !hex.failed && (open_by_build_id(id, out) ||
                                   open_by_link(file->elf, path, id, out));
    evprof_buf_free(&hex);
    return is_open;
}

bool
evprof_elf_has_section(Elf *elf, const char *name)
{
    size_t names = 0;
    Elf_Scn *section = NULL;
    if (elf_getshdrstrndx(elf, &names) != 0) {
        return false;
    }
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL ||
            header.sh_type == SHT_NOBITS) {
            continue;
        }
        const char *found = elf_strptr(elf, names, header.sh_name);
        if (found != NULL && strcmp(found, name) == 0) {
            return true;
        }
    }
    return false;
}
