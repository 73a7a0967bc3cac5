/* SPDX-License-Identifier: Apache-2.0 */
/* The evprof command: parse, load, then one report or the shell. What cannot be
 * done is refused before anything is fetched. */
#include <stdio.h>
#include <stdlib.h>

#include <evprof/version.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/code.h"
#include "adapters/cli/conf.h"
#include "adapters/cli/remote.h"
#include "adapters/cli/run.h"
#include "adapters/cli/servers.h"
#include "adapters/cli/trace.h"
#include "adapters/cli/web.h"

/* Every failure ends with it. */
#define EXIT_WRONG 2

static int
run(cli_t *cli, evprof_error_t *err)
{
    cli_profiles_t loaded;
    if (cli->trace.file != NULL && cli->trace.profile == NULL) {
        return cli_trace_show(cli, err);
    }
    int status = cli_hide_secrets(cli, err);
    if (status == EVPROF_OK) {
        status = cli_load(cli, &loaded, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    if (cli->http[0] != '\0') {
        status = cli_serve(cli, &loaded, err);
    } else if (cli->report != NULL) {
        const cli_job_t job = { .report = cli->report,
                                .param = cli->param,
                                .options = &cli->options,
                                .code = cli_code(cli),
                                .base = loaded.base,
                                .is_strict = cli->is_strict };
        status = cli_report(loaded.profile, &job, err);
    } else {
        status = cli_shell(cli, &loaded);
    }
    cli_profiles_free(&loaded);
    return status;
}

int
main(int argc, char **argv)
{
    cli_t cli;
    int exit_status;
    if (cli_conf(argc, argv, &exit_status) ||
        cli_run(argc, argv, &exit_status) || cli_ps(argc, argv, &exit_status)) {
        return exit_status;
    }
    enum cli_parsed parsed = cli_parse(&cli, argc, argv);
    int status = EVPROF_OK;
    if (parsed == CLI_GO_ON && cli.wants_version) {
        printf("evprof %s\n", EVPROF_VERSION);
    } else if (parsed == CLI_GO_ON) {
        evprof_error_t err;
        status = run(&cli, &err);
        if (status != EVPROF_OK) {
            cli_complain("evprof: %s", err.message);
        }
    }
    cli_remove_files();
    cli_free(&cli);
    return parsed == CLI_WRONG || status != EVPROF_OK ? EXIT_WRONG
                                                      : EXIT_SUCCESS;
}
