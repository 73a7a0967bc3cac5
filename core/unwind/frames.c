/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are read with pread into allocated memory. A mapping in the process may
 * be unmapped by another thread at any time, and a mapping of the file would
 * raise SIGBUS when somebody truncates it. The file must be the one that is
 * loaded: the build ids and the place of the executable segment are compared.
 */
#include "core/unwind/frames.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/bulk.h"
#include "core/base/self.h"

#define PHDRS_MOST 256u
#define NOTE_MOST ((size_t)65536)

/* Where a section is; size 0: there is none. */
typedef struct place {
    uint64_t offset;
    uint64_t size;
    uintptr_t address;
} place_t;

typedef struct file {
    const evprof_object_t *object;
    int fd;
    uint64_t size;
    ElfW(Ehdr) ehdr;
    ElfW(Phdr) * phdrs;
    const ElfW(Phdr) * code; /* the executable segment */
    place_t hdr;             /* .eh_frame_hdr */
    place_t eh_frame;
    place_t debug_frame;
} file_t;

/* Reads exactly `size` bytes at `offset` of the file; false: it has fewer, or
 * reading failed. */
static bool
read_at(int fd, void *out, size_t size, uint64_t offset)
{
    unsigned char *to = out;
    while (size > 0) {
        ssize_t n = pread(fd, to, size, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        to += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

static bool
is_inside(const file_t *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

/* A copy of a part of the file, for evprof_bulk_free(); NULL with errno ENOMEM
 * or EIO. */
static void *
read_part(const file_t *file, uint64_t offset, uint64_t size)
{
    errno = EIO;
    if (size == 0 || !is_inside(file, offset, size)) {
        return NULL;
    }
    void *out = evprof_bulk_alloc((size_t)size);
    if (out == NULL) {
        errno = ENOMEM;
    } else if (!read_at(file->fd, out, (size_t)size, offset)) {
        evprof_bulk_free(out, (size_t)size);
        out = NULL;
        errno = EIO;
    }
    return out;
}

static int
read_failure(void)
{
    return errno == ENOMEM ? EVPROF_ENOMEM : EVPROF_EIO;
}

static const ElfW(Phdr) * find_code(const file_t *file)
{
    uintptr_t want = file->object->start - file->object->bias;
    for (unsigned i = 0; i < file->ehdr.e_phnum; i++) {
        const ElfW(Phdr) *ph = &file->phdrs[i];
        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X) != 0 &&
            ph->p_vaddr - want < EVPROF_PAGE * 16 &&
            ph->p_offset - file->object->offset == ph->p_vaddr - want) {
            return ph;
        }
    }
    return NULL;
}

static bool
is_same_id(const unsigned char *id, size_t len, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(hex) != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (hex[2 * i] != digits[id[i] >> 4] ||
            hex[2 * i + 1] != digits[id[i] & 15]) {
            return false;
        }
    }
    return true;
}

/* 1: the notes have the object's build id; 0: another one; -1: none. */
static int
compare_notes(const unsigned char *notes, size_t size, const char *hex)
{
    ElfW(Nhdr) note;
    while (size >= sizeof(note)) {
        memcpy(&note, notes, sizeof(note));
        size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        size_t whole =
            sizeof(note) + name + (((size_t)note.n_descsz + 3) & ~(size_t)3);
        if (whole > size) {
            break;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + sizeof(note), "GNU", 4) == 0) {
            return is_same_id(notes + sizeof(note) + name, note.n_descsz, hex);
        }
        notes += whole;
        size -= whole;
    }
    return -1;
}

/* Whether the build ids match. Objects without one were checked by
 * is_other_file(). */
