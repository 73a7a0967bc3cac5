/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_OPTIONS_H
#define EVPROF_TESTING_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Modules beyond these have no flag. */
#define EVPROF_TEST_FILES_MAX 32u

/* The flags of a test program, as Go's test binaries have them. */
typedef struct evprof_test_options {
    const char *bench; /* regexps; "" runs no benchmark */
    const char *run;
    const char *skip;
    const char *list;
    const char *cpu;
    const char *shuffle;
    const char *outputdir;
    const char *junit; /* a file for results, "": none */
    /* Files to write profiles to, one for each module of the build in its
     * order; NULL: none. */
    const char *files[EVPROF_TEST_FILES_MAX];
    int64_t rates[EVPROF_TEST_FILES_MAX];
    int64_t memprofilerate;
    int64_t count;
    int64_t parallel;
    int64_t timeout_ns;   /* 0: none */
    int64_t benchtime_ns; /* when benchtime_n is 0 */
    int64_t benchtime_n;
    bool benchmem;
    bool verbose;
    bool json;
    bool failfast;
    bool is_short;
} evprof_test_options_t;

enum evprof_test_parsed {
    EVPROF_TEST_PARSED_OK,
    EVPROF_TEST_PARSED_HELP,
    EVPROF_TEST_PARSED_BAD
};

/*
 * Reads the arguments, each flag as -name, --name, -test.name or --test.name.
 * Complaints and the usage go to stderr. Strings point into `argv`.
 */
enum evprof_test_parsed evprof_test_options_parse(evprof_test_options_t *out,
                                                  int argc, char **argv);

/* Prints every flag with its default and meaning to stderr. */
void evprof_test_options_usage(const char *program);

#endif
