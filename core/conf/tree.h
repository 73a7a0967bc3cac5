/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_TREE_H
#define EVPROF_CONF_TREE_H

#include "core/conf/problems.h"

/* Bounds on memory that no file written by people reaches. */
#define EVPROF_TREE_MAX_BYTES ((size_t)1 << 20) /* of all files together */
#define EVPROF_TREE_MAX_FILES 256
#define EVPROF_TREE_MAX_INCLUDES 16 /* depth of nested includes */
#define EVPROF_TREE_MAX_BLOCKS 16   /* depth of nested blocks */

typedef struct evprof_word {
    const char *text;
    unsigned line;
} evprof_word_t;

/* "name arg...;" or "name arg... { ... }". */
typedef struct evprof_statement {
    evprof_place_t place; /* of the name */
    evprof_word_t *words; /* the name first */
    unsigned count;       /* number of words, at least 1 */
    bool has_block;
    struct evprof_statement *children; /* of the block, in order */
    struct evprof_statement *next;     /* the next one of the same block */
    struct evprof_statement *again;    /* the next that sets the same slot */
} evprof_statement_t;

/* The state of a reader; statements live in `arena`. */
typedef struct evprof_tree {
    evprof_arena_t *arena;
    evprof_problems_t *problems;
    const char *folder; /* start of relative paths in `include` */
    evprof_statement_t *first;
} evprof_tree_t;

/*
 * Reads a file and the files that it includes. Mistakes are added to the
 * problems, and reading continues after them. EVPROF_EIO: the file itself (not
 * an included one) cannot be read; EVPROF_ENOMEM.
 */
int evprof_tree_read(evprof_tree_t *tree, const char *path);

/*
 * Makes a statement of a directive's name and the text of its default, such as
 * "300" or "off"; NULL: out of memory.
 */
evprof_statement_t *evprof_tree_default(evprof_arena_t *arena, const char *name,
                                        const char *args);

/* The first line of a statement that continues on the next line, as one without
 * its ; does; 0: it is on one line. */
unsigned evprof_statement_open_line(const evprof_statement_t *s);

#endif
