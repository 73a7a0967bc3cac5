/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_DECODE_STATE_H
#define EVPROF_ANALYSIS_DECODE_STATE_H

/* Shared by the files of the decoder: decode.c reads kinds in their order,
 * decode_tables.c reads the tables, decode_sample.c the samples, which are
 * nearly all of a profile. */

#include "core/analysis/rows_by_id.h"
#include "core/analysis/wire_read.h"
#include "core/profile/pprof.h"

typedef struct evprof_decoder {
    evprof_pprof_t *profile;
    evprof_error_t *err;
    evprof_error_t fault; /* what contradicts itself; status 0: nothing */
    int fault_rank;
    const char **strings; /* of the table, interned */
    size_t string_count;
    evprof_ids_t mappings;
    evprof_ids_t functions;
    evprof_ids_t locations;

    /* Room in the arena that samples are cut from. */
    uint32_t *stack_next;
    uint32_t *stack_end;
    int64_t *value_next;
    int64_t *value_end;
    evprof_label_t *labels; /* of the sample that is being read; malloc */
    size_t label_cap;
    size_t open_labels; /* neither text nor number; their unit is NULL */
} evprof_decoder_t;

/* The text of a number in the string table; NULL, with `err` filled, when there
 * is none. */
const char *evprof_decoder_text(evprof_decoder_t *d, uint64_t number);

/* EVPROF_EPARSE with a message that something in `what` is no protobuf. */
int evprof_decoder_malformed(evprof_decoder_t *d, const char *what);

/*
 * Ranks of contradictions, in the order of pprof's checks. Reading goes on
 * after one, as malformed bytes further on are a graver fault. In the end the
 * first contradiction of the lowest rank is reported.
 */
enum evprof_fault_rank {
    EVPROF_FAULT_SAMPLE = 1,
    EVPROF_FAULT_MAPPING,
    EVPROF_FAULT_FUNCTION,
    EVPROF_FAULT_LOCATION,
};

/* Notes a fault of that rank, in the words of the format. */
void evprof_decoder_fault(evprof_decoder_t *d, enum evprof_fault_rank rank,
                          const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads one message into the next row of the mappings. EVPROF_EPARSE,
 * EVPROF_ENOMEM. */
int evprof_decoder_mapping(evprof_decoder_t *d, evprof_wire_t message);

/* Reads one message into the next row of the functions. EVPROF_EPARSE,
 * EVPROF_ENOMEM. */
int evprof_decoder_function(evprof_decoder_t *d, evprof_wire_t message);

/* Reads one message into the next row of the locations. EVPROF_EPARSE,
 * EVPROF_ENOMEM. */
int evprof_decoder_location(evprof_decoder_t *d, evprof_wire_t message);

/* Reads a type and its unit into `out`; the texts are the profile's.
 * EVPROF_EPARSE. */
int evprof_decoder_value_type(evprof_decoder_t *d, evprof_wire_t message,
                              evprof_value_type_t *out);

/* Decides what labels without a text and a number are. EVPROF_ENOMEM. */
int evprof_decoder_settle_labels(evprof_decoder_t *d);

/* Reads one sample into `out`. EVPROF_EPARSE, EVPROF_ENOMEM. */
int evprof_decoder_sample(evprof_decoder_t *d, evprof_wire_t message,
                          evprof_sample_t *out);

#endif
