/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread closes a window each second and opens the next, since only what is
 * in a file survives a crash. The moment between two windows is not recorded:
 * some tens of microseconds in a second. The first thing that it does is to
 * part with the program's table of descriptors, so that those which it makes
 * for the windows have no part in that either; the constructor waits until the
 * first windows are open, so that nothing of a short program is missing. A
 * forked child does not wait.
 */
#include "adapters/preload/files.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/preload/descriptor_table.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/base/own_thread.h"
#include "core/runtime/catalog.h"
#include "core/runtime/recording.h"
#include "core/runtime/service.h"

#define MOST_FILES 8u
#define WINDOW_NS INT64_C(1000000000)
/* A fork that ends sooner leaves nothing. */
#define SHORT_NS (INT64_C(100) * 1000 * 1000)

/* How long the constructor waits for the windows to be open. */
#define MOST_BEGIN_NS INT64_C(2000000000)

/* A trace ends when its file is that large. */
#define MOST_BYTES (UINT64_C(1) << 30)

/* Profiles without a window are written this many windows apart. */
#define REPLACE_EVERY 5u

typedef struct file {
    const evprof_module_t *module;
    evprof_buf_t part; /* of the open window */
    evprof_writer_t out;
    bool is_open;
    uint64_t bytes; /* that this window's file has by now */
} file_t;

static struct {
    evprof_t *prof;
    char *folder;
    file_t files[MOST_FILES];
    size_t count;
    bool may_part; /* unless others of our threads are there before ours */
    bool has_thread;
    pid_t pid;                  /* whose it is */
    bool is_child;              /* of a fork */
    int64_t began_ns;           /* of the process */
    _Atomic uint32_t has_begun; /* the windows are open */
    _Atomic uint32_t is_ending;
    _Atomic uint32_t is_done; /* all is written */
} state;

static bool
is_timed(const file_t *f)
{
    return (f->module->flags & EVPROF_MODULE_TIMED) != 0;
}

/* A trace is one file from its beginning to its end, which comes in parts. */
static bool
is_one_file(const file_t *f)
{
    return (f->module->flags & EVPROF_MODULE_FILE) != 0;
}

static void
name_file(const file_t *f, const char *suffix, char *out, size_t size)
{
    (void)snprintf(out, size, "%s/%s.%d%s", state.folder, f->module->name,
                   (int)getpid(), suffix);
}

/* The file of a new trace replaces that of an earlier one. */
static void
append_part(file_t *f)
{
    char path[4096];
    unsigned char head[8];
    uint64_t len = f->part.len;
    int first = is_one_file(f) && f->bytes == 0 ? O_TRUNC : 0;
    for (unsigned i = 0; i < 8; i++) {
        head[i] = (unsigned char)(len >> (8 * i));
    }
    name_file(f, "", path, sizeof(path));
    int fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | first, 0600);
    if (fd >= 0) {
        evprof_writer_t out = evprof_writer_fd(fd);
        if (out.write(out.ctx, head, sizeof(head)) == 0) {
            (void)out.write(out.ctx, f->part.data, f->part.len);
        }
        f->bytes += len;
        close(fd);
    }
}

static void
replace_file(const file_t *f)
{
    char path[4096];
    char fresh[4096];
    name_file(f, "", path, sizeof(path));
    name_file(f, ".new", fresh, sizeof(fresh));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    evprof_writer_t out = evprof_writer_fd(fd);
    int status = out.write(out.ctx, f->part.data, f->part.len);
    if (close(fd) == 0 && status == EVPROF_OK) {
        (void)rename(fresh, path);
    } else {
        (void)unlink(fresh);
    }
}

/* ---- Windows ---- */

static void
open_window(file_t *f)
{
    f->bytes = 0;
    f->out = evprof_writer_buf(&f->part);
    f->is_open = evprof_recording_start(state.prof, f->module->name, &f->out,
                                        NULL) == EVPROF_OK;
}

static void
close_window(file_t *f)
{
    evprof_buf_clear(&f->part);
    if (f->is_open &&
        evprof_recording_stop(state.prof, f->module->name, NULL) == EVPROF_OK &&
        f->part.len > 0) {
        append_part(f);
    }
    f->is_open = false;
}

/* Writes what a trace has had since the last part. */
static void
add_to_window(file_t *f)
{
    evprof_buf_clear(&f->part);
    if (f->is_open &&
        evprof_recording_part(state.prof, f->module->name, &f->out, NULL) ==
            EVPROF_OK &&
        f->part.len > 0) {
        append_part(f);
    }
    if (f->bytes > MOST_BYTES) {
        close_window(f);
    }
}

static void
take_snapshot(file_t *f)
{
    evprof_profile_t *profile = evprof_lookup(state.prof, f->module->name);
    evprof_buf_clear(&f->part);
    f->out = evprof_writer_buf(&f->part);
    if (profile != NULL &&
        evprof_profile_write(profile, &f->out, 0, NULL) == EVPROF_OK) {
        replace_file(f);
    }
}

static void
begin_all(void)
{
    for (size_t i = 0; i < state.count; i++) {
        const evprof_module_t *module = state.files[i].module;
        if (module->set_rate != NULL) {
            (void)evprof_catalog_set_rate(state.prof, module, 1);
        }
        if (is_timed(&state.files[i])) {
            open_window(&state.files[i]);
        }
    }
}

