/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_GUESS_KIND_H
#define EVPROF_ANALYSIS_GUESS_KIND_H

#include <stddef.h>

/*
 * What a file of no known format seems to be, by its first bytes, and what to
 * do about it: part of a sentence that follows the file's name. A static
 * string. MT-Safe.
 */
const char *evprof_guess(const void *data, size_t len);

#endif
