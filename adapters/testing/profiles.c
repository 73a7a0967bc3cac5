/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles of a run are files that are opened before the first test, so
 * that a folder that does not exist costs a second and not a night. What the
 * flags ask of the profiler goes into a configuration of its own.
 */
#include "adapters/testing/profiles.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/runtime/catalog.h"
#include "core/runtime/recording.h"

typedef struct output {
    const evprof_module_t *module;
    const char *path;
    int fd;
} output_t;

static struct {
    pthread_mutex_t lock;
    bool is_open;
    evprof_t *prof;
    output_t outputs[EVPROF_TEST_FILES_MAX];
    size_t count;
    const char *folder;
} files = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
complain(const char *what, const char *path, const char *why)
{
    fprintf(stderr, "testing: %s %s: %s\n", what, path, why);
    return 2;
}

static int
open_output(output_t *o)
{
    evprof_buf_t path = { 0 };
    if (files.folder[0] != '\0' && o->path[0] != '/') {
        evprof_buf_printf(&path, "%s/", files.folder);
    }
    evprof_buf_puts(&path, o->path);
    if (path.failed) {
        return complain("open", o->path, "out of memory");
    }
    o->fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int exit_code =
        o->fd >= 0 ? 0 : complain("open", path.data, strerror(errno));
    evprof_buf_free(&path);
    return exit_code;
}

/* A configuration with what -memprofilerate asks; the path, or NULL for none.
 */
static char *
write_configuration(int64_t memory_rate)
{
    if (memory_rate <= 0) {
        return NULL;
    }
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/evprof-testing-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) {
        return NULL;
    }
    /* jemalloc samples by powers of two: the next one not above. */
    int64_t interval = 1;
    while (interval <= memory_rate / 2) {
        interval *= 2;
    }
    dprintf(fd, "pprof { profile heap { sample_interval %" PRId64 "; } }\n",
            interval);
    close(fd);
    return path;
}

static int
start_profiler(const evprof_test_options_t *options)
{
    evprof_error_t err = { 0 };
    char *conf = write_configuration(options->memprofilerate);
    files.prof = evprof_new(conf, &err);
    if (conf != NULL) {
        unlink(conf);
    }
    return files.prof != NULL ? 0 : complain("start", "profiler", err.message);
}

static bool
is_timed(const output_t *o)
{
    return (o->module->flags & EVPROF_MODULE_TIMED) != 0;
}

/* A profile without a window is read at the end; here it is only checked that
 * it can be read. */
static int
start_output(output_t *o, int64_t rate)
{
    evprof_error_t err = { 0 };
    if (open_output(o) != 0) {
        return 2;
    }
    if (evprof_lookup(files.prof, o->module->name) == NULL) {
        return complain("cannot write", o->path,
                        "there is no such profile here");
    }
    if (o->module->set_rate != NULL && rate >= 0) {
        (void)evprof_catalog_set_rate(files.prof, o->module, (long)rate);
    }
    evprof_writer_t out = evprof_writer_fd(o->fd);
    if (is_timed(o) && evprof_recording_start(files.prof, o->module->name, &out,
                                              &err) != EVPROF_OK) {
        return complain("cannot start the profile for", o->path, err.message);
    }
    return 0;
}

static int
start_outputs(const evprof_test_options_t *options)
{
    int exit_code = 0;
    for (size_t i = 0; i < EVPROF_TEST_FILES_MAX &&
                       evprof_profile_modules[i] != NULL && exit_code == 0;
         i++) {
        const char *path = options->files[i];
        if (path != NULL && path[0] != '\0') {
            output_t *o = &files.outputs[files.count++];
            *o = (output_t){ evprof_profile_modules[i], path, -1 };
            exit_code = start_output(o, options->rates[i]);
        }
    }
    return exit_code;
}

int
evprof_profiles_begin(const evprof_test_options_t *options)
{
    files.count = 0;
    files.folder = options->outputdir;
    int exit_code = start_profiler(options);
    if (exit_code == 0) {
        exit_code = start_outputs(options);
    }
    files.is_open = exit_code == 0;
    return exit_code;
}

static int
write_output(output_t *o)
{
    evprof_error_t err = { .message = "it cannot be had" };
    evprof_writer_t out = evprof_writer_fd(o->fd);
    int status;
    if (is_timed(o)) {
        status = evprof_recording_stop(files.prof, o->module->name, &err);
    } else {
        evprof_profile_t *p = evprof_lookup(files.prof, o->module->name);
        status =
            p == NULL ? EVPROF_ENOENT : evprof_profile_write(p, &out, 0, &err);
    }
    if (close(o->fd) != 0 && status == EVPROF_OK) {
        snprintf(err.message, sizeof(err.message), "%s", strerror(errno));
        status = EVPROF_EIO;
    }
    o->fd = -1;
    return status == EVPROF_OK ? 0
                               : complain("can't write", o->path, err.message);
}

int
evprof_profiles_end(const char *remark)
{
    pthread_mutex_lock(&files.lock);
    int worst = 0;
    evprof_remark(remark);
    for (size_t i = 0; files.is_open && i < files.count; i++) {
        int exit_code = write_output(&files.outputs[i]);
        worst = exit_code > worst ? exit_code : worst;
    }
    files.is_open = false;
    pthread_mutex_unlock(&files.lock);
    return worst;
}

void
evprof_profiles_say_failed(void)
{
    for (size_t i = 0; i < files.count; i++) {
        fprintf(stderr, "testing: %s is the profile of a run that failed\n",
                files.outputs[i].path);
    }
}

/* The profile whose full text is the stacks of all threads. */
static evprof_profile_t *
find_threads(void)
{
    size_t i = 0;
    while (evprof_profile_modules[i] != NULL &&
           evprof_profile_modules[i]->full_text == NULL) {
        i++;
    }
    return evprof_profile_modules[i] == NULL
               ? NULL
               : evprof_lookup(files.prof, evprof_profile_modules[i]->name);
}

void
evprof_profiles_dump_threads(void)
{
    evprof_profile_t *threads = find_threads();
    evprof_writer_t out = evprof_writer_fd(STDERR_FILENO);
    evprof_error_t err;
    if (threads == NULL ||
        evprof_profile_write(threads, &out, 2, &err) != EVPROF_OK) {
        fputs("testing: the stacks of the threads cannot be had\n", stderr);
    }
}