static void
each_window(unsigned number)
{
    for (size_t i = 0; i < state.count; i++) {
        file_t *f = &state.files[i];
        if (is_timed(f) && is_one_file(f)) {
            add_to_window(f);
        } else if (is_timed(f)) {
            close_window(f);
            open_window(f);
        } else if (number % REPLACE_EVERY == 0) {
            take_snapshot(f);
        }
    }
}

static void
finish_all(void)
{
    for (size_t i = 0; i < state.count; i++) {
        if (is_timed(&state.files[i])) {
            close_window(&state.files[i]);
        } else {
            take_snapshot(&state.files[i]);
        }
    }
}

/* From the opening of the windows until all is written. */
static void
write_files(void)
{
    unsigned number = 0;
    begin_all();
    atomic_store(&state.is_done, 0);
    atomic_store(&state.has_begun, 1);
    evprof_futex_wake(&state.has_begun);
    int64_t due_ns = evprof_clock_ns(CLOCK_MONOTONIC) + WINDOW_NS;
    while (atomic_load(&state.is_ending) == 0) {
        evprof_futex_wait(&state.is_ending, 0, due_ns);
        if (evprof_clock_ns(CLOCK_MONOTONIC) >= due_ns) {
            due_ns += WINDOW_NS;
            each_window(++number);
        }
    }
    finish_all();
    atomic_store(&state.is_done, 1);
    evprof_futex_wake(&state.is_done);
}

/* It never ends by itself: the process does, or goes on when the image could
 * not be replaced. */
static void *
run(void *arg)
{
    (void)arg;
    if (state.may_part && evprof_own_thread_count() == 1) {
        (void)evprof_preload_part_table(-1);
    }
    for (;;) {
        write_files();
        (void)evprof_futex_await(&state.is_ending, 1, 0);
    }
    return NULL;
}

/* ---- Life ---- */

static void
add_file(const char *name, size_t len)
{
    for (size_t i = 0;
         evprof_profile_modules[i] != NULL && state.count < MOST_FILES; i++) {
        const evprof_module_t *module = evprof_profile_modules[i];
        if (strlen(module->name) == len &&
            strncmp(module->name, name, len) == 0) {
            state.files[state.count++] =
                (file_t){ .module = module, .part = { .is_bulk = true } };
        }
    }
}

/* "FOLDER:NAME:NAME"; false: the variable is not set. */
static bool
read_variable(void)
{
    const char *text = secure_getenv("EVPROF_FILES");
    size_t len = text == NULL ? 0 : strcspn(text, ":");
    if (len == 0) {
        return false;
    }
    state.folder = strndup(text, len);
    for (text += len; *text == ':'; text += len) {
        text++;
        len = strcspn(text, ":");
        add_file(text, len);
    }
    return state.folder != NULL && state.count > 0;
}

static void
start(void)
{
    pthread_t thread;
    state.pid = getpid();
    atomic_store(&state.has_begun, 0);
    atomic_store(&state.is_ending, 0);
    atomic_store(&state.is_done, 0);
    state.has_thread = evprof_service_start(EVPROF_OWN_FILES, &thread, run,
                                            NULL, NULL) == EVPROF_OK;
    if (state.has_thread) {
        pthread_detach(thread);
    } else {
        begin_all();
    }
}

bool
evprof_preload_files_begin(evprof_t *prof, bool may_part)
{
    state.prof = prof;
    state.may_part = may_part;
    state.began_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    if (!read_variable()) {
        state.count = 0;
        return false;
    }
    start();
    if (state.has_thread) {
        (void)evprof_futex_await(&state.has_begun, 0,
                                 state.began_ns + MOST_BEGIN_NS);
    }
    return true;
}

/* The address space may be lent to a child of vfork, which must leave it as it
 * is; and what a short fork did is not worth its wait. */
static bool
is_worth_it(void)
{
    return state.count > 0 && state.pid == getpid() &&
           !(state.is_child &&
             evprof_clock_ns(CLOCK_MONOTONIC) - state.began_ns < SHORT_NS);
}

bool
evprof_preload_files_end(int64_t limit_ns)
{
    if (!is_worth_it() || atomic_exchange(&state.is_ending, 1) != 0) {
        return false;
    }
    evprof_futex_wake(&state.is_ending);
    if (!state.has_thread && limit_ns == 0) {
        finish_all();
    }
    int64_t end_ns =
        limit_ns == 0 ? 0 : evprof_clock_ns(CLOCK_MONOTONIC) + limit_ns;
    if (state.has_thread) {
        (void)evprof_futex_await(&state.is_done, 0, end_ns);
    }
    return true;
}

void
evprof_preload_files_resume(void)
{
    atomic_store(&state.is_ending, 0);
    evprof_futex_wake(&state.is_ending);
}

/* Leaves out what is one file: of those, `evprof run` takes the parent's. */
static void
keep_parts_only(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < state.count; i++) {
        const file_t f = state.files[i];
        if (!is_one_file(&f)) {
            state.files[kept] = f;
            state.files[kept++].is_open = false;
        }
    }
    state.count = kept;
}

void
evprof_preload_files_fork_child(void)
{
    keep_parts_only();
    if (state.count > 0) {
        state.is_child = true;
        state.began_ns = evprof_clock_ns(CLOCK_MONOTONIC);
        start();
    }
}