static bool
is_loaded_file(const file_t *file)
{
    if (file->object->build_id[0] == '\0') {
        return true;
    }
    for (unsigned i = 0; i < file->ehdr.e_phnum; i++) {
        const ElfW(Phdr) *ph = &file->phdrs[i];
        if (ph->p_type != PT_NOTE || ph->p_filesz > NOTE_MOST) {
            continue;
        }
        unsigned char *notes = read_part(file, ph->p_offset, ph->p_filesz);
        if (notes == NULL) {
            continue;
        }
        int found = compare_notes(notes, ph->p_filesz, file->object->build_id);
        evprof_bulk_free(notes, ph->p_filesz);
        if (found >= 0) {
            return found == 1;
        }
    }
    return false;
}

static void
note_section(file_t *file, const ElfW(Shdr) * section, const char *name)
{
    place_t place = { .offset = section->sh_offset,
                      .size = section->sh_size,
                      .address = section->sh_addr };
    if (section->sh_type == SHT_NOBITS ||
        (section->sh_flags & SHF_COMPRESSED) != 0) {
        return;
    }
    if (strcmp(name, ".eh_frame") == 0) {
        file->eh_frame = place;
    } else if (strcmp(name, ".debug_frame") == 0) {
        file->debug_frame = place;
    }
}

/* Stripped files may have no section headers; the places then stay empty. */
static void
read_sections(file_t *file)
{
    const ElfW(Ehdr) *e = &file->ehdr;
    if (e->e_shentsize != sizeof(ElfW(Shdr)) || e->e_shstrndx >= e->e_shnum) {
        return;
    }
    const size_t size = e->e_shnum * sizeof(ElfW(Shdr));
    ElfW(Shdr) *sections = read_part(file, e->e_shoff, size);
    if (sections == NULL) {
        return;
    }
    const ElfW(Shdr) *strings = &sections[e->e_shstrndx];
    char *names = read_part(file, strings->sh_offset, strings->sh_size);
    if (names != NULL) {
        names[strings->sh_size - 1] = '\0';
        for (unsigned i = 0; i < e->e_shnum; i++) {
            if (sections[i].sh_name < strings->sh_size) {
                note_section(file, &sections[i], names + sections[i].sh_name);
            }
        }
    }
    evprof_bulk_free(names, strings->sh_size);
    evprof_bulk_free(sections, size);
}

static int
read_headers(file_t *file)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return EVPROF_EIO;
    }
    file->size = (uint64_t)st.st_size;
    ElfW(Ehdr) *e = &file->ehdr;
    if (!is_inside(file, 0, sizeof(*e)) ||
        !read_at(file->fd, e, sizeof(*e), 0)) {
        return EVPROF_EIO;
    }
    if (memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 ||
        e->e_ident[EI_CLASS] != ELFCLASS64 ||
        e->e_phentsize != sizeof(ElfW(Phdr)) || e->e_phnum > PHDRS_MOST) {
        return EVPROF_EPARSE;
    }
    file->phdrs = read_part(file, e->e_phoff,
                            (uint64_t)e->e_phnum * sizeof(*file->phdrs));
    if (file->phdrs == NULL) {
        return read_failure();
    }
    file->code = find_code(file);
    if (file->code == NULL || !is_loaded_file(file)) {
        return EVPROF_EIO;
    }
    for (unsigned i = 0; i < e->e_phnum; i++) {
        const ElfW(Phdr) *ph = &file->phdrs[i];
        if (ph->p_type == PT_GNU_EH_FRAME) {
            file->hdr = (place_t){ ph->p_offset, ph->p_filesz, ph->p_vaddr };
        }
    }
    read_sections(file);
    return EVPROF_OK;
}

/* Without section headers, .eh_frame is taken to be from where the search table
 * points to the end of the segment; its terminator ends it before that. */
