/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_profile FILE...: prints what decoding the files and merging them costs
 * in time and memory, beside zlib's share of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "core/analysis/merge.h"
#include "core/analysis/unpack.h"
#include "core/profile/pprof.h"

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long
peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static char *
read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        *len = (size_t)ftell(file);
        rewind(file);
        data = malloc(*len + 1);
        if (data != NULL && fread(data, 1, *len, file) != *len) {
            free(data);
            data = NULL;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return data;
}

static evprof_pprof_t *
decode_file(const char *path)
{
    size_t len = 0;
    char *data = read_file(path, &len);
    if (data == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return NULL;
    }
    double start = now();
    evprof_unpacked_t plain = { 0 };
    evprof_error_t err = { 0 };
    evprof_pprof_t *p = NULL;
    int status = evprof_unpack(data, len, EVPROF_DECODE_MAX, &plain, &err);
    double unpacked = now();
    free(data);
    if (status == EVPROF_OK) {
        status = evprof_pprof_decode(plain.data, plain.len, 0, &p, &err);
    }
    evprof_unpacked_free(&plain);
    if (status != EVPROF_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        return NULL;
    }
    printf("%s: %zu samples, gunzip %.3f s, decode %.3f s, peak %ld MiB\n",
           path, p->sample_count, unpacked - start, now() - unpacked,
           peak_mib());
    return p;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench_profile FILE...\n", stderr);
        return 2;
    }
    size_t count = (size_t)argc - 1;
    evprof_pprof_t **profiles = calloc(count, sizeof(evprof_pprof_t *));
    if (profiles == NULL) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        profiles[i] = decode_file(argv[i + 1]);
        if (profiles[i] == NULL) {
            return 1;
        }
    }
    double start = now();
    evprof_error_t err = { 0 };
    evprof_pprof_t *merged = NULL;
    if (evprof_pprof_merge(profiles, count, &merged, &err) != EVPROF_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("merge of %zu: %.3f s, %zu samples, peak %ld MiB\n", count,
           now() - start, merged->sample_count, peak_mib());
    evprof_pprof_free(merged);
    for (size_t i = 0; i < count; i++) {
        evprof_pprof_free(profiles[i]);
    }
    free(profiles);
    return 0;
}
