/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exported symbols of an object from its own memory. It may be unloaded
 * meanwhile, so that the kernel is asked to copy: it refuses where there is
 * nothing. The number of symbols stands nowhere; linkers put the texts right
 * behind them.
 */
#include <link.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/self.h"
#include "core/elf/choose.h"
#include "core/elf/names.h"

#define CHUNK 256
#define MAX_SYMBOLS ((uint64_t)1 << 20)
#define MAX_DYNAMIC 256

typedef struct dynamic {
    uintptr_t symbols;
    uintptr_t strings;
    uint64_t strings_len;
} dynamic_t;

static bool
copy(uintptr_t address, void *out, size_t len)
{
    struct iovec here = { .iov_base = out, .iov_len = len };
    struct iovec there = { .iov_len = len };
    memcpy(&there.iov_base, &address, sizeof(address));
    return process_vm_readv(evprof_self_pid(), &here, 1, &there, 1, 0) ==
           (ssize_t)len;
}

static bool
copy_text(void *ctx, uint64_t name, evprof_buf_t *out)
{
    const dynamic_t *d = ctx;
    char piece[64];
    evprof_buf_clear(out);
    while (name < d->strings_len && out->len < (size_t)EVPROF_ELF_WINDOW * 16) {
        uint64_t left = d->strings_len - name;
        size_t len = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        if (!copy(d->strings + name, piece, len)) {
            return false;
        }
        size_t used = strnlen(piece, len);
        evprof_buf_add(out, piece, used);
        if (used < len) {
            evprof_buf_puts(out, "");
            return !out->failed;
        }
        name += used;
    }
    return false;
}

/* The loader adds the bias to the table's addresses, for most objects. */
static uintptr_t
loaded(const evprof_object_t *object, uint64_t address)
{
    return address < object->bias ? (uintptr_t)address + object->bias
                                  : (uintptr_t)address;
}

static bool
read_dynamic(const evprof_object_t *object, uintptr_t address, dynamic_t *out)
{
    for (size_t i = 0; i < MAX_DYNAMIC; i++) {
        ElfW(Dyn) d;
        if (!copy(address + i * sizeof(d), &d, sizeof(d))) {
            return false;
        }
        switch (d.d_tag) {
        case DT_NULL:
            return out->symbols != 0 && out->strings > out->symbols;
        case DT_SYMTAB:
            out->symbols = loaded(object, d.d_un.d_ptr);
            break;
        case DT_STRTAB:
            out->strings = loaded(object, d.d_un.d_ptr);
            break;
        case DT_STRSZ:
            out->strings_len = d.d_un.d_val;
            break;
        default:
            break;
        }
    }
    return false;
}

static bool
find_dynamic(const evprof_object_t *object, dynamic_t *out)
{
    ElfW(Ehdr) header;
    if (object->id_address == 0 ||
        !copy(object->low, &header, sizeof(header)) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_phentsize != sizeof(ElfW(Phdr))) {
        return false;
    }
    for (size_t i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) p;
        uintptr_t at = object->low + header.e_phoff + i * sizeof(p);
        if (!copy(at, &p, sizeof(p))) {
            return false;
        }
        if (p.p_type == PT_DYNAMIC) {
            return read_dynamic(object, object->bias + p.p_vaddr, out);
        }
    }
    return false;
}

static void
scan(evprof_elf_choice_t *choice, const dynamic_t *d)
{
    ElfW(Sym) chunk[CHUNK];
    uint64_t count = (d->strings - d->symbols) / sizeof(chunk[0]);
    count = count < MAX_SYMBOLS ? count : MAX_SYMBOLS;
    for (uint64_t i = 0; i < count; i += CHUNK) {
        size_t n = count - i < CHUNK ? (size_t)(count - i) : CHUNK;
        if (!copy(d->symbols + i * sizeof(chunk[0]), chunk,
                  n * sizeof(chunk[0]))) {
            return;
        }
        for (size_t k = 0; k < n; k++) {
            int type = ELF64_ST_TYPE(chunk[k].st_info);
            if ((type == STT_FUNC || type == STT_GNU_IFUNC) &&
                chunk[k].st_shndx != SHN_UNDEF && chunk[k].st_size > 0) {
                evprof_elf_choice_offer(choice, &chunk[k], 0);
            }
        }
    }
}

int
evprof_elf_loaded_names(const evprof_object_t *object, evprof_query_t *queries,
                        size_t count, evprof_strings_t *names)
{
    dynamic_t d = { .symbols = 0 };
    if (count == 0 || !find_dynamic(object, &d)) {
        return EVPROF_OK;
    }
    evprof_elf_choice_t choice = { .text = copy_text, .ctx = &d };
    if (!evprof_elf_choice_begin(&choice, queries, count)) {
        return EVPROF_ENOMEM;
    }
    scan(&choice, &d);
    return evprof_elf_choice_end(&choice, queries, names);
}
