/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/attach/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/read_file.h"

/* The kernel's names have 15 bytes. */
enum { NAME_BYTES = 16 };

typedef struct evprof_thread_name {
    pid_t tid;
    uint32_t turn; /* in which it was read */
    char text[NAME_BYTES];
} evprof_thread_name_t;

void
evprof_thread_names_turn(evprof_thread_names_t *names)
{
    names->turn++;
}

/* Of a thread that has ended the last name stays. */
static void
read_name(evprof_thread_names_t *names, evprof_thread_name_t *row)
{
    char path[64];
    char text[NAME_BYTES];
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)names->pid,
                   (int)row->tid);
    if (evprof_read_start(AT_FDCWD, path, text, sizeof(text)) > 0) {
        text[strcspn(text, "\n")] = '\0';
        memcpy(row->text, text, sizeof(text));
    }
    row->turn = names->turn;
    names->reads++;
}

static evprof_thread_name_t *
find_row(evprof_thread_names_t *names, pid_t tid)
{
    evprof_index_walk_t walk =
        evprof_index_walk(&names->index, evprof_hash_mix((uint64_t)tid));
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (names->rows[row].tid == tid) {
            return &names->rows[row];
        }
    }
    return NULL;
}

/* A row for a thread that has none; NULL: out of memory. */
static evprof_thread_name_t *
add_row(evprof_thread_names_t *names, pid_t tid)
{
    evprof_thread_name_t *rows =
        evprof_grow(names->rows, &names->cap, names->count + 1, sizeof(*rows));
    if (rows == NULL) {
        return NULL;
    }
    names->rows = rows;
    rows[names->count] = (evprof_thread_name_t){ .tid = tid };
    return evprof_index_add(&names->index, evprof_hash_mix((uint64_t)tid),
                            (uint32_t)names->count) != 0
               ? NULL
               : &rows[names->count++];
}

const char *
evprof_thread_names_of(evprof_thread_names_t *names, pid_t tid)
{
    evprof_thread_name_t *row = find_row(names, tid);
    if (row == NULL) {
        row = add_row(names, tid);
        if (row == NULL) {
            return "";
        }
        read_name(names, row);
    } else if (row->turn != names->turn) {
        read_name(names, row);
    }
    return row->text;
}

void
evprof_thread_names_free(evprof_thread_names_t *names)
{
    free(names->rows);
    evprof_index_free(&names->index);
}
