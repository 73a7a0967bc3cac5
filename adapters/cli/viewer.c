/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Showing a report in another program. Viewers may start another process and
 * return at once, so the file stays for a second at least, and is deleted when
 * evprof ends.
 */
#include "adapters/cli/viewer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapters/cli/numbered_files.h"
#include "core/base/error.h"

#define MAX_WORDS 16
#define MAX_FILES 256

extern char **environ;

/* Browsers come before the desktop's opener: an SVG image is made for them. */
static const evprof_viewer_t browsers[] = {
    { .variable = "BROWSER" },
    { .command = "chrome" },
    { .command = "google-chrome" },
    { .command = "chromium" },
    { .command = "firefox" },
    { .command = "sensible-browser" },
    { .command = "xdg-open", .only_if_set = "DISPLAY" },
    { .command = NULL },
};

/* Files to delete at the end. */
static char *files[MAX_FILES];
static size_t file_count;

void
cli_remove_files(void)
{
    for (size_t i = 0; i < file_count; i++) {
        unlink(files[i]);
        free(files[i]);
    }
    file_count = 0;
}

static void
remember(const char *name)
{
    if (file_count < MAX_FILES) {
        char *copy = strdup(name);
        if (copy != NULL) {
            files[file_count++] = copy;
        }
    }
}

static const char *
command_of(const evprof_viewer_t *viewer)
{
    const char *command =
        viewer->variable != NULL ? getenv(viewer->variable) : viewer->command;
    const char *needed =
        viewer->only_if_set != NULL ? getenv(viewer->only_if_set) : "1";
    bool is_usable = needed != NULL && needed[0] != '\0';
    return is_usable && command != NULL && command[0] != '\0' ? command : NULL;
}

bool
cli_is_installed(const char *program)
{
    evprof_buf_t file = { 0 };
    bool is_found = strchr(program, '/') != NULL && access(program, X_OK) == 0;
    for (const char *at = getenv("PATH");
         !is_found && at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ":");
        evprof_buf_clear(&file);
        evprof_buf_printf(&file, "%.*s/%s", (int)len, at, program);
        is_found = !file.failed && access(file.data, X_OK) == 0;
        at += len + (at[len] == ':');
    }
    evprof_buf_free(&file);
    return is_found;
}

static const evprof_viewer_t *
viewers_of(const evprof_report_t *report)
{
    return (report->flags & EVPROF_REPORT_BROWSER) != 0 ? browsers
                                                        : report->viewers;
}

bool
cli_viewer_is_installed(const evprof_report_t *report)
{
    const evprof_viewer_t *v = viewers_of(report);
    bool is_found = false;
    for (; !is_found && (v->command != NULL || v->variable != NULL); v++) {
        const char *command = command_of(v);
        char *word =
            command == NULL ? NULL : strndup(command, strcspn(command, " "));
        is_found = word != NULL && cli_is_installed(word);
        free(word);
    }
    return is_found;
}

/* Starts `command` with the file as its last word; 0 or an errno. */
static int
start(const char *command, const char *file, pid_t *pid)
{
    char *copy = strdup(command);
    char *last = strdup(file);
    if (copy == NULL || last == NULL) {
        free(copy);
        free(last);
        return ENOMEM;
    }
    char *argv[MAX_WORDS + 2];
    size_t count = 0;
    char *rest = copy;
    while (rest != NULL && count < MAX_WORDS) {
        argv[count++] = strsep(&rest, " ");
    }
    argv[count++] = last;
    argv[count] = NULL;
    int failed = posix_spawnp(pid, argv[0], NULL, NULL, argv, environ);
    free(copy);
    free(last);
    return failed;
}

static void
pause_a_second(void)
{
    struct timespec second = { .tv_sec = 1 };
    while (nanosleep(&second, &second) != 0 && errno == EINTR) {
        continue;
    }
}

static int
wait_for(pid_t pid, evprof_error_t *err)
{
    int state = 0;
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
        continue;
    }
    pause_a_second();
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) {
        return EVPROF_OK;
    }
    return WIFEXITED(state)
               ? evprof_fail(err, EVPROF_EIO,
                             "the viewer failed with exit status %d",
                             WEXITSTATUS(state))
               : evprof_fail(err, EVPROF_EIO, "the viewer was killed");
}

static int
show(const evprof_report_t *report, const char *file, bool is_background,
     evprof_error_t *err)
{
    evprof_buf_t tried = { 0 };
    const evprof_viewer_t *viewers = viewers_of(report);
    for (size_t i = 0;
         viewers[i].command != NULL || viewers[i].variable != NULL; i++) {
        const char *command = command_of(&viewers[i]);
        pid_t pid;
        if (command == NULL) {
            continue;
        }
        if (start(command, file, &pid) == 0) {
            evprof_buf_free(&tried);
            if (!is_background) {
                return wait_for(pid, err);
            }
            pause_a_second();
            return EVPROF_OK;
        }
        evprof_buf_printf(&tried, "%s%s", tried.len > 0 ? ", " : "", command);
    }
    evprof_fail(err, EVPROF_ENOENT,
                "no viewer found: tried %s; install one of them, or save the "
                "report with -output",
                tried.failed || tried.len == 0 ? "none" : tried.data);
    evprof_buf_free(&tried);
    return EVPROF_ENOENT;
}

void
cli_browse(const char *url)
{
    for (size_t i = 0;
         browsers[i].command != NULL || browsers[i].variable != NULL; i++) {
        const char *command = command_of(&browsers[i]);
        pid_t pid;
        if (command != NULL && start(command, url, &pid) == 0) {
            return;
        }
    }
}

static int
fill(evprof_view_t *view, const char *name, evprof_error_t *err)
{
    int fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0) {
        return evprof_fail(err, EVPROF_EIO, "%s cannot be written: %s", name,
                           strerror(errno));
    }
    evprof_writer_t out = evprof_writer_fd(fd);
    int status = evprof_view_write(view, &out, err);
    close(fd);
    return status;
}

bool
cli_has_viewer(const evprof_report_t *report)
{
    return report->viewers != NULL ||
           (report->flags & EVPROF_REPORT_BROWSER) != 0;
}

int
cli_view_file(const evprof_report_t *report, evprof_buf_t *name,
              evprof_error_t *err)
{
    const char *dir = getenv("TMPDIR");
    int status = cli_new_file(dir != NULL && dir[0] != '\0' ? dir : "/tmp",
                              "evprof", report->suffix, name, err);
    if (status == EVPROF_OK) {
        remember(name->data);
    }
    return status;
}

int
cli_view(evprof_view_t *view, const cli_job_t *job, evprof_error_t *err)
{
    evprof_buf_t own = { 0 };
    const char *name = job->view_file;
    int status = EVPROF_OK;
    if (name == NULL) {
        status = cli_view_file(job->report, &own, err);
        name = own.data;
    }
    if (status == EVPROF_OK) {
        status = fill(view, name, err);
    }
    if (status == EVPROF_OK) {
        status = show(job->report, name, job->is_shell, err);
    }
    evprof_buf_free(&own);
    return status;
}
