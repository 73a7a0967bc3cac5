/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for addresses: "0xADDRESS NAME" for each known one of those that a
 * request joins by "+", in its query or in its body. Serves old clients and
 * profiles whose symbols were left out; our own profiles carry theirs.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/module.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/runtime/symbols.h"

/* The longest number that fits 64 bits is octal: 23 digits with its zero. */
#define NUMBER_MAX 32

/* A number as Go's ParseUint with base 0 reads it: 0x, 0o, 0b, 0, decimal. */
static bool
parse_pc(const char *text, size_t len, uint64_t *out)
{
    char number[NUMBER_MAX];
    if (len == 0 || len >= sizeof(number) || !isdigit((unsigned char)*text)) {
        return false;
    }
    memcpy(number, text, len);
    number[len] = '\0';
    int base = 0;
    const char *digits = number;
    if (len > 2 && number[0] == '0' && tolower(number[1]) == 'o') {
        base = 8;
        digits += 2;
    } else if (len > 2 && number[0] == '0' && tolower(number[1]) == 'b') {
        base = 2;
        digits += 2;
    }
    if (!isxdigit((unsigned char)*digits)) {
        return false;
    }
    char *end;
    unsigned long long value = strtoull(digits, &end, base);
    if (*end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

/* Addresses are looked up together: alone, each would have the tables of its
 * object read again. */
#define BATCH_COUNT 4096

typedef struct batch {
    evprof_buf_t *out;
    uintptr_t *pcs;
    size_t count;
} batch_t;

static int
flush_batch(batch_t *batch)
{
    int status = evprof_symbols_prepare(batch->pcs, batch->count);
    for (size_t i = 0; i < batch->count && status == EVPROF_OK; i++) {
        const char *name = evprof_symbols_name(batch->pcs[i]);
        if (name != NULL) {
            evprof_buf_printf(batch->out, "0x%" PRIxPTR " %s\n", batch->pcs[i],
                              name);
        }
    }
    batch->count = 0;
    return status;
}

static int
put_symbol(batch_t *batch, const char *text, size_t len)
{
    uint64_t pc;
    if (!parse_pc(text, len, &pc) || pc == 0 || pc > UINTPTR_MAX) {
        return EVPROF_OK;
    }
    batch->pcs[batch->count++] = (uintptr_t)pc;
    return batch->count == BATCH_COUNT ? flush_batch(batch) : EVPROF_OK;
}

static int
put_symbols(batch_t *batch, const char *at, size_t left)
{
    int status = EVPROF_OK;
    while (left > 0 && status == EVPROF_OK) {
        const char *plus = memchr(at, '+', left);
        size_t len = plus != NULL ? (size_t)(plus - at) : left;
        status = put_symbol(batch, at, len);
        at += len;
        left -= len;
        if (left > 0) {
            at++;
            left--;
        }
    }
    return status == EVPROF_OK ? flush_batch(batch) : status;
}

static int
write_symbols(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
              evprof_error_t *err)
{
    (void)state;
    const char *at = ask->query != NULL ? ask->query : "";
    size_t left = strlen(at);
    if (ask->body != NULL) {
        at = ask->body;
        left = ask->body_len;
    }
    evprof_buf_t text = { 0 };
    batch_t batch = { .out = &text,
                      .pcs = calloc(BATCH_COUNT, sizeof(*batch.pcs)) };
    /* Not a count: 0 would tell the client that there are no symbols here. */
    evprof_buf_puts(&text, "num_symbols: 1\n");
    int status =
        batch.pcs == NULL ? EVPROF_ENOMEM : put_symbols(&batch, at, left);
    if (status == EVPROF_OK) {
        status = evprof_buf_write(&text, out);
    }
    free(batch.pcs);
    evprof_buf_free(&text);
    if (status != EVPROF_OK) {
        evprof_fail(err, status, "symbol: out of memory");
    }
    return status;
}

const evprof_module_t evprof_profile_symbol = {
    .abi = EVPROF_MODULE_ABI,
    .name = "symbol",
    .summary = "Function names of the addresses in the query or the posted "
               "body, joined by +.",
    .flags = EVPROF_MODULE_TEXT_ONLY | EVPROF_MODULE_BODY,
    .text = write_symbols,
};
