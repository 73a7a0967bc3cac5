/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One report of the shell, in a process of its own: it may change the profile
 * as it likes, and ^C ends it without the shell. Only the name of a file that a
 * viewer will show is settled before, since the shell deletes it in the end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/cli/code.h"
#include "adapters/cli/interrupt.h"
#include "adapters/cli/shell.h"
#include "adapters/cli/terminal.h"
#include "adapters/cli/viewer.h"
#include "core/base/error.h"

/* Makes the report; the status that the process ends with. */
static int
make_report(evprof_pprof_t *p, const cli_job_t *job)
{
    evprof_error_t err;
    cli_interrupt_release();
    int status = cli_report(p, job, &err);
    if (status != EVPROF_OK) {
        cli_complain("%s", err.message);
    }
    fflush(NULL);
    return status == EVPROF_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
wait_for(pid_t pid)
{
    int state = 0;
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
        if (cli_interrupt_is_leaving()) {
            kill(pid, SIGKILL);
        }
    }
    if (WIFSIGNALED(state)) {
        cli_terminal_reset();
        cli_complain(WTERMSIG(state) == SIGINT
                         ? "\nThe report was stopped."
                         : "\nThe report was ended by a signal.");
    }
    cli_interrupt_take();
}

void
cli_shell_report(cli_shell_t *shell, const cli_command_t *command,
                 const char *pipe)
{
    evprof_error_t err;
    evprof_buf_t file = { 0 };
    bool is_beside = (command->report->flags & EVPROF_REPORT_BASE) != 0;
    evprof_pprof_t *p = is_beside ? shell->whole : shell->profile;
    cli_job_t job = { .report = command->report,
                      .param = command->param,
                      .options = &command->options,
                      .code = cli_code(shell->cli),
                      .pipe = pipe,
                      .base = shell->base,
                      .is_shell = true,
                      .is_strict = shell->cli->is_strict };
    int status = EVPROF_OK;
    if (cli_has_viewer(command->report) && command->options.output[0] == '\0' &&
        pipe == NULL) {
        status = cli_view_file(command->report, &file, &err);
        job.view_file = file.data;
    }
    fflush(NULL);
    pid_t pid = status == EVPROF_OK ? fork() : -1;
    if (pid == 0) {
        _exit(make_report(p, &job));
    }
    if (pid > 0) {
        wait_for(pid);
    } else if (status != EVPROF_OK) {
        cli_complain("%s", err.message);
    } else {
        cli_complain("no process can be started for the report");
    }
    evprof_buf_free(&file);
}
