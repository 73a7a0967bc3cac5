/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that puts another image in its own place is still what was to be
 * profiled: the script at a container's start ends so, and env, nice and
 * setpriv do nothing else. The next image has the library as well, unless that
 * would hurt it or be said on its stderr: it is set-uid, or of another loader
 * (musl's, one for 32 bits), or has a sanitizer whose library must be the
 * first, or the library is out of reach by now, as it is after chroot().
 *
 * Nothing is allocated, since exec may be called in a handler, and the stack of
 * that may be small: files are read by single entries.
 */
#include "adapters/preload/next_image.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
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

/* A program in a folder of PATH with a longer name is not followed. */
#define MOST_PATH 512

enum {
    LOADER_SIZE = 256,
    LINE_SIZE = 256,
    MOST_PARTS = 64,
    MOST_DYNAMIC = 128,
    MOST_CHAIN = 4096
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
    uint64_t parts_at; /* in the file */
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
        head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_phnum > MOST_PARTS) {
        return false;
    }
    *out =
        (image_t){ .fd = fd, .count = head.e_phnum, .parts_at = head.e_phoff };
    return true;
}

static bool
read_part(const image_t *image, size_t i, ElfW(Phdr) * out)
{
    return read_at(image->fd, image->parts_at + i * sizeof(*out), out,
                   sizeof(*out));
}

/* False: it has none. */
static bool
part_of_type(const image_t *image, uint32_t type, ElfW(Phdr) * out)
{
    for (size_t i = 0; i < image->count && read_part(image, i, out); i++) {
        if (out->p_type == type) {
            return true;
        }
    }
    return false;
}

/* The path of the loader; false: it is static. */
static bool
read_loader(const image_t *image, char *out)
{
    ElfW(Phdr) part;
    if (!part_of_type(image, PT_INTERP, &part) || part.p_filesz > LOADER_SIZE ||
        part.p_filesz == 0 ||
        !read_at(image->fd, part.p_offset, out, part.p_filesz)) {
        return false;
    }
    return out[part.p_filesz - 1] == '\0';
}

/* Where the file has what is at `address` in memory; 0: nowhere. */
static uint64_t
place_of(const image_t *image, uint64_t address)
{
    ElfW(Phdr) part;
    for (size_t i = 0; i < image->count && read_part(image, i, &part); i++) {
        if (part.p_type == PT_LOAD && address >= part.p_vaddr &&
            address - part.p_vaddr < part.p_filesz) {
            return part.p_offset + (address - part.p_vaddr);
        }
    }
    return 0;
}

/* Where the file has what its dynamic entry `tag` leads to; 0: nowhere. */
static uint64_t
find_table(const image_t *image, uint64_t at, size_t count, int64_t tag)
{
    ElfW(Dyn) entry;
    for (size_t i = 0; i < count; i++) {
        if (!read_at(image->fd, at + i * sizeof(entry), &entry,
                     sizeof(entry))) {
            return 0;
        }
        if (entry.d_tag == tag) {
            return place_of(image, entry.d_un.d_ptr);
        }
    }
    return 0;
}

/* Whether the table of hashes at `table` has a symbol of that hash, which is as
 * good as its name here. */
static bool
has_symbol(const image_t *image, uint64_t table, const char *name)
{
    struct {
        uint32_t buckets;
        uint32_t first; /* symbol that has a hash */
        uint32_t words; /* of the filter, which comes next */
        uint32_t shift;
    } head;
    uint32_t hash = 5381;
    uint32_t symbol;
    uint32_t other;
    for (; *name != '\0'; name++) {
        hash = hash * 33 + (unsigned char)*name;
    }
    if (!read_at(image->fd, table, &head, sizeof(head)) || head.buckets == 0) {
        return false;
    }
    uint64_t buckets = table + sizeof(head) + UINT64_C(8) * head.words;
    uint64_t chains = buckets + UINT64_C(4) * head.buckets;
    if (!read_at(image->fd, buckets + UINT64_C(4) * (hash % head.buckets),
                 &symbol, sizeof(symbol)) ||
        symbol < head.first) {
        return false;
    }
    for (uint32_t i = 0; i < MOST_CHAIN; i++) {
        if (!read_at(image->fd,
                     chains + UINT64_C(4) * (symbol - head.first + i), &other,
                     sizeof(other))) {
            return false;
        }
        if ((other | 1) == (hash | 1) || (other & 1) != 0) {
            return (other | 1) == (hash | 1); /* it, or the last one */
        }
    }
    return false;
}

