/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who mistyped a name may have meant. */
#include <string.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/flag_table.h"
#include "adapters/cli/shell_table.h"
#include "adapters/cli/words.h"

/* Longer names than this are not looked for among the near ones. */
#define MAX_NEAR_LENGTH 32

/* How many letters must be changed, added, left out or swapped with the next to
 * make one word the other. */
static size_t
distance(const char *one, const char *other)
{
    size_t rows[3][MAX_NEAR_LENGTH + 1];
    size_t len = strlen(other);
    for (size_t j = 0; j <= len; j++) {
        rows[0][j] = j;
    }
    size_t *before = rows[2];
    size_t *previous = rows[0];
    size_t *row = rows[1];
    for (size_t i = 1; one[i - 1] != '\0'; i++) {
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            bool differs = one[i - 1] != other[j - 1];
            size_t best = previous[j - 1] + differs;
            best = previous[j] + 1 < best ? previous[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            bool is_swap = i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
                           one[i - 2] == other[j - 1];
            if (is_swap && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
        size_t *oldest = before;
        before = previous;
        previous = row;
        row = oldest;
    }
    return previous[len];
}

struct nearest {
    const char *word;
    const char *name;
    size_t distance; /* only nearer ones count */
};

static void
try_name(struct nearest *n, const char *name)
{
    if (strlen(name) > MAX_NEAR_LENGTH) {
        return;
    }
    size_t d = distance(n->word, name);
    if (d < n->distance) {
        n->name = name;
        n->distance = d;
    }
}

const char *
cli_nearest(const char *word, bool is_flag)
{
    size_t len = strlen(word);
    if (len < 3 || len > MAX_NEAR_LENGTH) {
        return NULL;
    }
    /* A third of the letters may be wrong, not more. */
    struct nearest n = { .word = word, .distance = len / 3 + 1 };
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        try_name(&n, evprof_reports[i]->name);
    }
    for (size_t i = 0; i < evprof_option_count; i++) {
        try_name(&n, evprof_option_table[i].name);
        const evprof_choice_t *c = evprof_option_table[i].choices;
        for (; c != NULL && c->name != NULL; c++) {
            try_name(&n, c->name);
        }
    }
    for (size_t i = 0; is_flag && i < cli_flag_count; i++) {
        try_name(&n, cli_flag_table[i].name);
    }
    for (size_t i = 0; !is_flag && i < cli_shell_table_count; i++) {
        try_name(&n, cli_shell_table[i].name);
    }
    return n.name != NULL && strcmp(n.name, word) != 0 ? n.name : NULL;
}
