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

struct output {
    const char *profile; /* what evprof_lookup() knows it by */
    const char *path;
    int fd;
};

enum { CPU, MEMORY, BLOCK, MUTEX, TRACE, OUTPUT_COUNT };

static struct {
    pthread_mutex_t lock;
    bool is_open;
    evprof_t *prof;
    struct output outputs[OUTPUT_COUNT];
    const char *folder;
} files = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
complain(const char *what, const char *path, const char *why)
{
    fprintf(stderr, "testing: %s %s: %s\n", what, path, why);
    return 2;
}

static int
open_output(struct output *o)
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
    int status = o->fd >= 0 ? 0 : complain("open", path.data, strerror(errno));
    evprof_buf_free(&path);
    return status;
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
    char *conf = options->memprofile[0] == '\0'
                     ? NULL
                     : write_configuration(options->memprofilerate);
    files.prof = evprof_new(conf, &err);
    if (conf != NULL) {
        unlink(conf);
    }
    return files.prof != NULL ? 0 : complain("start", "profiler", err.message);
}

static int
start_outputs(const evprof_test_options_t *options)
{
    evprof_error_t err = { 0 };
    for (int i = 0; i < OUTPUT_COUNT; i++) {
        struct output *o = &files.outputs[i];
        if (o->path[0] != '\0' && open_output(o) != 0) {
            return 2;
        }
        if (o->fd >= 0 && i != CPU &&
            evprof_lookup(files.prof, o->profile) == NULL) {
            return complain("cannot write", o->path,
                            "there is no such profile here");
        }
    }
    if (files.outputs[BLOCK].fd >= 0 && options->blockprofilerate >= 0) {
        evprof_set_block_rate(files.prof, (long)options->blockprofilerate);
    }
    if (files.outputs[MUTEX].fd >= 0 && options->mutexprofilefraction >= 0) {
        evprof_set_mutex_fraction(files.prof,
                                  (int)options->mutexprofilefraction);
    }
    if (files.outputs[CPU].fd >= 0) {
        evprof_writer_t out = evprof_writer_fd(files.outputs[CPU].fd);
        if (evprof_cpu_start(files.prof, &out, &err) != 0) {
            return complain("can't start", "cpu profile", err.message);
        }
    }
    return 0;
}

int
evprof_profiles_begin(const evprof_test_options_t *options)
{
    const struct output outputs[OUTPUT_COUNT] = {
        [CPU] = { "profile", options->cpuprofile, -1 },
        [MEMORY] = { "allocs", options->memprofile, -1 },
        [BLOCK] = { "block", options->blockprofile, -1 },
        [MUTEX] = { "mutex", options->mutexprofile, -1 },
        [TRACE] = { "trace", options->trace, -1 },
    };
    memcpy(files.outputs, outputs, sizeof(outputs));
    files.folder = options->outputdir;
    int status = start_profiler(options);
    if (status == 0) {
        status = start_outputs(options);
    }
    files.is_open = status == 0;
    return status;
}

static int
write_output(int which)
{
    struct output *o = &files.outputs[which];
    if (o->fd < 0) {
        return 0;
    }
    evprof_error_t err = { .message = "it cannot be had" };
    evprof_writer_t out = evprof_writer_fd(o->fd);
    int status;
    if (which == CPU) {
        status = evprof_cpu_stop(files.prof, &err);
    } else {
        evprof_profile_t *p = evprof_lookup(files.prof, o->profile);
        status =
            p == NULL ? EVPROF_ENOENT : evprof_profile_write(p, &out, 0, &err);
    }
    if (close(o->fd) != 0 && status == 0) {
        snprintf(err.message, sizeof(err.message), "%s", strerror(errno));
        status = EVPROF_EIO;
    }
    o->fd = -1;
    return status == 0 ? 0 : complain("can't write", o->path, err.message);
}

int
evprof_profiles_end(void)
{
    pthread_mutex_lock(&files.lock);
    int worst = 0;
    for (int i = 0; files.is_open && i < OUTPUT_COUNT; i++) {
        int status = write_output(i);
        worst = status > worst ? status : worst;
    }
    files.is_open = false;
    pthread_mutex_unlock(&files.lock);
    return worst;
}

void
evprof_profiles_dump_threads(void)
{
    evprof_profile_t *threads = evprof_lookup(files.prof, "goroutine");
    evprof_writer_t out = evprof_writer_fd(STDERR_FILENO);
    evprof_error_t err;
    if (threads == NULL || evprof_profile_write(threads, &out, 2, &err) != 0) {
        fputs("testing: the stacks of the threads cannot be had\n", stderr);
    }
}
