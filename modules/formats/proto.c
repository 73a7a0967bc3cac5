/* SPDX-License-Identifier: Apache-2.0 */
/* profile.proto itself; gzip and zstd around it are off already. */
#include "core/analysis/format.h"
#include "core/analysis/wire_read.h"
#include "core/base/error.h"

#define PROBED_SIZE 64

/* A message is never text: its first bytes are small numbers. */
static bool
is_text(const char *data, size_t len)
{
    for (size_t i = 0; i < len && i < PROBED_SIZE; i++) {
        unsigned char c = (unsigned char)data[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* The first field is one of ours, of a type that it can have. */
static bool
probe(const char *data, size_t len)
{
    const unsigned char *at = (const unsigned char *)data;
    evprof_wire_t w = { at, at + len, false };
    uint64_t tag = evprof_wire_varint(&w);
    uint64_t number = tag >> 3;
    uint64_t type = tag & 7;
    bool is_number = (number >= EVPROF_WIRE_DROP_FRAMES &&
                      number <= EVPROF_WIRE_DURATION_NANOS) ||
                     number == EVPROF_WIRE_PERIOD ||
                     number >= EVPROF_WIRE_COMMENT;
    return !is_text(data, len) && !w.bad && number >= 1 && number <= 100 &&
           (type == EVPROF_WIRE_BYTES ||
            (is_number && type == EVPROF_WIRE_VARINT));
}

/* Bytes that cannot be read as this message may be some other format's, and
 * what is wrong with them as a message says little then. */
static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    int status = evprof_pprof_decode(data, len, 0, out, err);
    return status == EVPROF_EPARSE ? EVPROF_ENOTSUP : status;
}

const evprof_format_t evprof_format_proto = {
    .name = "proto",
    .summary = "profile.proto, as pprof and this tool write it",
    .probe = probe,
    .read = read_profile,
};