/* Whether a sanitizer is linked into it, with its dynamic part. */
static bool
has_sanitizer(const image_t *image, const ElfW(Phdr) * part)
{
    uint64_t table = find_table(
        image, part->p_offset, part->p_filesz / sizeof(ElfW(Dyn)), DT_GNU_HASH);
    return table != 0 && (has_symbol(image, table, "__tsan_init") ||
                          has_symbol(image, table, "__msan_init"));
}

/* Whether one of the libraries that it needs is a sanitizer's. */
static bool
needs_sanitizer(const image_t *image, const ElfW(Phdr) * part)
{
    ElfW(Dyn) entry;
    size_t count = part->p_filesz / sizeof(entry);
    count = count < MOST_DYNAMIC ? count : MOST_DYNAMIC;
    uint64_t texts = find_table(image, part->p_offset, count, DT_STRTAB);
    for (size_t i = 0; i < count && texts != 0; i++) {
        char name[24] = "";
        if (read_at(image->fd, part->p_offset + i * sizeof(entry), &entry,
                    sizeof(entry)) &&
            entry.d_tag == DT_NEEDED &&
            pread(image->fd, name, sizeof(name) - 1,
                  (off_t)(texts + entry.d_un.d_val)) > 0 &&
            evprof_preload_is_sanitizer(name)) {
            return true;
        }
    }
    return false;
}

/* Whether a sanitizer in it does not bear the library. */
static bool
is_sanitized(const image_t *image)
{
    ElfW(Phdr) dynamic;
    return part_of_type(image, PT_DYNAMIC, &dynamic) &&
           (needs_sanitizer(image, &dynamic) || has_sanitizer(image, &dynamic));
}

/* ---- The file ---- */

static bool
is_program(int folder, const char *path)
{
    struct stat st;
    return fstatat(folder, path, &st, 0) == 0 && S_ISREG(st.st_mode) &&
           faccessat(folder, path, X_OK, AT_EACCESS) == 0;
}

/* -1: it cannot be read. A FIFO that takes the place of a program in between is
 * not waited for. */
static int
open_file(int folder, const char *path)
{
    return openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Opens a file that can be executed; -1: it is none, or cannot be read. */
static int
open_program(int folder, const char *path)
{
    return is_program(folder, path) ? open_file(folder, path) : -1;
}

/* As execvp() looks for it: in the working directory where a folder has no
 * name, and not behind the first program, be it one that cannot be read. */
static int
open_by_path(const char *name)
{
    char path[MOST_PATH];
    const char *list = getenv("PATH");
    list = list != NULL ? list : "/bin:/usr/bin";
    for (;;) {
        int len = (int)strcspn(list, ":");
        if (snprintf(path, sizeof(path), "%.*s%s%s", len, list,
                     len > 0 ? "/" : "", name) >= (int)sizeof(path)) {
            return -1;
        }
        if (is_program(AT_FDCWD, path)) {
            return open_file(AT_FDCWD, path);
        }
        if (list[len] == '\0') {
            return -1;
        }
        list += len + 1;
    }
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

/* Whether the image has rights that its user has not: libc's loader then loads
 * nothing that the environment names, and may say so. */
static bool
has_own_rights(int fd)
{
    struct stat st;
    return fstat(fd, &st) != 0 || (st.st_mode & (S_ISUID | S_ISGID)) != 0 ||
           fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* Writes the path of a script's interpreter to `out`, of LINE_SIZE + 1 bytes;
 * false: it is no script. */
static bool
read_script(int fd, char *out)
{
    ssize_t len = pread(fd, out, LINE_SIZE, 0);
    if (len < 2 || out[0] != '#' || out[1] != '!') {
        return false;
    }
    out[len] = '\0';
    const char *path = out + 2 + strspn(out + 2, " \t");
    size_t size = strcspn(path, " \t\r\n");
    memmove(out, path, size);
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
           !is_sanitized(&image);
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

/* Whether that can be said of the file that runs `file` in the end. */
static bool
may_have_it(int folder, const char *file, int flags, bool by_path)
{
    char interpreter[LINE_SIZE + 1];
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

bool
evprof_preload_may_follow(int folder, const char *file, int flags, bool by_path)
{
    int cancel;
    if (file == NULL || own.pid != getpid() ||
        faccessat(AT_FDCWD, own.path, R_OK, AT_EACCESS) != 0) {
        return false;
    }
    /* To read a file is a place where a thread may be cancelled, exec is none.
     */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    bool may = may_have_it(folder, file, flags, by_path);
    pthread_setcancelstate(cancel, &cancel);
    return may;
}
