/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody who mistyped a name may have meant: the known name with the
 * smallest edit distance, two neighbouring letters in the wrong order counting
 * as one mistake, and at most a third of the word wrong.
 */
#include "core/base/nearest.h"

#include <string.h>

/* Longer words are no slips of the finger; bounds the tables below. */
#define LONGEST 32

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment over three rows. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] =
                least(above[j - 1] + wrong, least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1]) {
                now[j] = least(now[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

void
evprof_nearest_try(evprof_nearest_t *nearest, const char *name)
{
    size_t word_len = strlen(nearest->word);
    size_t name_len = strlen(name);
    if (word_len > LONGEST || name_len > LONGEST) {
        return;
    }
    size_t wrong = distance(nearest->word, word_len, name, name_len);
    if (wrong > (name_len + 2) / 3 || wrong >= name_len) {
        return;
    }
    if (nearest->best == NULL || wrong < nearest->distance) {
        nearest->best = name;
        nearest->distance = wrong;
    }
}
