/* SPDX-License-Identifier: Apache-2.0 */
#include "core/elf/reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Limits of tables that are read whole. */
#define MAX_SECTION_NAMES ((uint64_t)1 << 20)
#define MAX_NOTES ((uint64_t)1 << 16)
#define MAX_TEXT ((size_t)1 << 16)

bool
evprof_elf_reader_get(evprof_elf_reader_t *elf, uint64_t offset, void *out,
                      size_t len)
{
    if (offset > elf->size || len > elf->size - offset) {
        return false;
    }
    if (elf->memory != NULL) {
        memcpy(out, elf->memory + offset, len);
        return true;
    }
    char *at = out;
    while (len > 0) {
        ssize_t n = pread(elf->fd, at, len, (off_t)offset);
        if (n <= 0) {
            return false;
        }
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- Opening ---- */

static bool
is_ours(const Elf64_Ehdr *h)
{
    const unsigned char byte_order =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 &&
           h->e_ident[EI_CLASS] == ELFCLASS64 &&
           h->e_ident[EI_DATA] == byte_order &&
           (h->e_shnum == 0 || h->e_shentsize == sizeof(Elf64_Shdr)) &&
           (h->e_phnum == 0 || h->e_phentsize == sizeof(Elf64_Phdr));
}

/* A file may have no sections; its segments still tell something. */
static bool
read_sections(evprof_elf_reader_t *elf)
{
    const Elf64_Ehdr *h = &elf->header;
    Elf64_Shdr first;
    if (h->e_shoff == 0 ||
        !evprof_elf_reader_get(elf, h->e_shoff, &first, sizeof(first))) {
        return true;
    }
    /* Larger numbers stand in the first section. */
    uint64_t count = h->e_shnum != 0 ? h->e_shnum : first.sh_size;
    uint64_t names =
        h->e_shstrndx != SHN_XINDEX ? h->e_shstrndx : first.sh_link;
    if (count == 0 || count > EVPROF_ELF_MAX_SECTIONS) {
        return count == 0;
    }
    elf->sections = calloc((size_t)count, sizeof(*elf->sections));
    if (elf->sections == NULL ||
        !evprof_elf_reader_get(elf, h->e_shoff, elf->sections,
                               (size_t)count * sizeof(*elf->sections))) {
        return false;
    }
    elf->section_count = (size_t)count;
    if (names >= count || elf->sections[names].sh_size == 0 ||
        elf->sections[names].sh_size > MAX_SECTION_NAMES) {
        return true;
    }
    size_t len = (size_t)elf->sections[names].sh_size;
    elf->section_names = malloc(len);
    if (elf->section_names == NULL ||
        !evprof_elf_reader_get(elf, elf->sections[names].sh_offset,
                               elf->section_names, len)) {
        return false;
    }
    elf->section_names[len - 1] = '\0';
    elf->section_names_len = len;
    return true;
}

static bool
begin(evprof_elf_reader_t *elf)
{
    if (!evprof_elf_reader_get(elf, 0, &elf->header, sizeof(elf->header)) ||
        !is_ours(&elf->header) || !read_sections(elf)) {
        evprof_elf_reader_close(elf);
        return false;
    }
    return true;
}

bool
evprof_elf_reader_attach(evprof_elf_reader_t *elf, int fd)
{
    struct stat st;
    *elf = (evprof_elf_reader_t){ .fd = -1 };
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size < 0) {
        return false;
    }
    elf->fd = fd;
    elf->size = (uint64_t)st.st_size;
    return begin(elf);
}

bool
evprof_elf_reader_open(evprof_elf_reader_t *elf, const char *path)
{
    /* Opening a device can have side effects, so the type is checked
     * first; O_NONBLOCK and the second check catch a file that is
     * replaced in between. */
    struct stat st;
    *elf = (evprof_elf_reader_t){ .fd = -1 };
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (!evprof_elf_reader_attach(elf, fd)) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    elf->owns_fd = true;
    return true;
}

bool
evprof_elf_reader_memory(evprof_elf_reader_t *elf, const void *image,
                         size_t len)
{
    *elf = (evprof_elf_reader_t){ .fd = -1, .memory = image, .size = len };
    return begin(elf);
}

void
evprof_elf_reader_close(evprof_elf_reader_t *elf)
{
    free(elf->sections);
    free(elf->section_names);
    if (elf->owns_fd && elf->fd >= 0) {
        close(elf->fd);
    }
    elf->sections = NULL;
    elf->section_names = NULL;
    elf->section_count = 0;
    elf->fd = -1;
    elf->owns_fd = false;
    elf->memory = NULL;
    elf->size = 0;
}

/* ---- Sections ---- */

const char *
evprof_elf_reader_name(const evprof_elf_reader_t *elf,
                       const Elf64_Shdr *section)
{
    return section->sh_name < elf->section_names_len
               ? elf->section_names + section->sh_name
               : "";
}

const Elf64_Shdr *
evprof_elf_reader_named(const evprof_elf_reader_t *elf, const char *name)
{
    for (size_t i = 0; i < elf->section_count; i++) {
        const Elf64_Shdr *s = &elf->sections[i];
        if (s->sh_type != SHT_NOBITS && s->sh_type != SHT_NULL &&
            strcmp(evprof_elf_reader_name(elf, s), name) == 0) {
            return s;
        }
    }
    return NULL;
}

const Elf64_Shdr *
evprof_elf_reader_typed(const evprof_elf_reader_t *elf, uint32_t type)
{
    for (size_t i = 0; i < elf->section_count; i++) {
        if (elf->sections[i].sh_type == type) {
            return &elf->sections[i];
        }
    }
    return NULL;
}

const Elf64_Shdr *
evprof_elf_reader_linked(const evprof_elf_reader_t *elf,
                         const Elf64_Shdr *section)
{
    return section->sh_link < elf->section_count
               ? &elf->sections[section->sh_link]
               : NULL;
}

/* ---- Texts ---- */

/* Reads the window at `offset`; returns the number of bytes from there on. */
static size_t
look_at(evprof_elf_reader_t *elf, uint64_t offset)
{
    if (offset >= elf->window_offset &&
        offset - elf->window_offset < elf->window_len) {
        return elf->window_len - (size_t)(offset - elf->window_offset);
    }
    elf->window_len = 0;
    if (offset >= elf->size) {
        return 0;
    }
    uint64_t left = elf->size - offset;
    size_t len =
        left < sizeof(elf->window) ? (size_t)left : sizeof(elf->window);
    if (!evprof_elf_reader_get(elf, offset, elf->window, len)) {
        return 0;
    }
    elf->window_offset = offset;
    elf->window_len = len;
    return len;
}

bool
evprof_elf_reader_text(evprof_elf_reader_t *elf, const Elf64_Shdr *strings,
                       uint64_t index, evprof_buf_t *out)
{
    evprof_buf_clear(out);
    while (index < strings->sh_size && out->len < MAX_TEXT && !out->failed) {
        uint64_t offset = strings->sh_offset + index;
        size_t len = look_at(elf, offset);
        if (len == 0) {
            return false;
        }
        const char *at = elf->window + (offset - elf->window_offset);
        size_t used = strnlen(at, len);
        evprof_buf_add(out, at, used);
        if (used < len) {
            evprof_buf_puts(out, "");
            return !out->failed;
        }
        index += used;
    }
    return false;
}

/* ---- The build id ---- */

static bool
find_build_id(const unsigned char *notes, size_t len, evprof_buf_t *out)
{
    size_t at = 0;
    while (len - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof(note));
        at += sizeof(note);
        size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        size_t desc = ((size_t)note.n_descsz + 3) & ~(size_t)3;
        if (name > len - at || desc > len - at - name) {
            return false;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + at, "GNU", 4) == 0) {
            for (size_t i = 0; i < note.n_descsz; i++) {
                evprof_buf_printf(out, "%02x", notes[at + name + i]);
            }
            return true;
        }
        at += name + desc;
    }
    return false;
}

