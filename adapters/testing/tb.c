/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by tests and benchmarks: logging, failing, skipping, cleanups, folders
 * and fixtures. Leaving early is a longjmp to evprof_tb_protect() on the same
 * thread; from any other thread fatal only marks the test and says so, since a
 * jump from there would destroy the stack of that thread.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/testing/state.h"

#include "core/base/path.h"

/* Folders that nftw() may hold open at once; deeper trees reopen them. */
#define OPEN_FOLDERS 16

static void
out_of_memory(void)
{
    fputs("testing: out of memory\n", stderr);
    abort();
}

struct evprof_tb_state *
evprof_tb_new(struct evprof_tb_state *parent, const char *name)
{
    struct evprof_tb_state *s = calloc(1, sizeof(*s));
    char *copy = strdup(name);
    if (s == NULL || copy == NULL) {
        out_of_memory();
        return NULL;
    }
    s->tb.state = s;
    s->name = copy;
    s->parent = parent;
    s->level = parent == NULL ? 0 : parent->level + 1;
    s->bench.parallelism = 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->moved, NULL);
    return s;
}

void
evprof_tb_free(struct evprof_tb_state *s)
{
    for (size_t i = 0; i < s->bench.metric_count; i++) {
        free(s->bench.metrics[i].unit);
    }
    free(s->bench.metrics);
    free(s->temp_dir);
    evprof_buf_free(&s->output);
    evprof_buf_free(&s->said);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->moved);
    free(s->name);
    free(s);
}

void
evprof_tb_call(struct evprof_tb_state *s)
{
    if (s->entry != NULL) {
        s->entry(&s->tb);
    } else {
        s->sub(&s->tb, s->arg);
    }
}

void
evprof_tb_protect(struct evprof_tb_state *s,
                  void (*body)(struct evprof_tb_state *s))
{
    s->thread = pthread_self();
    /* NOLINTNEXTLINE(cert-err52-cpp): C has no other way out of a callback. */
    if (setjmp(s->leave) == 0) {
        body(s);
    }
}

const char *
evprof_name(const evprof_tb_t *tb)
{
    return tb->state->name;
}

bool
evprof_failed(const evprof_tb_t *tb)
{
    return atomic_load(&tb->state->has_failed);
}

void
evprof_fail_test(evprof_tb_t *tb)
{
    for (struct evprof_tb_state *s = tb->state; s != NULL; s = s->parent) {
        atomic_store(&s->has_failed, true);
    }
    atomic_store(&evprof_test_run.any_failed, true);
}

static void
leave(struct evprof_tb_state *s)
{
    atomic_store(&s->is_finished, true);
    if (pthread_equal(s->thread, pthread_self())) {
        /* NOLINTNEXTLINE(cert-err52-cpp) */
        longjmp(s->leave, 1);
    }
    evprof_output_log(s, "    a thread of the test cannot end it; it ends "
                         "itself\n");
    pthread_exit(NULL);
}

void
evprof_fail_now(evprof_tb_t *tb)
{
    evprof_fail_test(tb);
    leave(tb->state);
    __builtin_unreachable();
}

/* "    file.c:12: text\n", further lines of the text four columns further in.
 */
static void
format_log(evprof_buf_t *out, const char *file, int line, const char *text)
{
    evprof_buf_printf(out, "    %s:%d: ", evprof_path_leaf(file), line);
    size_t len = strlen(text);
    len -= len > 0 && text[len - 1] == '\n';
    for (size_t i = 0; i < len; i++) {
        evprof_buf_putc(out, text[i]);
        if (text[i] == '\n') {
            evprof_buf_puts(out, "        ");
        }
    }
    evprof_buf_putc(out, '\n');
}

void
evprof_say(evprof_tb_t *tb, int how, const char *file, int line,
           const char *format, ...)
{
    struct evprof_tb_state *s = tb->state;
    evprof_buf_t text = { 0 };
    evprof_buf_t shown = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&text, format, args);
    va_end(args);
    format_log(&shown, file, line, text.data == NULL ? "" : text.data);
    if (shown.failed) {
        out_of_memory();
    }
    evprof_output_log(s, shown.data);
    evprof_buf_free(&text);
    evprof_buf_free(&shown);
    if (how == EVPROF_SAY_SKIP) {
        atomic_store(&s->is_skipped, true);
        leave(s);
    } else if (how != EVPROF_SAY_LOG) {
        evprof_fail_test(tb);
        if (how == EVPROF_SAY_FATAL) {
            leave(s);
        }
    }
}

