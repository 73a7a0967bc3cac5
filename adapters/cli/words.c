/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of the shell: `command [n] [regex]* [-regex]* [-cum] [>file]`,
 * and
 * `| command` where the output is to go. What a line sets holds for that line.
 */
#include "adapters/cli/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/utf8.h"

#define SPACES " \t\n\v\f\r"
/* Longer names than this are not looked for among the near ones. */
#define MAX_NEAR_LENGTH 32

int
cli_words_split(const char *line, bool is_strict, cli_words_t *out)
{
    *out = (cli_words_t){ 0 };
    out->text = strdup(line);
    out->items = calloc(strlen(line) + 1, sizeof(*out->items));
    if (out->text == NULL || out->items == NULL) {
        cli_words_free(out);
        return EVPROF_ENOMEM;
    }
    char *at = out->text;
    while (*(at += strspn(at, SPACES)) != '\0') {
        if (*at == '|' && !is_strict && out->count > 0) {
            at++;
            out->pipe = at + strspn(at, SPACES);
            break;
        }
        out->items[out->count++] = at;
        at += strcspn(at, SPACES);
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return EVPROF_OK;
}

void
cli_words_free(cli_words_t *words)
{
    free(words->text);
    free(words->items);
    *words = (cli_words_t){ 0 };
}

/* The expressions of a line so far, alternatives of one another. */
struct choices {
    evprof_buf_t focus;
    evprof_buf_t ignore;
};

static void
add_choice(evprof_buf_t *list, const char *text)
{
    if (list->len > 0 && text[0] != '\0') {
        evprof_buf_putc(list, '|');
    }
    evprof_buf_puts(list, text);
}

static bool
parse_count(const char *word, int64_t *out)
{
    const char *digits = word + (word[0] == '-' || word[0] == '+');
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return false;
    }
    errno = 0;
    long long value = strtoll(word, NULL, 10);
    if (errno != 0 || value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    *out = value;
    return true;
}

/* Takes one word after the command, or two of ">" and a name. */
static int
take_word(const cli_words_t *words, size_t *at, cli_command_t *command,
          struct choices *choices, evprof_error_t *err)
{
    const char *word = words->items[(*at)++];
    evprof_options_t *o = &command->options;
    if (parse_count(word, &o->nodecount)) {
        return EVPROF_OK;
    }
    if (word[0] == '>') {
        const char *file = word + 1;
        if (file[0] == '\0') {
            if (*at >= words->count) {
                return evprof_fail(err, EVPROF_EPARSE,
                                   "unexpected end of line after >");
            }
            file = words->items[(*at)++];
        }
        return evprof_options_set(o, "output", file, err);
    }
    if (strcmp(word, "-cum") == 0 || strcmp(word, "--cum") == 0) {
        return evprof_options_set(o, "sort", "cum", err);
    }
    if (word[0] == '-') {
        add_choice(&choices->ignore, word + 1);
    } else {
        add_choice(&choices->focus, word);
    }
    return EVPROF_OK;
}

static int
set_choice(cli_command_t *command, const char *name, const evprof_buf_t *list,
           evprof_error_t *err)
{
    if (list->failed) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    return list->len == 0
               ? EVPROF_OK
               : evprof_options_set(&command->options, name, list->data, err);
}

static int
take_words(const cli_words_t *words, size_t at, cli_command_t *command,
           evprof_error_t *err)
{
    struct choices choices = { .focus = { 0 } };
    int status = EVPROF_OK;
    while (status == EVPROF_OK && at < words->count) {
        status = take_word(words, &at, command, &choices, err);
    }
    bool is_tags = (command->report->flags & EVPROF_REPORT_TAG_WORDS) != 0;
    if (status == EVPROF_OK) {
        status = set_choice(command, is_tags ? "tagfocus" : "focus",
                            &choices.focus, err);
    }
    if (status == EVPROF_OK) {
        status = set_choice(command, is_tags ? "tagignore" : "ignore",
                            &choices.ignore, err);
    }
    evprof_buf_free(&choices.focus);
    evprof_buf_free(&choices.ignore);
    return status;
}

/* "top10" is "top 10": the report, and the number in `count`. */
static const evprof_report_t *
find_counted(const char *word, int64_t *count)
{
    size_t len = strlen(word);
    while (len > 0 && isdigit((unsigned char)word[len - 1])) {
        len--;
    }
    if (len == 0 || word[len] == '\0') {
        return NULL;
    }
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        const char *name = evprof_reports[i]->name;
        if (strncmp(name, word, len) == 0 && name[len] == '\0') {
            return parse_count(word + len, count) ? evprof_reports[i] : NULL;
        }
    }
    return NULL;
}

