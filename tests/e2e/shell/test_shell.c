/* SPDX-License-Identifier: Apache-2.0 */
/* The shell as a person meets it: on a terminal, with keys pressed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/shell/terminal.h"

#define PROMPT "(evprof) "

struct place {
    char dir[64];
    char profile[96];
};

static int
setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    if (place == NULL) {
        return -1;
    }
    *state = place;
    snprintf(place->dir, sizeof(place->dir), "/tmp/evprof-shell-XXXXXX");
    if (mkdtemp(place->dir) == NULL || chdir(place->dir) != 0) {
        return -1;
    }
    setenv("HOME", place->dir, 1);
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CONFIG_HOME");
    snprintf(place->profile, sizeof(place->profile), "%s/stacks", place->dir);
    FILE *f = fopen(place->profile, "w");
    if (f == NULL) {
        return -1;
    }
    fputs("main;parse;read_line 30\nmain;parse;skip_space 20\n"
          "main;compute_everything 50\n",
          f);
    return fclose(f);
}

static int
teardown(void **state)
{
    struct place *place = *state;
    char command[160];
    snprintf(command, sizeof(command), "rm -rf '%s'", place->dir);
    int status = chdir("/") == 0 ? system(command) : -1;
    free(place);
    return status;
}

static void
start(terminal_t *t, struct place *place, unsigned short columns)
{
    char tool[] = EVPROF_TOOL;
    char *argv[] = { tool, place->profile, NULL };
    assert_true(terminal_start(t, argv, columns));
    assert_true(terminal_wait(t, PROMPT));
    assert_non_null(strstr(t->screen.data, "help lists the commands"));
}

static void
run(terminal_t *t, const char *keys)
{
    terminal_type(t, keys);
    terminal_type(t, "\r");
    /* The line is echoed behind the old prompt; the new one ends the answer. */
    assert_true(terminal_wait(t, "\n" PROMPT));
}

static void
quit(terminal_t *t)
{
    terminal_type(t, "quit\r");
    assert_int_equal(terminal_end(t), 0);
}

static void
test_commands(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "top2");
    assert_non_null(strstr(t.screen.data, "compute_everything"));
    assert_null(strstr(t.screen.data, "skip_space"));
    run(&t, "cum");
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "100%  main"));
    run(&t, "peek parse");
    assert_non_null(strstr(t.screen.data, "read_line"));
    quit(&t);
}

static void
test_completion(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    /* A command by its beginning, a function by its middle. */
    run(&t, "pee\t everyth\t");
    assert_non_null(strstr(t.screen.data, "| compute_everything"));
    run(&t, "granularity=add\t");
    run(&t, "o");
    assert_non_null(strstr(t.screen.data, "= addresses"));
    quit(&t);
}

static void
test_history_survives(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "focus=skip_space");
    quit(&t);
    start(&t, *state, 120);
    /* Up twice: the last line was "quit". */
    run(&t, "\033[A\033[A");
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "focus=skip_space"));
    quit(&t);
}

static void
test_pipes_and_files(void **state)
{
    struct place *place = *state;
    terminal_t t;
    start(&t, place, 120);
    run(&t, "top | grep -c read_line");
    assert_non_null(strstr(t.screen.data, "\n1"));
    run(&t, "top > table.txt");
    assert_non_null(strstr(t.screen.data, "Writing the report to table.txt"));
    assert_int_equal(access("table.txt", R_OK), 0);
    run(&t, "proto");
    assert_non_null(strstr(t.screen.data, "profile001.pb.gz"));
    quit(&t);
}

static void
test_mistakes(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "tpo");
    assert_non_null(strstr(t.screen.data, "did you mean top?"));
    run(&t, "nodecount");
    assert_non_null(strstr(t.screen.data, "nodecount needs a value"));
    run(&t, "peek nothing_like_it");
    assert_non_null(strstr(t.screen.data, "no function matches"));
    quit(&t);
}

/* Long names are cut at the edge of the window, in tables only. */
static void
test_width(void **state)
{
    terminal_t t;
    start(&t, *state, 60);
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "compute_everyth\xe2\x80\xa6"));
    run(&t, "set wrap=on");
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "compute_everything"));
    run(&t, "wrap=off");
    run(&t, "traces");
    assert_null(strstr(t.screen.data, "\xe2\x80\xa6"));
    quit(&t);
}