static void
add_cleanup(evprof_tb_t *tb, struct evprof_cleanup_step step)
{
    struct evprof_tb_state *s = tb->state;
    struct evprof_cleanup_step *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        out_of_memory();
        return;
    }
    *copy = step;
    pthread_mutex_lock(&s->lock);
    copy->next = s->cleanups;
    s->cleanups = copy;
    pthread_mutex_unlock(&s->lock);
}

void
evprof_cleanup(evprof_tb_t *tb, void (*fn)(void *arg), void *arg)
{
    add_cleanup(tb, (struct evprof_cleanup_step){ .run = fn, .arg = arg });
}

void
evprof_cleanup_tb(evprof_tb_t *tb, void (*fn)(void *arg, evprof_tb_t *tb),
                  void *arg)
{
    add_cleanup(tb, (struct evprof_cleanup_step){ .run_tb = fn, .arg = arg });
}

void *
evprof_fixture(evprof_tb_t *tb, size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);
    if (memory == NULL) {
        out_of_memory();
    }
    evprof_cleanup(tb, free, memory);
    return memory;
}

static int
remove_entry(const char *path, const struct stat *st, int type,
             struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

/* Runs one cleanup; one that fails fatally ends only itself. */
static void
run_next_cleanup(struct evprof_tb_state *s)
{
    pthread_mutex_lock(&s->lock);
    struct evprof_cleanup_step *step = s->cleanups;
    s->cleanups = step->next;
    pthread_mutex_unlock(&s->lock);
    struct evprof_cleanup_step now = *step;
    free(step);
    if (now.run_tb != NULL) {
        now.run_tb(now.arg, &s->tb);
    } else {
        now.run(now.arg);
    }
}

/* The next run of a benchmark gets another. */
static void
remove_temp_dir(struct evprof_tb_state *s)
{
    if (s->temp_dir != NULL &&
        nftw(s->temp_dir, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS)) {
        evprof_say(&s->tb, EVPROF_SAY_ERROR, __FILE__, __LINE__,
                   "cannot remove %s: %s", s->temp_dir, strerror(errno));
    }
    free(s->temp_dir);
    s->temp_dir = NULL;
}

void
evprof_tb_clean_up(struct evprof_tb_state *s)
{
    while (s->cleanups != NULL) {
        evprof_tb_protect(s, run_next_cleanup);
    }
    remove_temp_dir(s);
}

const char *
evprof_temp_dir(evprof_tb_t *tb)
{
    struct evprof_tb_state *s = tb->state;
    if (s->temp_dir == NULL) {
        const char *base = getenv("TMPDIR");
        evprof_buf_t path = { 0 };
        evprof_buf_printf(&path, "%s/evprof-test-XXXXXX",
                          base == NULL || base[0] == '\0' ? "/tmp" : base);
        if (path.failed || mkdtemp(path.data) == NULL) {
            evprof_fatal(tb, "cannot make a folder %s: %s",
                         path.failed ? "" : path.data, strerror(errno));
        }
        s->temp_dir = path.data;
    }
    return s->temp_dir;
}

typedef struct saved_variable {
    char *value; /* NULL: it was not set */
    char name[];
} saved_variable_t;

static void
restore_variable(void *arg)
{
    saved_variable_t *saved = arg;
    if (saved->value == NULL) {
        unsetenv(saved->name);
    } else {
        setenv(saved->name, saved->value, 1);
        free(saved->value);
    }
    free(saved);
}

void
evprof_setenv(evprof_tb_t *tb, const char *name, const char *value)
{
    size_t len = strlen(name) + 1;
    saved_variable_t *saved = malloc(sizeof(*saved) + len);
    if (saved == NULL) {
        out_of_memory();
        return;
    }
    const char *old = getenv(name);
    saved->value = old == NULL ? NULL : strdup(old);
    memcpy(saved->name, name, len);
    if (setenv(name, value, 1) != 0) {
        free(saved->value);
        free(saved);
        evprof_fatal(tb, "cannot set %s: %s", name, strerror(errno));
        return;
    }
    evprof_cleanup(tb, restore_variable, saved);
}

bool
evprof_short(void)
{
    return evprof_test_run.options.is_short;
}
