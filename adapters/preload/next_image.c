/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that puts another image in its own place is still what was to be
 * profiled: the script at a container's start ends so, and env, nice and
 * setpriv do nothing else. The next image has the library as well, unless that
 * would hurt it or be said on its stderr: it is set-uid, or of another loader
 * (musl's, one for 32 bits), or has a sanitizer whose library must be the
 * first, or the library is out of reach by now, as it is after chroot().
 *
 * Nothing is allocated, since exec may be called in a handler.
 */
#include "adapters/preload/next_image.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "adapters/preload/environment.h"
#include "core/base/self.h"

/* The kernel follows as many scripts that name scripts. */
#define MOST_SCRIPTS 4

enum {
    LOADER_SIZE = 256,
    LINE_SIZE = 256,
    MOST_PARTS = 64,
    MOST_DYNAMIC = 128
};

static struct {
    pid_t pid; /* 0: what LD_PRELOAD has is not this library */
    char loader[LOADER_SIZE];
    char path[PATH_MAX]; /* of this library */
} own;

/* An ELF file, as far as the loader looks at it first. */
typedef struct image {
    int fd;
    size_t count;
    ElfW(Phdr) parts[MOST_PARTS];
} image_t;

/* ---- ELF ---- */

static bool
read_at(int fd, uint64_t at, void *out, size_t size)
{
    return pread(fd, out, size, (off_t)at) == (ssize_t)size;
}

static bool
read_image(int fd, image_t *out)
{
    static const unsigned char mark[] = { ELFMAG0, ELFMAG1,    ELFMAG2,
                                          ELFMAG3, ELFCLASS64, ELFDATA2LSB };
    ElfW(Ehdr) head;
    if (!read_at(fd, 0, &head, sizeof(head)) ||
        memcmp(head.e_ident, mark, sizeof(mark)) != 0 ||
        head.e_phentsize != sizeof(out->parts[0]) ||
        head.e_phnum > MOST_PARTS) {
        return false;
    }
    out->fd = fd;
    out->count = head.e_phnum;
    return read_at(fd, head.e_phoff, out->parts,
                   out->count * sizeof(out->parts[0]));
}

static const ElfW(Phdr) * part_of_type(const image_t *image, uint32_t type)
{
    size_t i = 0;
    while (i < image->count && image->parts[i].p_type != type) {
        i++;
    }
    return i < image->count ? &image->parts[i] : NULL;
}

/* The path of the loader; false: it is static. */
static bool
read_loader(const image_t *image, char *out)
{
    const ElfW(Phdr) *part = part_of_type(image, PT_INTERP);
    if (part == NULL || part->p_filesz > LOADER_SIZE || part->p_filesz == 0 ||
        !read_at(image->fd, part->p_offset, out, part->p_filesz)) {
        return false;
    }
    return out[part->p_filesz - 1] == '\0';
}

/* Where the file has what is at `address` in memory; 0: nowhere. */
static uint64_t
place_of(const image_t *image, uint64_t address)
{
    for (size_t i = 0; i < image->count; i++) {
        const ElfW(Phdr) *part = &image->parts[i];
        if (part->p_type == PT_LOAD && address >= part->p_vaddr &&
            address - part->p_vaddr < part->p_filesz) {
            return part->p_offset + (address - part->p_vaddr);
        }
    }
    return 0;
}

static bool
is_sanitizer(const char *library)
{
    static const char *const names[] = { "libasan.so", "libhwasan.so",
                                         "libtsan.so", "libclang_rt." };
    size_t i = 0;
    while (i < sizeof(names) / sizeof(names[0]) &&
           strncmp(library, names[i], strlen(names[i])) != 0) {
        i++;
    }
    return i < sizeof(names) / sizeof(names[0]);
}

/* Whether one of the libraries that it needs is a sanitizer's. */
static bool
needs_sanitizer(const image_t *image)
{
    ElfW(Dyn) entries[MOST_DYNAMIC];
    const ElfW(Phdr) *part = part_of_type(image, PT_DYNAMIC);
    size_t count = part == NULL ? 0 : part->p_filesz / sizeof(entries[0]);
    uint64_t texts = 0;
    count = count < MOST_DYNAMIC ? count : MOST_DYNAMIC;
    if (count == 0 || !read_at(image->fd, part->p_offset, entries,
                               count * sizeof(entries[0]))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (entries[i].d_tag == DT_STRTAB) {
            texts = place_of(image, entries[i].d_un.d_ptr);
        }
    }
    for (size_t i = 0; i < count && texts != 0; i++) {
        char name[24] = "";
        if (entries[i].d_tag == DT_NEEDED &&
            pread(image->fd, name, sizeof(name) - 1,
                  (off_t)(texts + entries[i].d_un.d_val)) > 0 &&
            is_sanitizer(name)) {
            return true;
        }
    }
    return false;
}

/* ---- The file ---- */

/* Opens a file that can be executed; -1: it is none. */
static int
open_program(int folder, const char *path)
{
    struct stat st;
    int fd = faccessat(folder, path, X_OK, AT_EACCESS) == 0
                 ? openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
                 : -1;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* As execvp() looks for it. */
static int
open_by_path(const char *name)
{
    const char *list = getenv("PATH");
    int fd = -1;
    list = list != NULL ? list : "/bin:/usr/bin";
    while (fd < 0 && *list != '\0') {
        char path[PATH_MAX];
        int len = (int)strcspn(list, ":");
        if (snprintf(path, sizeof(path), "%.*s%s%s", len, list,
                     len > 0 ? "/" : "", name) < (int)sizeof(path)) {
            fd = open_program(AT_FDCWD, path);
        }
        list += len + (list[len] == ':');
    }
    return fd;
}

static int
open_next(int folder, const char *file, int flags, bool by_path)
{
    if (file[0] == '\0' && (flags & AT_EMPTY_PATH) != 0) {
        return fcntl(folder, F_DUPFD_CLOEXEC, 3);
    }
    return by_path && strchr(file, '/') == NULL ? open_by_path(file)
                                                : open_program(folder, file);
}

/* Whether libc's loader would take rights from the environment that the image
 * does not get from its user. */
static bool
has_own_rights(int fd)
{
    struct stat st;
    return fstat(fd, &st) != 0 || (st.st_mode & (S_ISUID | S_ISGID)) != 0 ||
           fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* Writes the path of a script's interpreter; false: it is no script. */
static bool
read_script(int fd, char *out)
{
    char line[LINE_SIZE + 1];
    ssize_t len = pread(fd, line, LINE_SIZE, 0);
    if (len < 2 || line[0] != '#' || line[1] != '!') {
        return false;
    }
    line[len] = '\0';
    const char *path = line + 2 + strspn(line + 2, " \t");
    size_t size = strcspn(path, " \t\r\n");
    memcpy(out, path, size);
    out[size] = '\0';
    return true;
}

static bool
can_have_it(int fd)
{
    image_t image;
    char loader[LOADER_SIZE];
    return read_image(fd, &image) && read_loader(&image, loader) &&
           strcmp(loader, own.loader) == 0 && !has_own_rights(fd) &&
           !needs_sanitizer(&image);
}

/* ---- The library's ---- */

void
evprof_preload_next_begin(void)
{
    const char *list = secure_getenv("LD_PRELOAD");
    Dl_info info;
    image_t image;
    int fd = open(EVPROF_SELF("exe"), O_RDONLY | O_CLOEXEC);
    bool is_known = list != NULL && evprof_preload_has_own(list) &&
                    dladdr(&own, &info) != 0 && info.dli_fname != NULL &&
                    strlen(info.dli_fname) < sizeof(own.path) && fd >= 0 &&
                    read_image(fd, &image) && read_loader(&image, own.loader);
    if (is_known) {
        (void)snprintf(own.path, sizeof(own.path), "%s", info.dli_fname);
    }
    own.pid = is_known ? getpid() : 0;
    if (fd >= 0) {
        close(fd);
    }
}

bool
evprof_preload_may_follow(int folder, const char *file, int flags, bool by_path)
{
    char interpreter[LINE_SIZE + 1];
    if (file == NULL || own.pid != getpid() ||
        faccessat(AT_FDCWD, own.path, R_OK, AT_EACCESS) != 0) {
        return false;
    }
    int fd = open_next(folder, file, flags, by_path);
    for (int i = 0; i < MOST_SCRIPTS && fd >= 0 && read_script(fd, interpreter);
         i++) {
        close(fd);
        fd = open_program(AT_FDCWD, interpreter);
    }
    bool may = fd >= 0 && can_have_it(fd);
    if (fd >= 0) {
        close(fd);
    }
    return may;
}
