/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the shell. On a terminal libedit edits them, keeps their history
 * from one run to the next, and completes what is unique on Tab; a second look
 * lists what is not. A pipe or a file is read as it is, without a prompt.
 */
#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "adapters/cli/interrupt.h"
#include "adapters/cli/shell.h"
#include "core/base/folder.h"
#include "core/base/visible.h"

#define HISTORY_LINES 1000
#define MAX_SHOWN 100
/* A terminal holds no longer lines (N_TTY_BUF_SIZE of Linux). */
#define MAX_TYPED_LINE 4096
#define END_OF_INPUT '\004'

struct cli_input {
    const cli_shell_t *shell;
    EditLine *editor; /* NULL: plain lines */
    History *history;
    evprof_buf_t history_file;
    char *line;
    size_t line_size;
    evprof_buf_t text;
    sigset_t open_mask; /* of signals, while a key is waited for */
};

static char *
prompt(EditLine *editor)
{
    static char text[] = "(evprof) ";
    (void)editor;
    return text;
}

/* $XDG_STATE_HOME/evprof/history, by default in ~/.local/state. */
static void
find_history(evprof_buf_t *out)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state != NULL && state[0] == '/') {
        evprof_buf_printf(out, "%s/evprof/history", state);
    } else if (home != NULL && home[0] == '/') {
        evprof_buf_printf(out, "%s/.local/state/evprof/history", home);
    }
}

/* What completion has found for the word under the cursor. */
typedef struct matches {
    char *common; /* what all of them begin with */
    char *shown[MAX_SHOWN];
    size_t count;
} matches_t;

static void
add_match(void *ctx, const char *word)
{
    matches_t *m = ctx;
    if (m->count < MAX_SHOWN) {
        m->shown[m->count] = strdup(word);
    }
    if (m->count++ == 0) {
        m->common = strdup(word);
        return;
    }
    size_t len = 0;
    while (m->common != NULL && m->common[len] != '\0' &&
           m->common[len] == word[len]) {
        len++;
    }
    if (m->common != NULL) {
        m->common[len] = '\0';
    }
}

/* Names come from profiles. */
static void
print_visible(const char *word)
{
    evprof_buf_t visible = { 0 };
    evprof_visible_add(&visible, word, strlen(word), "");
    puts(visible.failed || visible.len == 0 ? "" : visible.data);
    evprof_buf_free(&visible);
}

static void
show_matches(const matches_t *m)
{
    fputc('\n', stdout);
    for (size_t i = 0; i < m->count && i < MAX_SHOWN; i++) {
        if (m->shown[i] != NULL) {
            print_visible(m->shown[i]);
        }
    }
    if (m->count > MAX_SHOWN) {
        printf("... and %zu more\n", m->count - MAX_SHOWN);
    }
    fflush(stdout);
}

static void
matches_free(matches_t *m)
{
    for (size_t i = 0; i < m->count && i < MAX_SHOWN; i++) {
        free(m->shown[i]);
    }
    free(m->common);
}

/* The length of the last word, in which completion looks for its start. */
static size_t
last_word(const char *line)
{
    size_t len = strlen(line);
    size_t start = len;
    while (start > 0 && strchr(" \t=", line[start - 1]) == NULL) {
        start--;
    }
    return len - start;
}

static unsigned char
complete(EditLine *editor, int key)
{
    (void)key;
    const LineInfo *info = el_line(editor);
    cli_input_t *in;
    el_get(editor, EL_CLIENTDATA, &in);
    char *line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
    if (line == NULL) {
        return CC_ERROR;
    }
    matches_t m = { .count = 0 };
    cli_complete(in->shell, line, add_match, &m);
    size_t typed = last_word(line);
    unsigned char result = CC_ERROR;
    bool is_longer = m.common != NULL && strlen(m.common) > typed;
    bool is_other = m.count == 1 && m.common != NULL &&
                    strcmp(m.common, line + strlen(line) - typed) != 0;
    if (is_longer || is_other) {
        el_deletestr(editor, (int)typed);
        el_insertstr(editor, m.common);
        result = CC_REFRESH;
    } else if (m.count > 1) {
        show_matches(&m);
        result = CC_REDISPLAY;
    }
    matches_free(&m);
    free(line);
    return result;
}

static void
open_history(cli_input_t *in)
{
    HistEvent event;
    in->history = history_init();
    if (in->history == NULL) {
        return;
    }
    history(in->history, &event, H_SETSIZE, HISTORY_LINES);
    history(in->history, &event, H_SETUNIQUE, 1);
    find_history(&in->history_file);
    if (in->history_file.len > 0) {
        history(in->history, &event, H_LOAD, in->history_file.data);
    }
    el_set(in->editor, EL_HIST, history, in->history);
}

static void
save_history(cli_input_t *in)
{
    HistEvent event;
    if (in->history == NULL || in->history_file.len == 0) {
        return;
    }
    evprof_folder_make_parent(in->history_file.data, 0700);
    history(in->history, &event, H_SAVE, in->history_file.data);
}

