/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are mapped, not read: a debug file may be larger than the machine's
 * memory, and pages that are not touched cost nothing.
 *
 * libdwfl could find debug files too. It is not used, because it contacts a
 * debuginfod server when the environment names one, without asking.
 */
#include "core/symbol/elf_open.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/elf/find.h"

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
evprof_elf_open_fd(int fd, evprof_elf_file_t *out)
{
    struct stat st;
    *out = (evprof_elf_file_t){ .fd = fd };
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

bool
evprof_elf_open_path(const char *path, evprof_elf_file_t *out)
{
    *out = (evprof_elf_file_t){ .fd = -1 };
    /* Opening a device can have side effects, so the type is checked
     * first; O_NONBLOCK and the second check catch a file that is
     * replaced in between. */
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && evprof_elf_open_fd(fd, out);
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

bool
evprof_elf_open_debug(const evprof_elf_file_t *file, const char *path,
                      evprof_elf_file_t *out)
{
    evprof_elf_reader_t own;
    evprof_elf_reader_t debug;
    evprof_buf_t found = { 0 };
    bool is_open = false;
    *out = (evprof_elf_file_t){ .fd = -1 };
    if (evprof_elf_reader_attach(&own, file->fd)) {
        if (evprof_elf_find_debug(&own, path, &debug, &found)) {
            evprof_elf_reader_close(&debug);
            is_open = evprof_elf_open_path(found.data, out);
        }
        evprof_elf_reader_close(&own);
    }
    evprof_buf_free(&found);
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

uint64_t
evprof_elf_unpacked_size(Elf *elf)
{
    Elf_Scn *section = NULL;
    uint64_t sum = 0;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        GElf_Chdr packed;
        if (gelf_getshdr(section, &header) != NULL &&
            (header.sh_flags & SHF_COMPRESSED) != 0 &&
            gelf_getchdr(section, &packed) != NULL) {
            sum += packed.ch_size;
        }
    }
    return sum;
}

evprof_file_stamp_t
evprof_file_stamp(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return (evprof_file_stamp_t){ .device = 0 };
    }
    return (evprof_file_stamp_t){ .device = st.st_dev,
                                  .inode = st.st_ino,
                                  .size = st.st_size,
                                  .time = st.st_mtim };
}

bool
evprof_file_stamp_equal(const evprof_file_stamp_t *a,
                        const evprof_file_stamp_t *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->time.tv_sec == b->time.tv_sec &&
           a->time.tv_nsec == b->time.tv_nsec;
}