/* ^C ends a report and a line that is being typed, not the shell. */
static void
test_interrupt(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    terminal_type(&t, "top | echo star''ted; exec sleep 1000\r");
    assert_true(terminal_wait(&t, "started"));
    terminal_type(&t, "\003");
    assert_true(terminal_wait(&t, "\n" PROMPT));
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "compute_everything"));
    quit(&t);
    start(&t, *state, 120);
    terminal_type(&t, "nonsense");
    assert_true(terminal_wait(&t, "nonsense"));
    terminal_type(&t, "\003");
    assert_true(terminal_wait(&t, "\n" PROMPT));
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "compute_everything"));
    quit(&t);
}

/* Two at once end it, and what was typed is there the next time. */
static void
test_interrupt_twice(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "focus=skip_space");
    /* Were they too slow for one second, the next two may not be. */
    do {
        terminal_type(&t, "\003");
    } while (terminal_wait(&t, "\n" PROMPT));
    assert_int_equal(terminal_end(&t), 0);
    start(&t, *state, 120);
    run(&t, "\033[A\033[A");
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "focus=skip_space"));
    quit(&t);
}

/* Names never steer the terminal, nor does a word that is completed. */
static void
test_control_bytes(void **state)
{
    struct place *place = *state;
    terminal_t t;
    FILE *f = fopen(place->profile, "w");
    assert_non_null(f);
    fputs("w 1 1.0: 5 cycles: \n\t10 ev\033[31mil\033]0;title\007 (/bin/a)\n"
          "\t20 left\xe2\x80\xaethgir (/bin/a)\n",
          f);
    assert_int_equal(fclose(f), 0);
    start(&t, place, 120);
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "ev\\x1b[31mil\\x1b]0;title\\x07"));
    assert_non_null(strstr(t.screen.data, "left\\u202ethgir"));
    run(&t, "traces | cat");
    assert_non_null(strstr(t.screen.data, "ev\\x1b[31mil"));
    run(&t, "peek title\t");
    assert_non_null(strstr(t.screen.data, "| ev\\x1b"));
    quit(&t);
}

/* A wrong value is told when it is set. */
static void
test_values(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "unit=parsec");
    assert_non_null(strstr(t.screen.data, "there is no unit parsec"));
    run(&t, "focus=(");
    assert_non_null(strstr(t.screen.data, "no regular expression"));
    run(&t, "top");
    assert_non_null(strstr(t.screen.data, "compute_everything"));
    quit(&t);
}

static void
test_help(void **state)
{
    static const char *const words[] = { "save NAME", "load NAME", "| COMMAND",
                                         "> FILE",    "top ",      "-cum" };
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "help");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_non_null(strstr(t.screen.data, words[i]));
    }
    run(&t, "help unit");
    assert_non_null(strstr(t.screen.data, "Unit of all numbers shown"));
    quit(&t);
}

static mode_t
mode_of(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* What is saved is for the owner only. */
static void
test_modes(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    run(&t, "focus=parse");
    run(&t, "save mine");
    run(&t, "focus=");
    run(&t, "load mine");
    run(&t, "o");
    assert_non_null(strstr(t.screen.data, "= parse"));
    run(&t, "top > table.txt");
    run(&t, "proto");
    quit(&t);
    assert_int_equal(mode_of("table.txt"), 0600);
    assert_int_equal(mode_of("profile001.pb.gz"), 0600);
    assert_int_equal(mode_of(".config/pprof"), 0700);
    assert_int_equal(mode_of(".config/pprof/settings.json"), 0600);
    assert_int_equal(mode_of(".local/state/evprof"), 0700);
    assert_int_equal(mode_of(".local/state/evprof/history"), 0600);
}

static void
test_end_of_input(void **state)
{
    terminal_t t;
    start(&t, *state, 120);
    terminal_type(&t, "\004");
    assert_int_equal(terminal_end(&t), 0);
}

/* Keys that come before the shell does: they must be neither lost nor taken for
 * others. The terminal still reads by lines then. */
static void
test_typed_ahead(void **state)
{
    struct place *place = *state;
    terminal_t t;
    char tool[] = EVPROF_TOOL;
    char *argv[] = { tool, place->profile, NULL };
    assert_true(terminal_start(&t, argv, 120));
    terminal_type(&t, "granularity=lines\ro\r\004");
    assert_true(terminal_wait(&t, "= lines"));
    assert_int_equal(terminal_end(&t), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_completion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_history_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pipes_and_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_width, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_of_input, setup, teardown),
        cmocka_unit_test_setup_teardown(test_typed_ahead, setup, teardown),
    };
    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
