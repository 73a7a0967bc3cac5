/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it takes to name addresses spread over a loaded library: the first time,
 * again from the cache, one new address at a time as a row of profiles asks for
 * them, and addr2line (binutils) for the same addresses.
 *
 * usage: bench_symbol LIBRARY [ADDRESSES]
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/symbol/symbolize.h"

static double
now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static const evprof_object_t *
find_library(const evprof_objects_t *objects, const char *path)
{
    char *real = realpath(path, NULL);
    const evprof_object_t *found = NULL;
    for (size_t i = 0; real != NULL && i < objects->count; i++) {
        if (strcmp(objects->items[i].path, real) == 0) {
            found = &objects->items[i];
        }
    }
    free(real);
    return found;
}

static evprof_pprof_t *
make_profile(const evprof_object_t *object, size_t count)
{
    evprof_pprof_t *p = evprof_pprof_new();
    size_t step = (object->limit - object->start) / count;
    if (p == NULL) {
        return NULL;
    }
    p->locations = evprof_arena_calloc(&p->arena, count, sizeof(*p->locations));
    p->location_count = p->locations == NULL ? 0 : count;
    for (size_t i = 0; i < p->location_count; i++) {
        p->locations[i].address = object->start + i * step;
        p->locations[i].mapping = EVPROF_NO_INDEX;
    }
    return p;
}

static size_t
count_named(const evprof_pprof_t *p)
{
    size_t named = 0;
    for (size_t i = 0; i < p->location_count; i++) {
        named += p->locations[i].line_count > 0;
    }
    return named;
}

/* Resident memory of this process in KiB. */
static long
resident_kib(void)
{
    long pages = 0;
    FILE *in = fopen("/proc/self/statm", "re");
    if (in != NULL && fscanf(in, "%*s %ld", &pages) != 1) {
        pages = 0;
    }
    if (in != NULL) {
        (void)fclose(in);
    }
    return pages * (sysconf(_SC_PAGESIZE) >> 10);
}

static void
run_ours(evprof_symbolizer_t *s, const evprof_objects_t *objects,
         const evprof_object_t *object, size_t count, const char *what)
{
    evprof_error_t err;
    long before = resident_kib();
    evprof_pprof_t *p = make_profile(object, count);
    double start = now_ms();
    if (p == NULL || evprof_symbolize(s, objects, p, &err) != 0) {
        exit(EXIT_FAILURE);
    }
    double took = now_ms() - start;
    size_t named = count_named(p);
    evprof_pprof_free(p);
    printf("  %-12s %8.1f ms, %zu of %zu named, cache %zu KiB, %ld KiB more "
           "in memory\n",
           what, took, named, count, evprof_symbolizer_bytes(s) >> 10,
           resident_kib() - before);
}

/* A row of profiles with one address each that none before it had. */
static void
run_row(evprof_symbolizer_t *s, const evprof_objects_t *objects,
        const evprof_object_t *object, size_t count)
{
    evprof_error_t err;
    size_t step = (object->limit - object->start) / (count + 1);
    double start = now_ms();
    for (size_t i = 0; i < count; i++) {
        evprof_pprof_t *p = make_profile(object, 1);
        if (p == NULL) {
            exit(EXIT_FAILURE);
        }
        p->locations[0].address += (i + 1) * step | 1;
        if (evprof_symbolize(s, objects, p, &err) != 0) {
            exit(EXIT_FAILURE);
        }
        evprof_pprof_free(p);
    }
    printf("  %-12s %8.2f ms a profile with one new address\n", "row",
           (now_ms() - start) / (double)count);
}

/* addr2line takes its arguments from a file where one is named with an @. */
static bool
write_addresses(const evprof_object_t *object, size_t count, char *path)
{
    size_t step = (object->limit - object->start) / count;
    int fd = mkstemp(path);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    for (size_t i = 0; to != NULL && i < count; i++) {
        (void)fprintf(to, "%" PRIxPTR "\n",
                      object->start + i * step - object->bias);
    }
    return to != NULL && fclose(to) == 0;
}

static void
run_peer(const evprof_object_t *object, size_t count)
{
    char list[] = "@/tmp/evprof-bench-XXXXXX";
    int status = -1;
    if (!write_addresses(object, count, list + 1)) {
        return;
    }
    double start = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        (void)execlp("addr2line", "addr2line", "-f", "-i", "-e", object->path,
                     list, NULL);
        _exit(127);
    }
    (void)waitpid(pid, &status, 0);
    (void)unlink(list + 1);
    if (status == 0) {
        printf("  %-12s %8.1f ms\n", "addr2line", now_ms() - start);
    } else {
        printf("  addr2line is not installed\n");
    }
}

int
main(int argc, char **argv)
{
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 5000;
    struct rusage usage;
    if (argc < 2 || dlopen(argv[1], RTLD_LAZY) == NULL ||
        evprof_objects_refresh() != 0) {
        (void)fprintf(stderr, "usage: bench_symbol LIBRARY [ADDRESSES]\n");
        return EXIT_FAILURE;
    }
    const evprof_objects_t *objects = evprof_objects_acquire();
    const evprof_object_t *object = find_library(objects, argv[1]);
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    if (object == NULL || s == NULL) {
        return EXIT_FAILURE;
    }
    printf("%zu addresses of %s\n", count, object->path);
    run_ours(s, objects, object, count, "first");
    run_ours(s, objects, object, count, "again");
    run_row(s, objects, object, 100);
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("  peak RSS of this process %ld MiB\n", usage.ru_maxrss >> 10);
    run_peer(object, count);
    evprof_symbolizer_free(s);
    evprof_objects_release(objects);
    return EXIT_SUCCESS;
}
