/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_FLAG_TABLE_H
#define EVPROF_CLI_FLAG_TABLE_H

/*
 * The flags that are neither a report nor an option of reports: where profiles
 * come from, how a server is asked, what the tool itself does. One table serves
 * the parser, help, completion and the manual page.
 */

#include <stdbool.h>
#include <stddef.h>

enum cli_flag_kind {
    CLI_FLAG_BOOL,
    CLI_FLAG_INT,    /* int64_t */
    CLI_FLAG_TEXT,   /* const char * */
    CLI_FLAG_LIST,   /* cli_list_t: may be given many times */
    CLI_FLAG_COLUMN, /* chooses a sample type by an old name */
    CLI_FLAG_ALONE,  /* a command by itself, handled before all others */
};

enum cli_flag_group {
    CLI_GROUP_SOURCES,
    CLI_GROUP_NETWORK,
    CLI_GROUP_TRACES,
    CLI_GROUP_COLUMNS,
    CLI_GROUP_SERVER,
    CLI_GROUP_OTHER,
    CLI_GROUP_COUNT,
};

typedef struct cli_flag {
    const char *name;
    const char *value; /* what it takes, for help: "FILE"; NULL: nothing */
    enum cli_flag_group group;
    enum cli_flag_kind kind;
    size_t offset;      /* in cli_t; unused by the last two kinds */
    const char *column; /* the sample type of CLI_FLAG_COLUMN */
    bool is_mean;       /* of which that one shows averages */
    const char *help;   /* first line: what it is; the rest: more of it */
} cli_flag_t;

extern const cli_flag_t cli_flag_table[];
extern const size_t cli_flag_count;

/* What a group is called in help. */
extern const char *const cli_flag_groups[CLI_GROUP_COUNT];

/* The flag of that name, without its dash; NULL: there is none. */
const cli_flag_t *cli_flag_find(const char *name);

#endif