static bool
read_notes(evprof_elf_reader_t *elf, uint64_t offset, uint64_t len,
           evprof_buf_t *out)
{
    if (len == 0 || len > MAX_NOTES) {
        return false;
    }
    unsigned char *notes = malloc((size_t)len);
    bool is_found = notes != NULL &&
                    evprof_elf_reader_get(elf, offset, notes, (size_t)len) &&
                    find_build_id(notes, (size_t)len, out);
    free(notes);
    return is_found;
}

void
evprof_elf_reader_build_id(evprof_elf_reader_t *elf, evprof_buf_t *out)
{
    for (size_t i = 0; i < elf->section_count; i++) {
        const Elf64_Shdr *s = &elf->sections[i];
        if (s->sh_type == SHT_NOTE &&
            read_notes(elf, s->sh_offset, s->sh_size, out)) {
            return;
        }
    }
    for (size_t i = 0; i < elf->header.e_phnum && elf->section_count == 0;
         i++) {
        Elf64_Phdr p;
        uint64_t offset = elf->header.e_phoff + i * sizeof(p);
        if (evprof_elf_reader_get(elf, offset, &p, sizeof(p)) &&
            p.p_type == PT_NOTE &&
            read_notes(elf, p.p_offset, p.p_filesz, out)) {
            return;
        }
    }
}
