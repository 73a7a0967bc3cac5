/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -json: the run happens in a child process and writes what a verbose run
 * writes; the parent turns the lines into events, so that what a test prints
 * itself, or a crash, becomes events too. The events are those of `go doc
 * test2json`.
 */
#include "adapters/testing/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/utf8.h"

static long long
unix_now_ns(void)
{
    return evprof_clock_ns(CLOCK_REALTIME);
}

static void
add_quoted(evprof_buf_t *out, const char *text, size_t len)
{
    evprof_buf_t clean = { 0 };
    evprof_utf8_clean(&clean, text, len);
    evprof_buf_putc(out, '"');
    for (size_t i = 0; i < clean.len; i++) {
        unsigned char c = (unsigned char)clean.data[i];
        if (c == '"' || c == '\\') {
            evprof_buf_putc(out, '\\');
            evprof_buf_putc(out, (char)c);
        } else if (c == '\n') {
            evprof_buf_puts(out, "\\n");
        } else if (c == '\t') {
            evprof_buf_puts(out, "\\t");
        } else if (c == '\r') {
            evprof_buf_puts(out, "\\r");
        } else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
            /* The last three are escaped because Go's encoder does so. */
            evprof_buf_printf(out, "\\u%04x", c);
        } else {
            evprof_buf_putc(out, (char)c);
        }
    }
    evprof_buf_putc(out, '"');
    evprof_buf_free(&clean);
}

typedef struct event {
    const char *action;
    const char *test; /* NULL or "": the package's */
    const char *output;
    size_t output_len;
    double elapsed; /* below 0: none */
} event_t;

static void
emit(evprof_json_t *json, const event_t *e)
{
    evprof_buf_t line = { 0 };
    long long now = json->now_ns();
    time_t seconds = (time_t)(now / 1000000000);
    struct tm utc;
    char when[32];
    gmtime_r(&seconds, &utc);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
    evprof_buf_printf(&line, "{\"Time\":\"%s.%09lldZ\",\"Action\":\"%s\"", when,
                      now % 1000000000, e->action);
    evprof_buf_puts(&line, ",\"Package\":");
    add_quoted(&line, json->package, strlen(json->package));
    if (e->test != NULL && e->test[0] != '\0') {
        evprof_buf_puts(&line, ",\"Test\":");
        add_quoted(&line, e->test, strlen(e->test));
    }
    if (e->elapsed >= 0) {
        evprof_buf_printf(&line, ",\"Elapsed\":%.15g", e->elapsed);
    }
    if (e->output != NULL) {
        evprof_buf_puts(&line, ",\"Output\":");
        add_quoted(&line, e->output, e->output_len);
    }
    evprof_buf_puts(&line, "}\n");
    evprof_buf_write(&line, &json->out);
    evprof_buf_free(&line);
}

/* Begins the events of a run; `package` names it and must outlive it. */
static void
begin(evprof_json_t *json, const char *package, const evprof_writer_t *out)
{
    *json = (evprof_json_t){ .package = package,
                             .out = *out,
                             .now_ns = unix_now_ns };
    json->started_ns = json->now_ns();
    emit(json, &(event_t){ .action = "start", .elapsed = -1 });
}

static void
set_text(evprof_buf_t *out, const char *text, size_t len)
{
    evprof_buf_clear(out);
    evprof_buf_add(out, text, len);
}

static const char *
test_of(const evprof_json_t *json)
{
    return json->test.data == NULL ? "" : json->test.data;
}

static void
emit_output(evprof_json_t *json, const char *line, size_t len)
{
    emit(json, &(event_t){ .action = "output",
                           .test = test_of(json),
                           .output = line,
                           .output_len = len,
                           .elapsed = -1 });
}

