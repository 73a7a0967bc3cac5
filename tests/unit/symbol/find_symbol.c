/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/symbol/find_symbol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/elf/reader.h"

uint64_t
find_symbol(const char *path, uint32_t table, const char *name)
{
    evprof_elf_reader_t elf;
    evprof_buf_t text = { 0 };
    uint64_t found = 0;
    assert_true(evprof_elf_reader_open(&elf, path));
    const Elf64_Shdr *symbols = evprof_elf_reader_typed(&elf, table);
    assert_non_null(symbols);
    for (uint64_t i = 0; i < symbols->sh_size / sizeof(Elf64_Sym); i++) {
        Elf64_Sym sym;
        assert_true(evprof_elf_reader_get(
            &elf, symbols->sh_offset + i * sizeof(sym), &sym, sizeof(sym)));
        if (evprof_elf_reader_text(&elf,
                                   evprof_elf_reader_linked(&elf, symbols),
                                   sym.st_name, &text) &&
            strcmp(text.data, name) == 0) {
            found = sym.st_value;
        }
    }
    evprof_buf_free(&text);
    evprof_elf_reader_close(&elf);
    return found;
}
