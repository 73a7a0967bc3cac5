/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dynamic section tells which libraries a program asks for, its table of
 * exported symbols whether it defines malloc: a definition in the program comes
 * before all preloaded ones.
 */
#include "adapters/cli/allocator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/elf/reader.h"

static const char *const libraries[] = { "libtcmalloc", "libmimalloc",
                                         "libhoard" };

/* Appends the program's path, NUL-terminated; false: it is not on the PATH. */
static bool
find(const char *command, evprof_buf_t *out)
{
    const char *list = getenv("PATH");
    if (strchr(command, '/') != NULL || list == NULL) {
        evprof_buf_puts(out, command);
        return !out->failed;
    }
    while (*list != '\0') {
        size_t len = strcspn(list, ":");
        evprof_buf_clear(out);
        evprof_buf_printf(out, "%.*s/%s", (int)len, list, command);
        if (!out->failed && access(out->data, X_OK) == 0) {
            return true;
        }
        list += len + (list[len] == ':');
    }
    return false;
}

/* Whether an entry of the dynamic section asks for an allocator, whose name is
 * then in `name`. */
static bool
needs_allocator(evprof_elf_reader_t *elf, evprof_buf_t *name)
{
    const Elf64_Shdr *dynamic = evprof_elf_reader_typed(elf, SHT_DYNAMIC);
    const Elf64_Shdr *strings =
        dynamic == NULL ? NULL : evprof_elf_reader_linked(elf, dynamic);
    Elf64_Dyn entry = { .d_tag = DT_DEBUG };
    for (uint64_t at = 0; strings != NULL && entry.d_tag != DT_NULL &&
                          at + sizeof(entry) <= dynamic->sh_size;
         at += sizeof(entry)) {
        if (!evprof_elf_reader_get(elf, dynamic->sh_offset + at, &entry,
                                   sizeof(entry))) {
            return false;
        }
        if (entry.d_tag != DT_NEEDED ||
            !evprof_elf_reader_text(elf, strings, entry.d_un.d_val, name)) {
            continue;
        }
        for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
            size_t len = strlen(libraries[i]);
            if (strncmp(name->data, libraries[i], len) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool
defines_malloc(evprof_elf_reader_t *elf)
{
    const Elf64_Shdr *symbols = evprof_elf_reader_typed(elf, SHT_DYNSYM);
    const Elf64_Shdr *strings =
        symbols == NULL ? NULL : evprof_elf_reader_linked(elf, symbols);
    evprof_buf_t name = { 0 };
    Elf64_Sym symbol;
    bool is_found = false;
    for (uint64_t at = 0; strings != NULL && !is_found &&
                          at + sizeof(symbol) <= symbols->sh_size;
         at += sizeof(symbol)) {
        is_found =
            evprof_elf_reader_get(elf, symbols->sh_offset + at, &symbol,
                                  sizeof(symbol)) &&
            symbol.st_shndx != SHN_UNDEF &&
            evprof_elf_reader_text(elf, strings, symbol.st_name, &name) &&
            strcmp(name.data, "malloc") == 0;
    }
    evprof_buf_free(&name);
    return is_found;
}

void
cli_allocator_warn(const char *command)
{
    evprof_elf_reader_t elf;
    evprof_buf_t path = { 0 };
    evprof_buf_t name = { 0 };
    if (!find(command, &path) || !evprof_elf_reader_open(&elf, path.data)) {
        evprof_buf_free(&path);
        return;
    }
    if (defines_malloc(&elf)) {
        fprintf(
            stderr,
            "evprof: run: %s has an allocator of its own built in: jemalloc "
            "will see none of its memory\n",
            command);
    } else if (needs_allocator(&elf, &name)) {
        fprintf(stderr,
                "evprof: run: %s brings an allocator of its own, %s: jemalloc "
                "takes its place\n",
                command, name.data);
    }
    evprof_elf_reader_close(&elf);
    evprof_buf_free(&name);
    evprof_buf_free(&path);
}
