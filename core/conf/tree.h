/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_TREE_H
#define EVPROF_CONF_TREE_H

#include "core/conf/problems.h"

/* Bounds that no file written by people meets; they keep memory fixed. */
#define EVPROF_TREE_MAX_BYTES ((size_t)1 << 20) /* of all files together */
#define EVPROF_TREE_MAX_FILES 256
#define EVPROF_TREE_MAX_INCLUDES                                               \
    16                            /* files that include each other in a row    \
                                   */
#define EVPROF_TREE_MAX_BLOCKS 16 /* blocks in each other */

typedef struct evprof_word {
    const char *text;
    unsigned line;
} evprof_word_t;

/* "name arg...;" or "name arg... { ... }". */
typedef struct evprof_statement {
    evprof_place_t place; /* of the name */
    evprof_word_t *words; /* the name first */
    unsigned count;       /* of words, at least 1 */
    bool has_block;
    struct evprof_statement *children; /* of the block, in order */
    struct evprof_statement *next;     /* in the enclosing block */
    struct evprof_statement *again;    /* the next that sets the same slot */
} evprof_statement_t;

/* The state of a reader; statements live in `arena`. */
typedef struct evprof_tree {
    evprof_arena_t *arena;
    evprof_problems_t *problems;
    const char *folder; /* what `include` is relative to */
    evprof_statement_t *first;
} evprof_tree_t;

/*
 * Reads a file and what it includes. Mistakes go to the list of problems, and
 * reading continues behind them. EVPROF_EIO: the file itself (not one that it
 * includes) cannot be read; EVPROF_ENOMEM.
 */
int evprof_tree_read(evprof_tree_t *tree, const char *path);

/*
 * The arguments of a default as a statement called `name`, "300" or "off"; NULL
 * when memory is out.
 */
evprof_statement_t *evprof_tree_default(evprof_arena_t *arena, const char *name,
                                        const char *args);

/* The first line of a statement that goes on in the next, as one that lacks its
 * ; does; 0: it stands in one line. */
unsigned evprof_statement_open_line(const evprof_statement_t *s);

#endif