static void
guess_eh_frame(file_t *file, const unsigned char *hdr)
{
    int32_t relative = 0;
    if (file->eh_frame.size != 0 || file->hdr.size < 8 ||
        hdr[1] != 0x1b) { /* pc-relative, four bytes */
        return;
    }
    memcpy(&relative, hdr + 4, sizeof(relative));
    uintptr_t address = file->hdr.address + 4 + (uintptr_t)(intptr_t)relative;
    for (unsigned i = 0; i < file->ehdr.e_phnum; i++) {
        const ElfW(Phdr) *ph = &file->phdrs[i];
        uintptr_t within = address - ph->p_vaddr;
        if (ph->p_type == PT_LOAD && within < ph->p_filesz) {
            file->eh_frame = (place_t){ ph->p_offset + within,
                                        ph->p_filesz - within, address };
        }
    }
}

static int
read_cfi(const file_t *file, const place_t *place, bool is_debug,
         evprof_frames_t *out)
{
    if (place->size > INT32_MAX) {
        return EVPROF_EPARSE;
    }
    out->cfi = (evprof_cfi_t){
        .data = read_part(file, place->offset, place->size),
        .size = (size_t)place->size,
        .address = place->address,
        .is_debug_frame = is_debug,
    };
    return out->cfi.data == NULL ? read_failure() : EVPROF_OK;
}

/* Room for so many pairs. */
static bool
make_fdes(evprof_frames_t *out, size_t count)
{
    out->fde_room = count * 2;
    out->fdes = evprof_bulk_alloc(out->fde_room * sizeof(*out->fdes));
    return out->fdes != NULL;
}

/* Copies the rows of the linker's search table that are about this segment. */
static int
take_search_table(const file_t *file, const unsigned char *hdr,
                  evprof_frames_t *out)
{
    evprof_cfi_t table = { .data = hdr,
                           .size = (size_t)file->hdr.size,
                           .address = file->hdr.address };
    evprof_cfi_search_t search;
    if (!evprof_cfi_search_open(&table, 0, &search)) {
        return EVPROF_ENOENT;
    }
    if (!make_fdes(out, search.count)) {
        return EVPROF_ENOMEM;
    }
    uintptr_t place = file->hdr.address - out->cfi.address;
    size_t last = 0;
    for (size_t i = 0; i < search.count; i++) {
        int32_t pair[2];
        memcpy(pair, hdr + search.first + 8 * i, sizeof(pair));
        uintptr_t code =
            file->hdr.address + (uintptr_t)(intptr_t)pair[0] - out->base;
        uintptr_t at = place + (uintptr_t)(intptr_t)pair[1];
        if (code < file->code->p_memsz + EVPROF_PAGE && at < out->cfi.size) {
            out->fdes[2 * out->fde_count] = (uint32_t)code;
            out->fdes[2 * out->fde_count + 1] = (uint32_t)at;
            if (out->fde_count++ == 0) {
                out->fde_skipped = (uint32_t)i;
            }
            last = i + 1;
        }
    }
    out->is_searchable = true;
    if (out->fde_count == last - out->fde_skipped) {
        out->search_first = (uint32_t)search.first;
    }
    return EVPROF_OK;
}

