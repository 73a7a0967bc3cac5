/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_WIRE_H
#define EVPROF_SYMBOL_WIRE_H

/*
 * Answers as bytes, between two programs of one build on one machine: functions
 * first, then for each address its frames. And the heads of the messages that
 * the helper program and its server exchange.
 */

#include "core/base/buf.h"
#include "core/symbol/symbol_cache.h"

#define EVPROF_WIRE_MAGIC UINT32_C(0x45565359)
#define EVPROF_WIRE_VERSION UINT32_C(1)

/* More is neither asked nor answered at once. */
#define EVPROF_WIRE_MAX_PATH ((uint32_t)4096)
#define EVPROF_WIRE_MAX_COUNT ((uint32_t)1 << 20)
#define EVPROF_WIRE_MAX_BYTES ((uint64_t)256 << 20)

/* Followed by the path, without a NUL, and the addresses; the file itself comes
 * with it as a descriptor. */
typedef struct evprof_wire_request {
    uint32_t magic;
    uint32_t version;
    uint32_t path_len;
    uint32_t count;
} evprof_wire_request_t;

/* Followed by `len` bytes. */
typedef struct evprof_wire_reply {
    uint32_t magic;
    int32_t status;
    uint64_t len;
} evprof_wire_reply_t;

/* Appends the answers that `file` has for the addresses; `out->failed` tells of
 * missing memory. */
void evprof_symbol_encode(const evprof_symbol_file_t *file,
                          const uint64_t *vaddrs, size_t count,
                          evprof_buf_t *out);

/* Adds the answers to `file`. EVPROF_EPARSE: the bytes are not such, nothing is
 * sure to be left out; EVPROF_ENOMEM. */
int evprof_symbol_decode(evprof_symbol_file_t *file, const void *data,
                         size_t len);

#endif
