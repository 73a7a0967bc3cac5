/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/evhttp/program.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/path.h"
#include "core/base/process_age.h"
#include "core/base/self.h"

#define SECOND_NS INT64_C(1000000000)

static void
read_name(char *out, size_t size)
{
    char path[4096];
    ssize_t len = readlink(EVPROF_SELF("exe"), path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = '\0';
    const char *name = evprof_path_leaf(path);
    (void)snprintf(out, size, "%.*s", (int)size - 1,
                   name[0] != '\0' ? name : "program");
}

/* Seconds since the process was started. */
static long
read_uptime(void)
{
    const int64_t age_ns = evprof_process_age_ns(EVPROF_SELF_STAT);
    return age_ns < 0 ? -1 : (long)(age_ns / SECOND_NS);
}

/* ---- The build id ---- */

static size_t
padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Writes the id in hex where the notes have one. */
static bool
read_notes(const char *notes, size_t size, char *out, size_t room)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, notes, sizeof(note));
        const char *name = notes + sizeof(note);
        const unsigned char *id =
            (const unsigned char *)name + padded(note.n_namesz);
        size_t whole =
            sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
        if (whole > size) {
            return false;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(name, "GNU", 4) == 0 && (size_t)note.n_descsz * 2 < room) {
            for (size_t i = 0; i < note.n_descsz; i++) {
                (void)snprintf(out + 2 * i, 3, "%02x", id[i]);
            }
            return true;
        }
        notes += whole;
        size -= whole;
    }
    return false;
}

static char build_id[sizeof((evprof_program_t *)0)->build_id];

/* Reads the first object, which is the program, and stops. */
static int
read_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_NOTE) {
            // NOLINTNEXTLINE(performance-no-int-to-ptr)
            const char *notes = (const char *)(info->dlpi_addr + part->p_vaddr);
            if (read_notes(notes, part->p_memsz, build_id, sizeof(build_id))) {
                break;
            }
        }
    }
    return 1;
}

/* Done before main(): in a child that is forked during the walk nothing could
 * be loaded any more. */
__attribute__((constructor)) static void
find_build_id(void)
{
    dl_iterate_phdr(read_program, NULL);
}

void
evprof_program_read(evprof_program_t *out)
{
    *out = (evprof_program_t){ .pid = getpid(), .uptime = read_uptime() };
    read_name(out->name, sizeof(out->name));
    memcpy(out->build_id, build_id, sizeof(build_id));
}

void
evprof_program_put_uptime(evprof_buf_t *out, long seconds)
{
    if (seconds < 0) {
        evprof_buf_puts(out, "?");
    } else if (seconds < 60) {
        evprof_buf_printf(out, "%ld s", seconds);
    } else if (seconds < 3600) {
        evprof_buf_printf(out, "%ld min %ld s", seconds / 60, seconds % 60);
    } else if (seconds < 86400) {
        evprof_buf_printf(out, "%ld h %ld min", seconds / 3600,
                          seconds / 60 % 60);
    } else {
        evprof_buf_printf(out, "%ld d %ld h", seconds / 86400,
                          seconds / 3600 % 24);
    }
}
