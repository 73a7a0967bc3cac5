/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a report goes: to standard output, to a file, to a command, or through
 * a temporary file to a viewer. A file is begun when the first bytes come and
 * takes its name when it is whole, so that a report which fails changes none.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/interrupt.h"
#include "adapters/cli/numbered_files.h"
#include "adapters/cli/terminal.h"
#include "adapters/cli/viewer.h"
#include "core/base/error.h"
#include "core/base/new_file.h"
#include "core/base/utf8.h"

/* Hands text on with hidden NULs as they were. The two bytes of one may come
 * apart, but reports write whole names. */
static int
write_unhidden(void *ctx, const void *data, size_t len)
{
    const evprof_writer_t *to = ctx;
    if (memmem(data, len, EVPROF_UTF8_NUL, 2) == NULL) {
        return to->write(to->ctx, data, len);
    }
    char *copy = malloc(len);
    if (copy == NULL) {
        return EVPROF_ENOMEM;
    }
    memcpy(copy, data, len);
    evprof_utf8_show_nul(copy, &len);
    int status = to->write(to->ctx, copy, len);
    free(copy);
    return status;
}

/* Writes the view as it is meant for no terminal. */
static int
write_plain(evprof_view_t *view, evprof_writer_t *to, evprof_error_t *err)
{
    unsigned flags = evprof_view_request(view)->report->flags;
    evprof_writer_t out = { .write = write_unhidden, .ctx = to };
    bool is_text = (flags & EVPROF_REPORT_PLAIN) != 0;
    return evprof_view_write(view, is_text ? &out : to, err);
}

/* A file that is begun by its first write. */
typedef struct late_file {
    const char *name;   /* NULL: profileNNN.SUFFIX in the current directory */
    const char *suffix; /* for that */
    evprof_buf_t own_name;
    evprof_new_file_t file;
    bool is_begun;
    int status;
    evprof_error_t err; /* what kept it from being begun */
} late_file_t;

static int
begin_late(late_file_t *late)
{
    if (late->is_begun || late->status != EVPROF_OK) {
        return late->status;
    }
    if (late->name == NULL) {
        late->status = cli_new_file("", "profile", late->suffix,
                                    &late->own_name, &late->err);
        late->name = late->own_name.data;
    }
    if (late->status == EVPROF_OK) {
        cli_complain("Writing the report to %s", late->name);
        late->status =
            evprof_new_file_begin(&late->file, late->name, &late->err);
    }
    late->is_begun = late->status == EVPROF_OK;
    if (late->is_begun) {
        cli_interrupt_removes(late->file.temp);
    }
    return late->status;
}

static int
write_late(void *ctx, const void *data, size_t len)
{
    late_file_t *late = ctx;
    int status = begin_late(late);
    if (status == EVPROF_OK) {
        evprof_writer_t out = evprof_new_file_writer(&late->file);
        status = out.write(out.ctx, data, len);
    }
    return status;
}

static int
write_to_file(evprof_view_t *view, late_file_t *late, evprof_error_t *err)
{
    evprof_writer_t out = { .write = write_late, .ctx = late };
    int status = write_plain(view, &out, err);
    if (status == EVPROF_OK) {
        status = begin_late(late);
    }
    if (late->is_begun) {
        status = evprof_new_file_end(&late->file, status, err);
        cli_interrupt_removes(NULL);
    } else if (late->status != EVPROF_OK) {
        status = evprof_fail(err, late->status, "%s", late->err.message);
    }
    if (status != EVPROF_OK && late->own_name.len > 0) {
        unlink(late->own_name.data);
    }
    evprof_buf_free(&late->own_name);
    return status;
}

/* Starts a command of the shell's language that reads from `*input`, which is
 * to be closed. 0 or an errno. */
static int
start_command(const char *command, pid_t *pid, int *input)
{
    static char shell[] = "/bin/sh";
    static char option[] = "-c";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    char *copy = strdup(command);
    char *argv[] = { shell, option, copy, NULL };
    posix_spawn_file_actions_t actions;
    int failed =
        copy != NULL ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (failed == 0) {
        failed =
            posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
        if (failed == 0) {
            failed = posix_spawn(pid, shell, &actions, NULL, argv, environ);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    free(copy);
    close(ends[0]);
    *input = ends[1];
    if (failed != 0) {
        close(ends[1]);
    }
    return failed;
}

static int
write_to_command(evprof_view_t *view, const char *command, evprof_error_t *err)
{
    pid_t pid = -1;
    int input = -1;
    fflush(stdout);
    int failed = start_command(command, &pid, &input);
    if (failed != 0) {
        return evprof_fail(err, EVPROF_EIO, "%s: %s", command,
                           strerror(failed));
    }
    /* A command may stop reading early, as head does; that is no failure. */
    struct sigaction ignored = { .sa_handler = SIG_IGN };
    struct sigaction before;
    sigaction(SIGPIPE, &ignored, &before);
    evprof_writer_t out = evprof_writer_fd(input);
    int status = write_plain(view, &out, err);
    close(input);
    sigaction(SIGPIPE, &before, NULL);
    int state = 0;
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
        continue;
    }
    if (WIFEXITED(state) && WEXITSTATUS(state) == 127) {
        return evprof_fail(err, EVPROF_ENOENT, "%s: no such command", command);
    }
    return status == EVPROF_EIO ? EVPROF_OK : status;
}

static int
write_to_stdout(evprof_view_t *view, evprof_error_t *err)
{
    if (isatty(STDOUT_FILENO) != 0) {
        return cli_terminal_write(view, err);
    }
    fflush(stdout);
    evprof_writer_t out = evprof_writer_fd(STDOUT_FILENO);
    int status = write_plain(view, &out, err);
    if (status == EVPROF_EIO) {
        return evprof_fail(err, status, "standard output: write: %s",
                           strerror(errno));
    }
    return status;
}

static int
write_view(evprof_view_t *view, const cli_job_t *job, evprof_error_t *err)
{
    const evprof_report_t *report = job->report;
    const char *output = job->options->output;
    bool is_binary = (report->flags & EVPROF_REPORT_BINARY) != 0;
    if (output[0] != '\0') {
        late_file_t file = { .name = output };
        return write_to_file(view, &file, err);
    }
    if (job->pipe != NULL) {
        return write_to_command(view, job->pipe, err);
    }
    if (cli_has_viewer(report)) {
        return cli_view(view, job, err);
    }
    if (is_binary && (job->is_shell || isatty(STDOUT_FILENO) != 0)) {
        late_file_t file = { .suffix = report->suffix };
        return write_to_file(view, &file, err);
    }
    return write_to_stdout(view, err);
}

/* Under -strict a file or a pipe gets names as they are, as pprof has it. */
static bool
keeps_controls(const cli_job_t *job)
{
    bool is_elsewhere = job->options->output[0] != '\0' || job->pipe != NULL;
    return job->is_strict && (is_elsewhere || isatty(STDOUT_FILENO) == 0);
}

int
cli_report(evprof_pprof_t *p, const cli_job_t *job, evprof_error_t *err)
{
    const evprof_request_t request = { .report = job->report,
                                       .param = job->param,
                                       .options = job->options,
                                       .code = job->code,
                                       .notice = &cli_notice,
                                       .base = job->base,
                                       .keeps_controls = keeps_controls(job),
                                       .is_strict = job->is_strict };
    evprof_view_t *view;
    int status = evprof_view_new(p, &request, &view, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = write_view(view, job, err);
    evprof_view_free(view);
    return status;
}
