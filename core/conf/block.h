/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_BLOCK_H
#define EVPROF_CONF_BLOCK_H

/*
 * Private to this room. A block is one place where directives may be; a slot is
 * one directive in one block, with the origin of its value; a fill is the
 * struct of one section in one block.
 */

#include <stdatomic.h>

#include "core/conf/conf.h"
#include "core/conf/tree.h"

enum evprof_origin {
    EVPROF_ORIGIN_UNSET,
    EVPROF_ORIGIN_DEFAULT,
    EVPROF_ORIGIN_FILE,
    EVPROF_ORIGIN_INHERITED,
};

typedef struct evprof_slot {
    const evprof_directive_t *directive;
    size_t fill; /* index of the fill that it sets */
    enum evprof_origin origin;
    evprof_statement_t *first; /* the others are linked by `again` */
    evprof_statement_t *last;
} evprof_slot_t;

typedef struct evprof_fill {
    const evprof_section_t *section; /* NULL: a module's own directives */
    void *conf;
    bool is_faulty; /* one of its directives was refused */
} evprof_fill_t;

typedef struct evprof_block {
    enum evprof_context context;
    evprof_place_t place; /* of its opening, or of the file */
    /* Its statement; NULL: it is not in the file. */
    const evprof_statement_t *said;
    evprof_statement_t *statements;
    evprof_slot_t *slots;
    size_t slot_count;
    evprof_fill_t *fills;
    size_t fill_count;
} evprof_block_t;

struct evprof_conf_cleanup {
    struct evprof_conf_cleanup *next;
    void (*fn)(void *ctx);
    void *ctx;
};

typedef struct evprof_profile_block {
    evprof_profile_conf_t conf;
    evprof_block_t block;
    const evprof_statement_t *statement; /* NULL: not in the file */
} evprof_profile_block_t;

/* The blocks that are in the file itself, each at most once. */
enum evprof_outer {
    EVPROF_OUTER_PPROF,
    EVPROF_OUTER_PUSH,
    EVPROF_OUTER_WATCH,
    EVPROF_OUTER_BLOCKS
};

struct evprof_config {
    atomic_int references;
    evprof_arena_t arena;
    const char *path; /* NULL: built-in defaults */
    const char *folder;
    const char *warnings; /* lines; NULL: none */
    const evprof_schema_t *schema;
    struct evprof_conf_cleanup *cleanups;
    evprof_block_t main;
    evprof_block_t outer[EVPROF_OUTER_BLOCKS];
    const evprof_module_t **modules;
    size_t module_count;
    /* One for each module, in the same order. */
    evprof_profile_block_t *profiles;
};

/* The setter reads the statement's block itself. */
#define EVPROF_DIRECTIVE_OWN_BLOCK (1u << 16)

/* The state that setters are called with. */
struct evprof_conf {
    evprof_config_t *config;
    evprof_problems_t *problems;
    const evprof_directive_t *directive;
    const evprof_statement_t *statement;
    char fragment[512];
};

/* The sections of this room. */
extern const evprof_section_t evprof_main_section;
extern const evprof_section_t evprof_preload_section;
extern const evprof_section_t evprof_pprof_section;
extern const evprof_section_t evprof_limits_section;
extern const evprof_section_t evprof_push_section;
extern const evprof_section_t evprof_watch_section;

/* The blocks that are in the file itself, not in pprof { }. */
typedef struct evprof_outer_block {
    const char *word;
    enum evprof_context context;
} evprof_outer_block_t;
extern const evprof_outer_block_t evprof_outer_blocks[EVPROF_OUTER_BLOCKS];

/* Calls `fn` for every section of the schema, this room's first. */
void evprof_schema_each(const evprof_schema_t *schema,
                        void (*fn)(void *ctx, const evprof_section_t *section),
                        void *ctx);

/*
 * Makes the slots and structs of a block: those of `module`, which may be NULL,
 * and of every section that may be in such a block. EVPROF_ENOMEM.
 */
int evprof_block_init(evprof_conf_t *cf, evprof_block_t *block,
                      const evprof_module_t *module);

/* Sets one directive from the file; problems go to the list. */
void evprof_block_set(evprof_conf_t *cf, evprof_block_t *block,
                      evprof_statement_t *s);

/* Completes a block: inherits from `outer`, which may be NULL, applies
 * defaults, and checks. EVPROF_ENOMEM. */
int evprof_block_finish(evprof_conf_t *cf, evprof_block_t *block,
                        const evprof_block_t *outer);

/* The struct of `section` in a block, or NULL. */
void *evprof_block_conf(const evprof_block_t *block,
                        const evprof_section_t *section);

/* The number of a signal that a directive may name (HUP, USR1, USR2 or WINCH,
 * with or without SIG); 0 for "off", -1 for anything else. */
int evprof_conf_signal(const char *text);

#endif
