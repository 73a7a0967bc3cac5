/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_NAME_LIST_H
#define EVPROF_BASE_NAME_LIST_H

#include <stddef.h>

/* Names of files, copied. Zero-initialised is empty and valid. */
typedef struct evprof_name_list {
    char **items;
    size_t count;
    size_t cap;
} evprof_name_list_t;

/* Adds a copy of `name` at the end. EVPROF_ENOMEM: nothing is added. */
int evprof_name_list_add(evprof_name_list_t *list, const char *name);

/* Sorts the names by their bytes. */
void evprof_name_list_sort(evprof_name_list_t *list);

/* Frees the names; the list is empty afterwards. */
void evprof_name_list_free(evprof_name_list_t *list);

#endif
