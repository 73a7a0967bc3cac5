/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/cli/help_entries.h"

#include "adapters/cli/flag_table.h"
#include "adapters/cli/viewer.h"

enum report_kind { REPORT_TEXT, REPORT_FILE, REPORT_VIEWER, REPORT_KINDS };

static const char *const report_kinds[REPORT_KINDS] = {
    [REPORT_TEXT] = "Reports as text",
    [REPORT_FILE] = "Reports as files",
    [REPORT_VIEWER] = "Reports opened in a program",
};

typedef void (*each_fn)(void *ctx, const cli_entry_t *entry);

static enum report_kind
kind_of(const evprof_report_t *report)
{
    if (cli_has_viewer(report)) {
        return REPORT_VIEWER;
    }
    return (report->flags & EVPROF_REPORT_BINARY) != 0 ? REPORT_FILE
                                                       : REPORT_TEXT;
}

static void
each_report(enum report_kind kind, each_fn each, void *ctx)
{
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        const evprof_report_t *report = evprof_reports[i];
        bool has_param = (report->flags & EVPROF_REPORT_PARAM) != 0;
        const cli_entry_t entry = { .group = report_kinds[kind],
                                    .name = report->name,
                                    .value = has_param ? "REGEX" : NULL,
                                    .help = report->summary,
                                    .is_report = true };
        if (kind_of(report) == kind) {
            each(ctx, &entry);
        }
    }
}

/* Of an option with choices each of them is a flag. */
static void
each_option(each_fn each, void *ctx)
{
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        const evprof_choice_t *c = option->choices;
        cli_entry_t entry = { .group = "Options of reports",
                              .name = option->name,
                              .value = option->takes,
                              .help = option->help };
        if (c == NULL) {
            each(ctx, &entry);
        }
        for (; c != NULL && c->name != NULL; c++) {
            entry.name = c->name;
            entry.value = NULL;
            entry.help = c->help;
            each(ctx, &entry);
        }
    }
}

static void
each_flag(enum cli_flag_group group, each_fn each, void *ctx)
{
    for (size_t i = 0; i < cli_flag_count; i++) {
        const cli_flag_t *flag = &cli_flag_table[i];
        const cli_entry_t entry = { .group = cli_flag_groups[group],
                                    .name = flag->name,
                                    .value = flag->value,
                                    .help = flag->help,
                                    .is_alone = flag->kind == CLI_FLAG_ALONE,
                                    .is_old = flag->kind == CLI_FLAG_COLUMN };
        if (flag->group == group && flag->help != NULL) {
            each(ctx, &entry);
        }
    }
}

void
cli_entries_each(void (*each)(void *ctx, const cli_entry_t *entry), void *ctx)
{
    for (int kind = 0; kind < REPORT_KINDS; kind++) {
        each_report((enum report_kind)kind, each, ctx);
    }
    each_option(each, ctx);
    for (int group = 0; group < CLI_GROUP_COUNT; group++) {
        each_flag((enum cli_flag_group)group, each, ctx);
    }
}
