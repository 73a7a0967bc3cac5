/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dynamic section tells which libraries a program asks for, its table of
 * exported symbols what it defines itself.
 */
#include "adapters/cli/program_symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/path.h"
#include "core/elf/reader.h"

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

/* Calls `fn` for the text at `offset` of each entry of the first section of
 * that type, `size` bytes an entry. */
static void
each_entry(evprof_elf_reader_t *elf, uint32_t type, size_t size,
           uint64_t (*name_of)(const void *entry),
           void (*fn)(cli_program_t *out, const char *text), cli_program_t *out)
{
    const Elf64_Shdr *section = evprof_elf_reader_typed(elf, type);
    const Elf64_Shdr *texts =
        section == NULL ? NULL : evprof_elf_reader_linked(elf, section);
    evprof_buf_t text = { 0 };
    union {
        Elf64_Dyn dynamic;
        Elf64_Sym symbol;
    } entry;
    for (uint64_t at = 0; texts != NULL && at + size <= section->sh_size;
         at += size) {
        if (!evprof_elf_reader_get(elf, section->sh_offset + at, &entry,
                                   size)) {
            break;
        }
        uint64_t name = name_of(&entry);
        if (name != 0 && evprof_elf_reader_text(elf, texts, name, &text)) {
            fn(out, text.data);
        }
    }
    evprof_buf_free(&text);
}

static uint64_t
name_of_library(const void *entry)
{
    const Elf64_Dyn *dynamic = entry;
    return dynamic->d_tag == DT_NEEDED ? dynamic->d_un.d_val : 0;
}

static uint64_t
name_of_definition(const void *entry)
{
    const Elf64_Sym *symbol = entry;
    return symbol->st_shndx != SHN_UNDEF ? symbol->st_name : 0;
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void
note_library(cli_program_t *out, const char *name)
{
    char *to = begins(name, "libtcmalloc") || begins(name, "libmimalloc") ||
                       begins(name, "libhoard")
                   ? out->allocator
               : begins(name, "libasan.") ? out->address_checker
               : begins(name, "libtsan.") ? out->thread_checker
                                          : NULL;
    if (to != NULL) {
        (void)snprintf(to, sizeof(out->allocator), "%s", name);
    }
}

static void
note_definition(cli_program_t *out, const char *name)
{
    out->defines_malloc = out->defines_malloc || strcmp(name, "malloc") == 0;
    out->defines_tsan = out->defines_tsan || strcmp(name, "__tsan_init") == 0;
}

/* What runs another program, and not in its own place or with other rights. */
static bool
is_launcher(const char *name)
{
    static const char *const names[] = { "runuser", "su", "sudo", "timeout" };
    size_t i = 0;
    while (i < sizeof(names) / sizeof(names[0]) &&
           strcmp(names[i], name) != 0) {
        i++;
    }
    return i < sizeof(names) / sizeof(names[0]);
}

/* The program itself, or the one behind a script's "#!". */
static void
note_launcher(cli_program_t *out, const char *path)
{
    char line[256] = "";
    FILE *file = fopen(path, "re");
    if (file != NULL && fgets(line, sizeof(line), file) != NULL &&
        begins(line, "#!")) {
        path = line + 2 + strspn(line + 2, " ");
        line[(size_t)(path - line) + strcspn(path, " \t\n")] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    const char *name = evprof_path_leaf(path);
    if (is_launcher(name)) {
        (void)snprintf(out->launcher, sizeof(out->launcher), "%s", name);
    }
}

void
cli_program_read(const char *command, cli_program_t *out)
{
    evprof_elf_reader_t elf;
    evprof_buf_t path = { 0 };
    *out = (cli_program_t){ .defines_malloc = false };
    bool is_found = find(command, &path);
    if (is_found) {
        note_launcher(out, path.data);
    }
    if (is_found && evprof_elf_reader_open(&elf, path.data)) {
        each_entry(&elf, SHT_DYNAMIC, sizeof(Elf64_Dyn), name_of_library,
                   note_library, out);
        each_entry(&elf, SHT_DYNSYM, sizeof(Elf64_Sym), name_of_definition,
                   note_definition, out);
        evprof_elf_reader_close(&elf);
    }
    evprof_buf_free(&path);
}
