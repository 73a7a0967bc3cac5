/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data is cut into pieces that are deflated on their own, each ended at a
 * byte boundary, so that one after the other they are one stream; their
 * checksums are combined. Pieces are done in rounds, which bounds the memory.
 */
#include "core/analysis/gzip_parallel.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* zlib declares next_in as const only with this. */
#define ZLIB_CONST
#include <zlib.h>

#include "core/base/error.h"

/* Small enough to be shared out evenly, large enough that starting the window
 * anew costs nothing. */
#define PIECE_SIZE ((size_t)512 * 1024)
#define PIECES_A_ROUND 32
#define MAX_THREADS 16
#define RAW_WINDOW_BITS (-15)
#define MEMORY_LEVEL 8

typedef struct piece {
    const unsigned char *data;
    size_t len;
    bool is_last;
    unsigned char *out; /* NULL: it failed */
    size_t out_len;
    uLong crc;
} piece_t;

typedef struct round {
    piece_t pieces[PIECES_A_ROUND];
    size_t count;
    atomic_size_t next;
} round_t;

static void
deflate_piece(piece_t *p)
{
    z_stream stream = { .next_in = p->data, .avail_in = (uInt)p->len };
    p->out = NULL;
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW_BITS,
                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        return;
    }
    /* Room for the empty block that ends a piece. */
    size_t room = deflateBound(&stream, (uLong)p->len) + 16;
    unsigned char *out = malloc(room);
    if (out != NULL) {
        stream.next_out = out;
        stream.avail_out = (uInt)room;
        int result = deflate(&stream, p->is_last ? Z_FINISH : Z_SYNC_FLUSH);
        if (result == (p->is_last ? Z_STREAM_END : Z_OK)) {
            p->out = out;
            p->out_len = room - stream.avail_out;
            p->crc = crc32_z(0, p->data, p->len);
        } else {
            free(out);
        }
    }
    deflateEnd(&stream);
}

static void *
work(void *arg)
{
    round_t *round = arg;
    for (;;) {
        size_t i =
            atomic_fetch_add_explicit(&round->next, 1, memory_order_relaxed);
        if (i >= round->count) {
            return NULL;
        }
        deflate_piece(&round->pieces[i]);
    }
}

static void
run_round(round_t *round)
{
    pthread_t threads[MAX_THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > 1 ? (size_t)processors - 1 : 0;
    wanted = wanted < MAX_THREADS ? wanted : MAX_THREADS;
    wanted = wanted < round->count ? wanted : round->count - 1;
    size_t started = 0;
    while (started < wanted &&
           pthread_create(&threads[started], NULL, work, round) == 0) {
        started++;
    }
    work(round);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Writes the pieces of a round in order and adds up their checksum. */
static int
write_round(round_t *round, const evprof_writer_t *out, uLong *crc)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < round->count; i++) {
        piece_t *p = &round->pieces[i];
        if (p->out == NULL && status == EVPROF_OK) {
            status = EVPROF_ENOMEM;
        }
        if (status == EVPROF_OK) {
            *crc = crc32_combine(*crc, p->crc, (z_off_t)p->len);
            status = out->write(out->ctx, p->out, p->out_len);
        }
        free(p->out);
    }
    return status;
}

static int
write_pieces(const unsigned char *data, size_t len, const evprof_writer_t *out,
             uLong *crc)
{
    bool is_over = false;
    int status = EVPROF_OK;
    while (status == EVPROF_OK && !is_over) {
        round_t round = { .count = 0 };
        while (round.count < PIECES_A_ROUND && !is_over) {
            size_t part = len < PIECE_SIZE ? len : PIECE_SIZE;
            is_over = part == len;
            round.pieces[round.count++] =
                (piece_t){ .data = data, .len = part, .is_last = is_over };
            data += part;
            len -= part;
        }
        run_round(&round);
        status = write_round(&round, out, crc);
    }
    return status;
}

int
evprof_gzip_parallel(const void *data, size_t len, const evprof_writer_t *out,
                     evprof_error_t *err)
{
    /* Deflate, no flags, no time, fastest method, unknown system. */
    static const unsigned char head[] = {
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255
    };
    uLong crc = crc32_z(0, NULL, 0);
    int status = out->write(out->ctx, head, sizeof(head));
    if (status == EVPROF_OK) {
        status = write_pieces(data, len, out, &crc);
    }
    if (status == EVPROF_OK) {
        unsigned char tail[8];
        for (unsigned i = 0; i < 4; i++) {
            tail[i] = (unsigned char)(crc >> (8 * i));
            tail[i + 4] = (unsigned char)(len >> (8 * i));
        }
        status = out->write(out->ctx, tail, sizeof(tail));
    }
    return status == EVPROF_OK ? EVPROF_OK
                               : evprof_fail(err, status, "gzip: %s",
                                             evprof_status_text(status));
}
