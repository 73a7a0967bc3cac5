/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_WIRE_H
#define EVPROF_SYMBOL_WIRE_H

/*
 * Answers as bytes, for two programs of one build on one machine: the functions
 * first, then the frames of each address. Also the headers of the messages
 * between the helper program and the server.
 */

#include "core/base/buf.h"
#include "core/symbol/symbol_cache.h"

#define EVPROF_WIRE_MAGIC UINT32_C(0x45565359)
#define EVPROF_WIRE_VERSION UINT32_C(1)

/* Limits of one message. */
#define EVPROF_WIRE_MAX_PATH ((uint32_t)4096)
#define EVPROF_WIRE_MAX_COUNT ((uint32_t)1 << 20)
#define EVPROF_WIRE_MAX_BYTES ((uint64_t)256 << 20)

/* A request's header. The path (without a NUL) and the addresses follow, and
 * the file itself is passed as a descriptor. */
typedef struct evprof_wire_request {
    uint32_t magic;
    uint32_t version;
    uint32_t path_len;
    uint32_t count;
} evprof_wire_request_t;

/* A reply's header; `len` bytes follow. */
typedef struct evprof_wire_reply {
    uint32_t magic;
    int32_t status;
    uint64_t len;
} evprof_wire_reply_t;

/* Appends the answers that `file` has for the addresses; sets `out->failed`
 * when out of memory. */
void evprof_symbol_encode(const evprof_symbol_file_t *file,
                          const uint64_t *vaddrs, size_t count,
                          evprof_buf_t *out);

/* Adds the answers to `file`. EVPROF_EPARSE: the bytes are malformed, and some
 * answers may have been added; EVPROF_ENOMEM. */
int evprof_symbol_decode(evprof_symbol_file_t *file, const void *data,
                         size_t len);

#endif