/*
 * Waits for a key, with ^C let through only here: a signal between two keys
 * would else be handled before the wait begins, and the wait not end.
 */
static int
get_key(EditLine *editor, wchar_t *out)
{
    mbstate_t state = { 0 };
    cli_input_t *in;
    el_get(editor, EL_CLIENTDATA, &in);
    for (;;) {
        struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
        char byte;
        if (ppoll(&ready, 1, NULL, &in->open_mask) < 0) {
            if (errno == EINTR && !cli_interrupt_is_typed()) {
                continue; /* the window was resized, for example */
            }
            return -1;
        }
        if (read(STDIN_FILENO, &byte, 1) != 1) {
            return 0;
        }
        size_t len = mbrtowc(out, &byte, 1, &state);
        if (len == (size_t)-1) {
            *out = (unsigned char)byte;
            return 1;
        }
        if (len != (size_t)-2) {
            return 1;
        }
    }
}

static void
open_editor(cli_input_t *in)
{
    in->editor = el_init("evprof", stdin, stdout, stderr);
    if (in->editor == NULL) {
        return;
    }
    el_set(in->editor, EL_CLIENTDATA, in);
    el_set(in->editor, EL_PROMPT, prompt);
    el_set(in->editor, EL_EDITOR, "emacs");
    el_set(in->editor, EL_SIGNAL, 1);
    el_set(in->editor, EL_GETCFN, get_key);
    el_set(in->editor, EL_ADDFN, "evprof-complete", "completes a word",
           complete);
    el_set(in->editor, EL_BIND, "^I", "evprof-complete", NULL);
    el_set(in->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    open_history(in);
    cli_interrupt_catch();
    el_source(in->editor, NULL);
}

cli_input_t *
cli_input_new(const cli_shell_t *shell)
{
    cli_input_t *in = calloc(1, sizeof(*in));
    if (in == NULL) {
        return NULL;
    }
    in->shell = shell;
    if (isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0) {
        open_editor(in);
    }
    return in;
}

void
cli_input_free(cli_input_t *in)
{
    if (in == NULL) {
        return;
    }
    if (in->editor != NULL) {
        save_history(in);
        el_end(in->editor);
    }
    if (in->history != NULL) {
        history_end(in->history);
    }
    evprof_buf_free(&in->history_file);
    evprof_buf_free(&in->text);
    free(in->line);
    free(in);
}

static const char *
read_plain(cli_input_t *in)
{
    ssize_t len = getline(&in->line, &in->line_size, stdin);
    if (len < 0) {
        return NULL;
    }
    in->line[strcspn(in->line, "\n")] = '\0';
    return in->line;
}

/*
 * Takes what was typed while the terminal still read by lines, before the first
 * prompt or during a report, and lets the editor read it as keys. Left in the
 * terminal's queue an end of input would become a NUL there, and be lost, as
 * soon as the editor turns line mode off.
 */
static void
take_typed_ahead(cli_input_t *in)
{
    struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
    struct termios mode;
    bool is_over =
        tcgetattr(STDIN_FILENO, &mode) != 0 || (mode.c_lflag & ICANON) == 0;
    evprof_buf_clear(&in->text);
    while (!is_over && poll(&ready, 1, 0) > 0) {
        char line[MAX_TYPED_LINE];
        ssize_t len = read(STDIN_FILENO, line, sizeof(line));
        is_over = len <= 0;
        if (len > 0) {
            evprof_buf_add(&in->text, line, (size_t)len);
        } else if (len == 0) {
            evprof_buf_putc(&in->text, END_OF_INPUT);
        }
    }
    if (in->text.len > 0 && !in->text.failed) {
        el_push(in->editor, in->text.data);
    }
}

/* The editor itself would take the terminal over only after the prompt, and
 * keys pressed in between would meet line mode. */
static const char *
read_edited(cli_input_t *in)
{
    int len;
    take_typed_ahead(in);
    el_set(in->editor, EL_PREP_TERM, 1);
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &in->open_mask);
    const char *line = el_gets(in->editor, &len);
    sigprocmask(SIG_SETMASK, &in->open_mask, NULL);
    if (cli_interrupt_take() && !cli_interrupt_is_leaving()) {
        fputc('\n', stdout);
        return "";
    }
    if (line == NULL || len <= 0) {
        fputc('\n', stdout);
        return NULL;
    }
    evprof_buf_clear(&in->text);
    evprof_buf_add(&in->text, line, strcspn(line, "\n"));
    if (in->text.failed) {
        return NULL;
    }
    HistEvent event;
    if (in->history != NULL && in->text.data[0] != '\0') {
        history(in->history, &event, H_ENTER, in->text.data);
    }
    return in->text.data;
}

const char *
cli_input_line(cli_input_t *in)
{
    return in->editor != NULL ? read_edited(in) : read_plain(in);
}