static int
compare_pairs(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Walks all entries and returns the number of FDEs; stores them when
 * `is_filling`. */
static size_t
list_fdes(const file_t *file, evprof_frames_t *out, bool is_filling)
{
    evprof_fde_t fde = { 0 };
    size_t count = 0;
    size_t at = 0;
    enum evprof_cfi_entry kind = EVPROF_CFI_CIE;
    while ((kind = evprof_cfi_entry(&out->cfi, at, &fde)) > EVPROF_CFI_END) {
        uintptr_t code = fde.start - out->base;
        if (kind == EVPROF_CFI_FDE && fde.limit > fde.start &&
            code < file->code->p_memsz + EVPROF_PAGE) {
            if (is_filling) {
                out->fdes[2 * count] = (uint32_t)code;
                out->fdes[2 * count + 1] = (uint32_t)at;
            }
            count++;
        }
        at = fde.next;
    }
    return count;
}

static int
make_search_table(const file_t *file, evprof_frames_t *out)
{
    size_t count = list_fdes(file, out, false);
    if (count == 0) {
        return EVPROF_ENOENT;
    }
    if (!make_fdes(out, count)) {
        return EVPROF_ENOMEM;
    }
    out->fde_count = list_fdes(file, out, true);
    evprof_bulk_sort(out->fdes, count, 2 * sizeof(*out->fdes), compare_pairs);
    return EVPROF_OK;
}

static int
read_eh_frame(file_t *file, evprof_frames_t *out)
{
    unsigned char *hdr = NULL;
    if (file->hdr.size != 0) {
        hdr = read_part(file, file->hdr.offset, file->hdr.size);
        if (hdr == NULL) {
            return read_failure();
        }
        guess_eh_frame(file, hdr);
    }
    int status = EVPROF_ENOENT;
    if (file->eh_frame.size != 0) {
        status = read_cfi(file, &file->eh_frame, false, out);
    }
    if (status == EVPROF_OK) {
        status =
            hdr == NULL ? EVPROF_ENOENT : take_search_table(file, hdr, out);
        if (status == EVPROF_ENOENT) {
            status = make_search_table(file, out);
        }
    }
    evprof_bulk_free(hdr, file->hdr.size);
    return status;
}

static void
find_range(const file_t *file, evprof_frames_t *out)
{
    out->low = UINTPTR_MAX;
    for (unsigned i = 0; i < file->ehdr.e_phnum; i++) {
        const ElfW(Phdr) *ph = &file->phdrs[i];
        if (ph->p_type == PT_LOAD) {
            uintptr_t end = ph->p_vaddr + ph->p_memsz;
            out->low = ph->p_vaddr < out->low ? ph->p_vaddr : out->low;
            out->high = end > out->high ? end : out->high;
        }
    }
}

static void
free_cfi(evprof_frames_t *frames)
{
    void *data = (void *)(uintptr_t)frames->cfi.data; // NOLINT
    evprof_bulk_free(data, frames->cfi.size);
    frames->cfi.data = NULL;
}

static int
read_frames(file_t *file, evprof_frames_t *out)
{
    out->base = file->object->start - file->object->bias;
    find_range(file, out);
    int status = read_eh_frame(file, out);
    if (status == EVPROF_ENOENT && file->debug_frame.size != 0) {
        free_cfi(out);
        status = read_cfi(file, &file->debug_frame, true, out);
        if (status == EVPROF_OK) {
            status = make_search_table(file, out);
        }
    }
    return status;
}

/* Without a build id, the file must be the one that the kernel has mapped. */
static bool
is_other_file(const evprof_object_t *object, int fd)
{
    struct stat st;
    return object->build_id[0] == '\0' && object->inode != 0 &&
           (fstat(fd, &st) != 0 || st.st_ino != object->inode ||
            st.st_dev != object->device);
}

int
evprof_frames_open(const evprof_object_t *object, bool is_main,
                   evprof_frames_t *out)
{
    file_t file = { .object = object };
    *out = (evprof_frames_t){ .fd = -1 };
    file.fd =
        open(is_main ? EVPROF_SELF("exe") : object->path, O_RDONLY | O_CLOEXEC);
    if (file.fd < 0) {
        return EVPROF_EIO;
    }
    out->fd = file.fd;
    int status =
        is_other_file(object, file.fd) ? EVPROF_EIO : read_headers(&file);
    if (status == EVPROF_OK) {
        status = read_frames(&file, out);
    }
    evprof_bulk_free(file.phdrs, file.ehdr.e_phnum * sizeof(*file.phdrs));
    if (status != EVPROF_OK) {
        evprof_frames_close(out);
    }
    return status;
}

void
evprof_frames_close(evprof_frames_t *frames)
{
    if (frames->fd >= 0) {
        close(frames->fd);
        frames->fd = -1;
    }
    free_cfi(frames);
    evprof_bulk_free(frames->fdes, frames->fde_room * sizeof(*frames->fdes));
    frames->fdes = NULL;
}
