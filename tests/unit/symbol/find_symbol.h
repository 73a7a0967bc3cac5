/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SYMBOL_FIND_SYMBOL_H
#define TESTS_UNIT_SYMBOL_FIND_SYMBOL_H

#include <elf.h>
#include <stdint.h>

/* The address of a symbol in the file's own address space, by its table of that
 * type, SHT_SYMTAB or SHT_DYNSYM; 0: it is not there. */
uint64_t find_symbol(const char *path, uint32_t table, const char *name);

#endif
