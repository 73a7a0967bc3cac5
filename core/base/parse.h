/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PARSE_H
#define EVPROF_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole-text number parsing: the text must hold the number and nothing else;
 * on failure `out` keeps its value and false is returned. */
bool evprof_parse_int64(const char *text, int64_t *out);
bool evprof_parse_uint64(const char *text, uint64_t *out);
bool evprof_parse_hex64(const char *text,
                        uint64_t *out); /* with or without 0x */
bool evprof_parse_double(const char *text, double *out);

#endif