/* "=== RUN   TestX": the action is the word, the name follows it. */
static bool
take_update(evprof_json_t *json, const char *line, size_t len)
{
    static const struct {
        const char *word, *action;
    } rows[] = { { "=== RUN   ", "run" },
                 { "=== PAUSE ", "pause" },
                 { "=== CONT  ", "cont" },
                 { "=== NAME  ", NULL } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t word = strlen(rows[i].word);
        if (len <= word || strncmp(line, rows[i].word, word) != 0) {
            continue;
        }
        set_text(&json->test, line + word,
                 len - word - (line[len - 1] == '\n'));
        if (rows[i].action != NULL) {
            emit(json, &(event_t){ .action = rows[i].action,
                                   .test = test_of(json),
                                   .elapsed = -1 });
            emit_output(json, line, len);
        }
        return true;
    }
    return false;
}

/* "--- PASS: TestX (0.01s)" */
static bool
take_report(evprof_json_t *json, const char *line, size_t len)
{
    static const struct {
        const char *word, *action;
    } rows[] = { { "--- PASS: ", "pass" },
                 { "--- FAIL: ", "fail" },
                 { "--- SKIP: ", "skip" },
                 { "--- BENCH: ", "bench" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t word = strlen(rows[i].word);
        if (len <= word || strncmp(line, rows[i].word, word) != 0) {
            continue;
        }
        const char *name = line + word;
        const char *paren = strstr(name, " (");
        size_t name_len =
            paren != NULL ? (size_t)(paren - name) : strcspn(name, "\n");
        double elapsed = paren == NULL ? -1 : strtod(paren + 2, NULL);
        set_text(&json->test, name, name_len);
        emit_output(json, line, len);
        emit(json, &(event_t){ .action = rows[i].action,
                               .test = test_of(json),
                               .elapsed = elapsed });
        return true;
    }
    return false;
}

static void
take_line(evprof_json_t *json, const char *line, size_t len)
{
    if (line[0] == '\x16') {
        line++;
        len--;
        if (take_update(json, line, len) || take_report(json, line, len)) {
            return;
        }
        bool is_pass = strcmp(line, "PASS\n") == 0;
        if (is_pass || strcmp(line, "FAIL\n") == 0) {
            evprof_buf_clear(&json->test);
            set_text(&json->ended, is_pass ? "pass" : "fail", 4);
        }
    }
    emit_output(json, line, len);
}

void
evprof_json_feed(evprof_json_t *json, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        evprof_buf_putc(&json->pending, data[i]);
        if (data[i] == '\n') {
            take_line(json, json->pending.data, json->pending.len);
            evprof_buf_clear(&json->pending);
        }
    }
}

void
evprof_json_end(evprof_json_t *json, int exit_code)
{
    if (json->pending.len > 0) {
        take_line(json, json->pending.data, json->pending.len);
    }
    const char *action = exit_code != 0        ? "fail"
                         : json->ended.len > 0 ? json->ended.data
                                               : "pass";
    double elapsed = (double)(json->now_ns() - json->started_ns) / 1e9;
    emit(json, &(event_t){ .action = action, .elapsed = elapsed });
    evprof_buf_free(&json->test);
    evprof_buf_free(&json->pending);
    evprof_buf_free(&json->ended);
}

/* Reads the child's output to its end and gives its exit code. */
static int
convert(evprof_json_t *json, int fd, pid_t child)
{
    char data[4096];
    ssize_t n;
    while ((n = read(fd, data, sizeof(data))) > 0 ||
           (n < 0 && errno == EINTR)) {
        if (n > 0) {
            evprof_json_feed(json, data, (size_t)n);
        }
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

void
evprof_json_fork(const char *package)
{
    int ends[2];
    pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) {
        fprintf(stderr, "testing: cannot start the run: %s\n", strerror(errno));
        exit(2);
    }
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        return;
    }
    close(ends[1]);
    evprof_json_t json;
    evprof_writer_t out = evprof_writer_file(stdout);
    begin(&json, package, &out);
    int code = convert(&json, ends[0], child);
    evprof_json_end(&json, code);
    fflush(stdout);
    exit(code);
}