/* The word without digits at its end, which were taken for a count. */
static char *
without_count(const char *word, const char **count)
{
    size_t len = strlen(word);
    while (len > 0 && isdigit((unsigned char)word[len - 1])) {
        len--;
    }
    *count = len > 0 && word[len] != '\0' ? word + len : NULL;
    return strndup(word, len > 0 ? len : strlen(word));
}

static int
fail_command(const char *name, const char *value, evprof_error_t *err)
{
    const evprof_option_t *option = evprof_option_find(name);
    if ((option != NULL && option->choices == NULL) ||
        evprof_option_of_choice(name) != NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "did you mean: %s=%s", name,
                           value);
    }
    evprof_buf_t quoted = { 0 };
    evprof_utf8_quote(&quoted, name);
    const char *near = cli_nearest(name);
    int status =
        evprof_fail(err, EVPROF_ENOENT, "unrecognized command: %s%s%s%s",
                    quoted.failed ? name : quoted.data,
                    near != NULL ? "; did you mean " : "",
                    near != NULL ? near : "", near != NULL ? "?" : "");
    evprof_buf_free(&quoted);
    return status;
}

static int
fail_unknown(const cli_words_t *words, evprof_error_t *err)
{
    const char *value;
    char *name = without_count(words->items[0], &value);
    if (name == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    if (value == NULL) {
        value = words->count > 1 ? words->items[1] : "<val>";
    }
    int status = fail_command(name, value, err);
    free(name);
    return status;
}

int
cli_command_parse(const cli_words_t *words, const evprof_options_t *options,
                  cli_command_t *out, evprof_error_t *err)
{
    cli_command_t command = { .report = evprof_report_find(words->items[0]) };
    int64_t count = options->nodecount;
    if (command.report == NULL) {
        command.report = find_counted(words->items[0], &count);
    }
    if (command.report == NULL) {
        return fail_unknown(words, err);
    }
    size_t at = 1;
    if ((command.report->flags & EVPROF_REPORT_PARAM) != 0) {
        if (words->count < 2) {
            return evprof_fail(err, EVPROF_EPARSE,
                               "command %s requires an argument",
                               command.report->name);
        }
        command.param = words->items[at++];
    }
    int status = evprof_options_copy(&command.options, options, err);
    if (status != EVPROF_OK) {
        return status;
    }
    command.options.nodecount = count;
    status = take_words(words, at, &command, err);
    if (status != EVPROF_OK) {
        evprof_options_free(&command.options);
        return status;
    }
    const char *name = command.report->name;
    if (command.options.nodecount == -1 &&
        (strcmp(name, "top") == 0 || strcmp(name, "text") == 0)) {
        command.options.nodecount = 10;
    }
    *out = command;
    return EVPROF_OK;
}

/* How many letters must be changed, added, left out or swapped with the next to
 * make one word the other. */
static size_t
distance(const char *one, const char *other)
{
    size_t rows[3][MAX_NEAR_LENGTH + 1];
    size_t len = strlen(other);
    for (size_t j = 0; j <= len; j++) {
        rows[0][j] = j;
    }
    size_t *before = rows[2];
    size_t *previous = rows[0];
    size_t *row = rows[1];
    for (size_t i = 1; one[i - 1] != '\0'; i++) {
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            bool differs = one[i - 1] != other[j - 1];
            size_t best = previous[j - 1] + differs;
            best = previous[j] + 1 < best ? previous[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            bool is_swap = i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
                           one[i - 2] == other[j - 1];
            if (is_swap && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
        size_t *oldest = before;
        before = previous;
        previous = row;
        row = oldest;
    }
    return previous[len];
}

struct nearest {
    const char *word;
    const char *name;
    size_t distance; /* only nearer ones count */
};

static void
try_name(struct nearest *n, const char *name)
{
    if (strlen(name) > MAX_NEAR_LENGTH) {
        return;
    }
    size_t d = distance(n->word, name);
    if (d < n->distance) {
        n->name = name;
        n->distance = d;
    }
}

const char *
cli_nearest(const char *word)
{
    static const char *const others[] = { "help", "quit", "exit", "options" };
    size_t len = strlen(word);
    if (len < 3 || len > MAX_NEAR_LENGTH) {
        return NULL;
    }
    /* A third of the letters may be wrong, not more. */
    struct nearest n = { .word = word, .distance = len / 3 + 1 };
    for (size_t i = 0; evprof_reports[i] != NULL; i++) {
        try_name(&n, evprof_reports[i]->name);
    }
    for (size_t i = 0; i < evprof_option_count; i++) {
        try_name(&n, evprof_option_table[i].name);
        const evprof_choice_t *c = evprof_option_table[i].choices;
        for (; c != NULL && c->name != NULL; c++) {
            try_name(&n, c->name);
        }
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        try_name(&n, others[i]);
    }
    return n.name != NULL && strcmp(n.name, word) != 0 ? n.name : NULL;
}
