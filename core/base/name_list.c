/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a folder come in no order, so they are collected and sorted.
 */
#include "core/base/name_list.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/grow.h"

int
evprof_name_list_add(evprof_name_list_t *list, const char *name)
{
    char **items =
        evprof_grow(list->items, &list->cap, list->count + 1, sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    list->items = items;
    items[list->count] = strdup(name);
    if (items[list->count] == NULL) {
        return EVPROF_ENOMEM;
    }
    list->count++;
    return EVPROF_OK;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
evprof_name_list_sort(evprof_name_list_t *list)
{
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof(*list->items), compare_names);
    }
}

void
evprof_name_list_free(evprof_name_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (evprof_name_list_t){ .items = NULL };
}
