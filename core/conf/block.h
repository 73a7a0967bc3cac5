/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_BLOCK_H
#define EVPROF_CONF_BLOCK_H

/*
 * The inside of a configuration, for the files of this room. A block is one
 * place where directives stand; a slot is one directive in one block and knows
 * where its value comes from; a fill is one section's struct in one block.
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
    size_t fill; /* index of the struct that it fills */
    enum evprof_origin origin;
    evprof_statement_t *first; /* the others follow by `again` */
    evprof_statement_t *last;
} evprof_slot_t;

typedef struct evprof_fill {
    const evprof_section_t *section; /* NULL: a module's own directives */
    void *conf;
    bool is_faulty; /* a directive of it has been refused */
} evprof_fill_t;

typedef struct evprof_block {
    enum evprof_context context;
    evprof_place_t place; /* of its opening, or of the file */
    const evprof_statement_t *said; /* its statement; NULL: not in the file */
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

/* The blocks that stand in the file itself, each once at most. */
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
    evprof_profile_block_t *profiles; /* one a module, in the same order */
};

/* The setter reads the block of its statement by itself. */
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

/* The blocks that stand in the file itself, outside of pprof { }. */
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
 * Makes the slots and structs of a block: those of a module (may be NULL) and
 * of every section that may stand there. EVPROF_ENOMEM.
 */
int evprof_block_init(evprof_conf_t *cf, evprof_block_t *block,
                      const evprof_module_t *module);

/* Sets one directive from the file; problems go to the list. */
void evprof_block_set(evprof_conf_t *cf, evprof_block_t *block,
                      evprof_statement_t *s);

/* Inherits (`outer` may be NULL), applies defaults, checks. EVPROF_ENOMEM. */
int evprof_block_finish(evprof_conf_t *cf, evprof_block_t *block,
                        const evprof_block_t *outer);

/* The struct of `section` in a block, or NULL. */
void *evprof_block_conf(const evprof_block_t *block,
                        const evprof_section_t *section);

/* The number of a signal that a directive may name, HUP, USR1, USR2 or WINCH,
 * with or without SIG before it; 0 for "off", -1 for anything else. */
int evprof_conf_signal(const char *text);

#endif
