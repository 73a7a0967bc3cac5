/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases are written to one text as tests end; their number and that of failures
 * stand in the element around them, so the file is written at the end. XML 1.0
 * has no way to say most control bytes: each becomes a question mark.
 */
#include "adapters/testing/junit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <evprof/writer.h>

#include "core/base/clock.h"
#include "core/base/utf8.h"

static struct {
    pthread_mutex_t lock;
    const char *path; /* NULL: off, or written */
    int fd;
    evprof_buf_t cases;
    unsigned count, failed, skipped;
    int64_t start_ns;
} junit = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

static int
complain(const char *path)
{
    fprintf(stderr, "testing: write %s: %s\n", path, strerror(errno));
    return 2;
}

static double
seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static void
put_escaped(evprof_buf_t *out, const char *text)
{
    evprof_buf_t clean = { 0 };
    evprof_utf8_clean(&clean, text, strlen(text));
    for (size_t i = 0; i < clean.len; i++) {
        unsigned char c = (unsigned char)clean.data[i];
        if (c == '<' || c == '>' || c == '&' || c == '"') {
            evprof_buf_printf(out, "&#%d;", c);
        } else {
            bool is_control = c < 0x20 && c != '\n' && c != '\t' && c != '\r';
            evprof_buf_putc(out, is_control ? '?' : (char)c);
        }
    }
    evprof_buf_free(&clean);
}

int
evprof_junit_begin(const char *path)
{
    if (path[0] == '\0') {
        return 0;
    }
    junit.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (junit.fd < 0) {
        return complain(path);
    }
    junit.path = path;
    junit.start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    return 0;
}

bool
evprof_junit_is_on(void)
{
    return junit.path != NULL;
}

static void
put_outcome(const char *element, const char *said)
{
    evprof_buf_printf(&junit.cases, "<%s message=\"", element);
    size_t len = strcspn(said, "\n");
    char first[256];
    snprintf(first, sizeof(first), "%.*s", (int)(len < 250 ? len : 250), said);
    put_escaped(&junit.cases, first);
    evprof_buf_puts(&junit.cases, "\">");
    put_escaped(&junit.cases, said);
    evprof_buf_printf(&junit.cases, "</%s>", element);
}

void
evprof_junit_add(struct evprof_tb_state *s)
{
    pthread_mutex_lock(&junit.lock);
    if (junit.path != NULL) {
        bool has_failed = evprof_failed(&s->tb);
        bool is_skipped = !has_failed && atomic_load(&s->is_skipped);
        const char *said = s->said.data == NULL ? "" : s->said.data;
        junit.count++;
        junit.failed += has_failed;
        junit.skipped += is_skipped;
        evprof_buf_puts(&junit.cases, "  <testcase classname=\"");
        put_escaped(&junit.cases, program_invocation_short_name);
        evprof_buf_puts(&junit.cases, "\" name=\"");
        put_escaped(&junit.cases, s->name);
        evprof_buf_printf(&junit.cases, "\" time=\"%.3f\">",
                          seconds(s->duration_ns));
        if (has_failed) {
            put_outcome("failure", said[0] == '\0' ? "failed" : said);
        } else if (is_skipped) {
            put_outcome("skipped", said);
        }
        evprof_buf_puts(&junit.cases, "</testcase>\n");
    }
    pthread_mutex_unlock(&junit.lock);
}

int
evprof_junit_end(void)
{
    int status = EVPROF_OK;
    pthread_mutex_lock(&junit.lock);
    if (junit.path != NULL) {
        evprof_buf_t text = { 0 };
        evprof_writer_t out = evprof_writer_fd(junit.fd);
        evprof_buf_puts(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<testsuites>\n <testsuite name=\"");
        put_escaped(&text, program_invocation_short_name);
        evprof_buf_printf(
            &text,
            "\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\" "
            "time=\"%.3f\">\n",
            junit.count, junit.failed, junit.skipped,
            seconds(evprof_clock_ns(CLOCK_MONOTONIC) - junit.start_ns));
        if (junit.cases.len > 0) {
            evprof_buf_add(&text, junit.cases.data, junit.cases.len);
        }
        evprof_buf_puts(&text, " </testsuite>\n</testsuites>\n");
        bool is_written = !text.failed && !junit.cases.failed &&
                          evprof_buf_write(&text, &out) == EVPROF_OK;
        if (close(junit.fd) != 0 || !is_written) {
            status = complain(junit.path);
        }
        junit.path = NULL;
        evprof_buf_free(&text);
        evprof_buf_free(&junit.cases);
    }
    pthread_mutex_unlock(&junit.lock);
    return status;
}
