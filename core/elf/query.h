/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ELF_QUERY_H
#define EVPROF_ELF_QUERY_H

/*
 * A batch of addresses of one file, sorted and distinct. Tables are read once a
 * batch, front to back, and each entry is looked up among the addresses:
 * nothing of the size of a table is ever built.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct evprof_query {
    uint64_t vaddr;
    const char *symbol; /* of the symbol table, or NULL */
    uint64_t start;     /* of that symbol */
    bool is_sized;      /* the symbol says where it ends */
    uint64_t unit;      /* offset of the compilation unit's DIE, 0: none */
} evprof_query_t;

/* The first of `count` queries whose address is not below `vaddr`. */
static inline size_t
evprof_query_lower(const evprof_query_t *queries, size_t count, uint64_t vaddr)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (queries[middle].vaddr < vaddr) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

#endif
