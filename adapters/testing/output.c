/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run prints. Verbose runs stream: a log line goes out at once, preceded
 * by "=== NAME" when another test spoke last. Otherwise each test keeps its
 * lines, and its report, indented, goes to its parent, so that only the trees
 * of failures are seen. Reports of sub-tests always wait for their parent's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/testing/junit.h"
#include "adapters/testing/state.h"

static pthread_mutex_t last_name_lock = PTHREAD_MUTEX_INITIALIZER;
static char *last_name;

const char *
evprof_output_mark(void)
{
    return evprof_test_run.options.json ? "\x16" : "";
}

static void
remember_name(const char *name)
{
    char *copy = strdup(name);
    free(last_name);
    last_name = copy;
}

void
evprof_output_update(const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&last_name_lock);
    remember_name(name);
    fputs(evprof_output_mark(), stdout);
    vprintf(format, args);
    fflush(stdout);
    pthread_mutex_unlock(&last_name_lock);
    va_end(args);
}

void
evprof_output_plain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    fflush(stdout);
    va_end(args);
}

static void
stream(const char *name, const char *text)
{
    pthread_mutex_lock(&last_name_lock);
    if (last_name == NULL || last_name[0] == '\0') {
        remember_name(name);
    } else if (strcmp(last_name, name) != 0) {
        printf("%s=== NAME  %s\n", evprof_output_mark(), name);
        remember_name(name);
    }
    fputs(text, stdout);
    fflush(stdout);
    pthread_mutex_unlock(&last_name_lock);
}

void
evprof_output_log(struct evprof_tb_state *s, const char *text)
{
    if (evprof_junit_is_on()) {
        pthread_mutex_lock(&s->lock);
        evprof_buf_puts(&s->said, text);
        pthread_mutex_unlock(&s->lock);
    }
    if (evprof_test_run.options.verbose && !s->is_benchmark) {
        stream(s->name, text);
        return;
    }
    pthread_mutex_lock(&s->lock);
    evprof_buf_puts(&s->output, text);
    pthread_mutex_unlock(&s->lock);
}

/* Adds `text` to the parent's kept lines, four columns further in. */
static void
keep_indented(struct evprof_tb_state *parent, const char *text)
{
    pthread_mutex_lock(&parent->lock);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        len += text[len] == '\n';
        evprof_buf_puts(&parent->output, "    ");
        evprof_buf_add(&parent->output, text, len);
        text += len;
    }
    pthread_mutex_unlock(&parent->lock);
}

void
evprof_output_report(struct evprof_tb_state *s, const char *format, ...)
{
    evprof_buf_t text = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&text, format, args);
    va_end(args);
    pthread_mutex_lock(&s->lock);
    if (s->output.len > 0) {
        evprof_buf_add(&text, s->output.data, s->output.len);
        evprof_buf_clear(&s->output);
    }
    pthread_mutex_unlock(&s->lock);
    if (s->parent == NULL || s->parent->level == 0 ||
        evprof_test_run.options.json) {
        evprof_output_update(s->name, "%s", text.data);
    } else {
        keep_indented(s->parent, text.data);
    }
    evprof_buf_free(&text);
}
