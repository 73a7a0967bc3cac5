/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugins MODE PROFILE...: writes each profile to PROFILE.pb.gz in the current
 * folder, where a.so and b.so are. `cpu`, `wall` and
 * `trace` span what the mode does:
 *
 *   keep     a is used
 *   close    a is used and unloaded
 *   reuse    a is used and unloaded, b is loaded at its place and used
 *   again    the same, and then a once more
 *   steady   a is used again and again, while b comes and goes
 *   unlink   a's file is removed while a is loaded, and then used
 *   replace  a's file is replaced by b while a is used
 *   late     the same before the profile begins
 *   lose     a is used and unloaded, and its file removed
 *   swap     a is used and unloaded, and its file replaced by b
 *
 * The file `clock` then has a line for each use of a plugin: its letter, and
 * the milliseconds that went by. With EVPROF_TRUTH_BARE set, libc's own dlclose
 * is called.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

#include "core/runtime/recording.h"

enum { BLOCKS = 3000 };
#define SECONDS 0.4

typedef void work_fn(double seconds, void **out, int count);

static void *blocks[4][BLOCKS];
static int used;
static const void *places[4];
static FILE *clock_file;

static void *
load(const char *path, work_fn **work)
{
    Dl_info info;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle == NULL ? NULL : dlsym(handle, "plugin_work");
    if (symbol == NULL || dladdr(symbol, &info) == 0) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    memcpy(work, &symbol, sizeof(*work));
    places[used] = info.dli_fbase;
    return handle;
}

static double
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
use(work_fn *work, char letter)
{
    const double start = now_ms();
    work(SECONDS, blocks[used++], BLOCKS);
    fprintf(clock_file, "%c %.0f\n", letter, now_ms() - start);
}

static void *
load_and_use(const char *path, char letter)
{
    work_fn *work;
    void *handle = load(path, &work);
    use(work, letter);
    return handle;
}

static void
unload(void *handle)
{
    int (*close_it)(void *) = dlclose;
    if (getenv("EVPROF_TRUTH_BARE") != NULL) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *symbol = dlsym(libc, "dlclose");
        memcpy(&close_it, &symbol, sizeof(close_it));
    }
    close_it(handle);
}

static void
must(bool is_good, const char *what)
{
    if (!is_good) {
        perror(what);
        exit(2);
    }
}

static void
run(const char *mode, work_fn *late)
{
    if (late != NULL) {
        use(late, 'a');
        return;
    }
    work_fn *work;
    work_fn *other;
    void *handle = load("./a.so", &work);
    if (strcmp(mode, "unlink") == 0) {
        must(unlink("a.so") == 0, "unlink");
    }
    use(work, 'a');
    if (strcmp(mode, "replace") == 0) {
        must(rename("b.so", "a.so") == 0, "rename");
    }
    if (strcmp(mode, "close") == 0 || strcmp(mode, "lose") == 0 ||
        strcmp(mode, "swap") == 0) {
        unload(handle);
    }
    if (strcmp(mode, "lose") == 0) {
        must(unlink("a.so") == 0, "unlink");
    }
    if (strcmp(mode, "swap") == 0) {
        must(rename("b.so", "a.so") == 0, "rename");
    }
    if (strcmp(mode, "reuse") == 0 || strcmp(mode, "again") == 0) {
        unload(handle);
        handle = load_and_use("./b.so", 'b');
    }
    for (int i = 0; i < 8 && strcmp(mode, "steady") == 0; i++) {
        unload(load("./b.so", &other));
        work(0.05, blocks[1], BLOCKS);
    }
    if (strcmp(mode, "again") == 0) {
        unload(handle);
        load_and_use("./a.so", 'a');
    }
}

static bool
is_window(const char *name)
{
    return strcmp(name, "cpu") == 0 || strcmp(name, "wall") == 0 ||
           strcmp(name, "trace") == 0;
}

static void
begin(const char *name, FILE **file)
{
    char path[64];
    evprof_error_t err;
    (void)snprintf(path, sizeof(path), "%s.pb.gz", name);
    *file = fopen(path, "we");
    must(*file != NULL, path);
    evprof_writer_t out = evprof_writer_file(*file);
    if (is_window(name) &&
        evprof_recording_start(NULL, name, &out, &err) != EVPROF_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(2);
    }
}

static void
end(const char *name, FILE *file)
{
    evprof_error_t err;
    evprof_writer_t out = evprof_writer_file(file);
    int status =
        is_window(name)
            ? evprof_recording_stop(NULL, name, &err)
            : evprof_profile_write(evprof_lookup(NULL, name), &out, 0, &err);
    if (status != EVPROF_OK || fclose(file) != 0) {
        fprintf(stderr, "%s: %s\n", name, err.message);
        exit(2);
    }
}

int
main(int argc, char **argv)
{
    FILE *files[8];
    evprof_error_t err;
    work_fn *late = NULL;
    const char *conf = getenv("EVPROF_TRUTH_CONF");
    if (argc < 3 || argc > 9 || evprof_new(conf, &err) == NULL) {
        fprintf(stderr, "plugins: %s\n", err.message);
        return 2;
    }
    clock_file = fopen("clock", "we");
    must(clock_file != NULL, "clock");
    if (strcmp(argv[1], "late") == 0) {
        (void)load("./a.so", &late);
        must(rename("b.so", "a.so") == 0, "rename");
    }
    for (int i = 2; i < argc; i++) {
        begin(argv[i], &files[i - 2]);
    }
    run(argv[1], late);
    for (int i = 2; i < argc; i++) {
        end(argv[i], files[i - 2]);
    }
    must(fclose(clock_file) == 0, "clock");
    printf("%s\n", used > 1 && places[0] == places[1] ? "same place" : "apart");
    return 0;
}
