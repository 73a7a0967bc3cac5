/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_FORMAT_H
#define EVPROF_ANALYSIS_FORMAT_H

/*
 * The contract of an input format: one file in modules/formats and one word in
 * modules/CMakeLists.txt, which generates `evprof_formats`. Order matters: the
 * first format whose probe says yes reads the file, the next ones are asked
 * only when it answers EVPROF_ENOTSUP.
 */

#include "core/profile/pprof.h"

typedef struct evprof_format {
    const char *name;    /* "proto" */
    const char *summary; /* one sentence */

    /* Whether the data may be of this format. Cheap: it looks at the beginning
     * only. */
    bool (*probe)(const char *data, size_t len);

    /* Reads the whole file, uncompressed, which is not kept. EVPROF_ENOTSUP: it
     * is not of this format after all; EVPROF_EPARSE, EVPROF_EINVAL,
     * EVPROF_ELIMIT, EVPROF_ENOMEM. */
    int (*read)(const char *data, size_t len, evprof_pprof_t **out,
                evprof_error_t *err);
} evprof_format_t;

/* NULL-terminated. */
extern const evprof_format_t *const evprof_formats[];

/* Whether data that begins like this may be a profile: compressed, with names
 * before it, or of a format whose probe says yes. Cheap. */
bool evprof_format_may_be(const evprof_format_t *const *formats,
                          const void *data, size_t len);

/*
 * Reads a profile of any of the formats, plain or in gzip or zstd, checked. The
 * message follows the name of the file: "it is empty".
 * EVPROF_EPARSE, EVPROF_EINVAL, EVPROF_ELIMIT, EVPROF_ENOMEM.
 */
int evprof_format_read(const evprof_format_t *const *formats, const void *data,
                       size_t len, evprof_pprof_t **out, evprof_error_t *err);

#endif
