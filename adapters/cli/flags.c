/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flags with the syntax of Go's flag package: one or two dashes, "-x=v" or
 * "-x v", booleans only with "=", all flags before the first other word. Every
 * report, option and choice is a flag besides those of the table below.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/flags.h"
#include "adapters/cli/remote.h"
#include "core/base/utf8.h"

/* Options that choose a column by an old name. */
static const struct selector {
    const char *name;
    const char *column;
    bool is_mean;
} selectors[] = {
    { "total_delay", "delay", false },
    { "mean_delay", "delay", true },
    { "contentions", "contentions", false },
    { "inuse_space", "inuse_space", false },
    { "inuse_objects", "inuse_objects", false },
    { "alloc_space", "alloc_space", false },
    { "alloc_objects", "alloc_objects", false },
};

#define SELECTOR_COUNT (sizeof(selectors) / sizeof(selectors[0]))

enum kind { KIND_BOOL, KIND_INT, KIND_FLOAT, KIND_TEXT, KIND_OWNED, KIND_LIST };

struct target {
    enum kind kind;
    union {
        bool *flag;
        int64_t *number;
        double *fraction;
        const char **text;
        char **owned; /* a copy is made */
        cli_list_t *list;
    } at;
};

struct parser {
    cli_t *cli;
    cli_list_t base;
    cli_list_t diff_base;
    bool is_selected[SELECTOR_COUNT];
    bool is_asked[CLI_MAX_REPORTS];
    const char *params[CLI_MAX_REPORTS];
    bool is_chosen[CLI_MAX_CHOICES];
};

static struct target
flag_target(bool *flag)
{
    return (struct target){ .kind = KIND_BOOL, .at.flag = flag };
}

static struct target
text_target(const char **text)
{
    return (struct target){ .kind = KIND_TEXT, .at.text = text };
}

static struct target
number_target(int64_t *number)
{
    return (struct target){ .kind = KIND_INT, .at.number = number };
}

static struct target
list_target(cli_list_t *list)
{
    return (struct target){ .kind = KIND_LIST, .at.list = list };
}

/* The flags that are neither reports nor options. */
static bool
find_own_flag(struct parser *p, const char *name, struct target *out)
{
    cli_t *cli = p->cli;
    const struct {
        const char *name;
        struct target target;
    } flags[] = {
        { "base", list_target(&p->base) },
        { "diff_base", list_target(&p->diff_base) },
        { "symbolize", text_target(&cli->symbolize) },
        { "buildid", text_target(&cli->build_id) },
        { "add_comment", text_target(&cli->comment) },
        { "tools", text_target(&cli->tools) },
        { "http", text_target(&cli->http) },
        { "timeout", number_target(&cli->timeout) },
        { "seconds", number_target(&cli->seconds) },
        { "proxy", text_target(&cli->fetch.proxy) },
        { "proxy_user", text_target(&cli->fetch.proxy_user) },
        { "proxy_auth", text_target(&cli->fetch.proxy_auth) },
        { "proxy_tls_ca", text_target(&cli->fetch.proxy_tls_ca) },
        { "proxy_header", list_target(&cli->proxy_headers) },
        { "header", list_target(&cli->headers) },
        { "bearer_token_file", text_target(&cli->fetch.bearer_token_file) },
        { "netrc", flag_target(&cli->wants_netrc) },
        { "netrc_file", text_target(&cli->fetch.netrc_file) },
        { "cookie_file", text_target(&cli->fetch.cookie_file) },
        { "tls_cert", text_target(&cli->fetch.tls_cert) },
        { "tls_key", text_target(&cli->fetch.tls_key) },
        { "tls_ca", text_target(&cli->fetch.tls_ca) },
        { "unix_socket", text_target(&cli->fetch.unix_socket) },
        { "retry", number_target(&cli->fetch.retry) },
        { "parallel", number_target(&cli->fetch.parallel) },
        { "max_bytes", number_target(&cli->fetch.max_bytes) },
        { "sources", text_target(&cli->sources_file) },
        { "all_frames", flag_target(&cli->all_frames) },
        { "no_browser", flag_target(&cli->no_browser) },
        { "strict", flag_target(&cli->is_strict) },
        { "version", flag_target(&cli->wants_version) },
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *out = flags[i].target;
            return true;
        }
    }
    for (size_t i = 0; i < SELECTOR_COUNT; i++) {
        if (strcmp(selectors[i].name, name) == 0) {
            *out = flag_target(&p->is_selected[i]);
            return true;
        }
    }
    return false;
}

static bool
find_report_flag(struct parser *p, const char *name, struct target *out)
{
    for (size_t i = 0; i < CLI_MAX_REPORTS && evprof_reports[i] != NULL; i++) {
        if (strcmp(evprof_reports[i]->name, name) != 0) {
            continue;
        }
        bool has_param = (evprof_reports[i]->flags & EVPROF_REPORT_PARAM) != 0;
        *out = has_param ? text_target(&p->params[i])
                         : flag_target(&p->is_asked[i]);
        return true;
    }
    return false;
}

/* The place of a choice among all choices of all options. */
static bool
find_choice_flag(struct parser *p, const char *name, struct target *out)
{
    size_t index = 0;
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_choice_t *c = evprof_option_table[i].choices;
        for (; c != NULL && c->name != NULL && index < CLI_MAX_CHOICES;
             c++, index++) {
            if (strcmp(c->name, name) == 0) {
                *out = flag_target(&p->is_chosen[index]);
                return true;
            }
        }
    }
    return false;
}

static bool
find_option_flag(struct parser *p, const char *name, struct target *out)
{
    const evprof_option_t *option = evprof_option_find(name);
    if (option == NULL || option->kind == EVPROF_OPTION_CHOICE) {
        return false;
    }
    void *field = (char *)&p->cli->options + option->offset;
    switch (option->kind) {
    case EVPROF_OPTION_BOOL:
        *out = flag_target(field);
        break;
    case EVPROF_OPTION_INT:
        *out = (struct target){ .kind = KIND_INT, .at.number = field };
        break;
    case EVPROF_OPTION_FLOAT:
        *out = (struct target){ .kind = KIND_FLOAT, .at.fraction = field };
        break;
    case EVPROF_OPTION_STRING:
    case EVPROF_OPTION_CHOICE:
    default:
        *out = (struct target){ .kind = KIND_OWNED, .at.owned = field };
        break;
    }
    return true;
}

static bool
find_flag(struct parser *p, const char *name, struct target *out)
{
    return find_own_flag(p, name, out) || find_report_flag(p, name, out) ||
           find_option_flag(p, name, out) || find_choice_flag(p, name, out);
}

bool
cli_is_flag_like(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

static bool
parse_go_bool(const char *text, bool *out)
{
    static const char *const names[2][6] = {
        { "0", "f", "F", "false", "FALSE", "False" },
        { "1", "t", "T", "true", "TRUE", "True" },
    };
    for (size_t i = 0; i < 12; i++) {
        if (strcmp(names[i / 6][i % 6], text) == 0) {
            *out = i / 6 == 1;
            return true;
        }
    }
    return false;
}

/* Why a number is none, in the words of the flag package; NULL: it is one. */
static const char *
parse_go_int(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 0);
    if (end == text || *end != '\0' || isspace((unsigned char)text[0])) {
        return "parse error";
    }
    if (errno == ERANGE) {
        return "value out of range";
    }
    *out = value;
    return NULL;
}

static const char *
parse_go_float(const char *text, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || isspace((unsigned char)text[0])) {
        return "parse error";
    }
    if (isinf(value) && strpbrk(text, "iI") == NULL) {
        return "value out of range";
    }
    *out = value;
    return NULL;
}

static const char *
add_to_list(cli_list_t *list, const char *value)
{
    const char **items =
        realloc(list->items, (list->count + 1) * sizeof(*items));
    if (items == NULL) {
        return "out of memory";
    }
    items[list->count++] = value;
    list->items = items;
    return NULL;
}

static const char *
replace_owned(char **owned, const char *value)
{
    char *copy = strdup(value);
    if (copy == NULL) {
        return "out of memory";
    }
    free(*owned);
    *owned = copy;
    return NULL;
}

/* Sets a flag that is no boolean; a reason when the value does not fit. */
static const char *
set_value(const struct target *target, const char *value)
{
    switch (target->kind) {
    case KIND_INT:
        return parse_go_int(value, target->at.number);
    case KIND_FLOAT:
        return parse_go_float(value, target->at.fraction);
    case KIND_LIST:
        return value[0] == '\0' ? NULL : add_to_list(target->at.list, value);
    case KIND_OWNED:
        return replace_owned(target->at.owned, value);
    case KIND_TEXT:
        *target->at.text = value;
        return NULL;
    case KIND_BOOL:
    default:
        return parse_go_bool(value, target->at.flag) ? NULL : "parse error";
    }
}

static enum cli_parsed
refuse(const char *problem, const char *name)
{
    cli_tell("%s%s", problem, name);
    cli_usage();
    return CLI_WRONG;
}

static enum cli_parsed
refuse_value(const struct target *target, const char *name, const char *value,
             const char *reason)
{
    evprof_buf_t quoted = { 0 };
    evprof_utf8_quote(&quoted, value);
    bool is_bool = target->kind == KIND_BOOL;
    cli_tell("invalid %svalue %s for %s-%s: %s", is_bool ? "boolean " : "",
             quoted.failed ? value : quoted.data, is_bool ? "" : "flag ", name,
             reason);
    evprof_buf_free(&quoted);
    cli_usage();
    return CLI_WRONG;
}

/* Parses the flag at `*at`, which moves on to the word after it. */
static enum cli_parsed
parse_flag(struct parser *p, int argc, char **argv, int *at)
{
    const char *word = argv[(*at)++];
    const char *name = word + (word[1] == '-' ? 2 : 1);
    if (name[0] == '\0' || name[0] == '-' || name[0] == '=') {
        return refuse("bad flag syntax: ", word);
    }
    evprof_buf_t plain = { 0 };
    size_t len = strcspn(name, "=");
    evprof_buf_add(&plain, name, len);
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    struct target target;
    enum cli_parsed result = CLI_GO_ON;
    if (plain.failed) {
        result = CLI_WRONG;
    } else if (!find_flag(p, plain.data, &target)) {
        bool is_help =
            strcmp(plain.data, "help") == 0 || strcmp(plain.data, "h") == 0;
        if (is_help) {
            cli_usage();
            result = CLI_DONE;
        } else {
            result = refuse("flag provided but not defined: -", plain.data);
        }
    } else if (target.kind == KIND_BOOL && value == NULL) {
        *target.at.flag = true;
    } else if (value == NULL && *at >= argc) {
        result = refuse("flag needs an argument: -", plain.data);
    } else {
        value = value != NULL ? value : argv[(*at)++];
        const char *reason = set_value(&target, value);
        if (reason != NULL) {
            result = refuse_value(&target, plain.data, value, reason);
        }
    }
    evprof_buf_free(&plain);
    return result;
}

static enum cli_parsed
fail(const char *message)
{
    cli_tell("pprof: %s", message);
    return CLI_WRONG;
}

/* At most one choice of each option. */
static enum cli_parsed
apply_choices(struct parser *p)
{
    size_t index = 0;
    for (size_t i = 0; i < evprof_option_count; i++) {
        const evprof_option_t *option = &evprof_option_table[i];
        const evprof_choice_t *c = option->choices;
        evprof_buf_t all = { 0 };
        const char *chosen = NULL;
        size_t count = 0;
        for (; c != NULL && c->name != NULL && index < CLI_MAX_CHOICES;
             c++, index++) {
            if (p->is_chosen[index]) {
                evprof_buf_printf(&all, "%s%s", count > 0 ? " " : "", c->name);
                chosen = c->name;
                count++;
            }
        }
        enum cli_parsed result = CLI_GO_ON;
        if (count > 1) {
            cli_tell("pprof: conflicting options set: [%s]",
                     all.failed ? "" : all.data);
            result = CLI_WRONG;
        } else if (count == 1) {
            evprof_option_set(&p->cli->options, option, chosen, NULL);
        }
        evprof_buf_free(&all);
        if (result != CLI_GO_ON) {
            return result;
        }
    }
    return CLI_GO_ON;
}

static enum cli_parsed
apply_format(struct parser *p)
{
    size_t count = 0;
    for (size_t i = 0; i < CLI_MAX_REPORTS && evprof_reports[i] != NULL; i++) {
        const char *param = p->params[i];
        bool has_param = param != NULL && param[0] != '\0';
        if (p->is_asked[i] || has_param) {
            p->cli->report = evprof_reports[i];
            p->cli->param = has_param ? param : NULL;
            count++;
        }
    }
    if (count > 1) {
        return fail("must set at most one output format");
    }
    bool has_http = p->cli->http[0] != '\0';
    if (count > 0 && has_http) {
        return fail("-http is not compatible with an output format on the "
                    "command line");
    }
    if (p->cli->no_browser && !has_http) {
        return fail("-no_browser only makes sense with -http");
    }
    return CLI_GO_ON;
}

static void
apply_selectors(struct parser *p)
{
    evprof_options_t *o = &p->cli->options;
    for (size_t i = 0; i < SELECTOR_COUNT; i++) {
        if (!p->is_selected[i]) {
            continue;
        }
        if (o->sample_index[0] == '\0') {
            evprof_options_set(o, "sample_index", selectors[i].column, NULL);
        } else {
            cli_complain("Multiple value selections, ignoring -%s",
                         selectors[i].name);
        }
        o->mean |= selectors[i].is_mean;
    }
}

static enum cli_parsed
apply_bases(struct parser *p)
{
    cli_t *cli = p->cli;
    if (p->base.count > 0 && p->diff_base.count > 0) {
        return fail("-base and -diff_base flags cannot both be specified");
    }
    cli->is_diff_base = p->diff_base.count > 0;
    cli_list_t *list = cli->is_diff_base ? &p->diff_base : &p->base;
    if (cli->is_strict && list->count > 1) {
        list->items[0] = list->items[list->count - 1];
        list->count = 1;
    }
    cli->bases = *list;
    *list = (cli_list_t){ 0 };
    if (cli->options.normalize && cli->bases.count == 0) {
        return fail("must have base profile to normalize by");
    }
    return CLI_GO_ON;
}

/* The words after the flags: a binary, when it is one and more follow, and the
 * sources. */
static enum cli_parsed
apply_words(struct parser *p, int argc, char **argv, int at)
{
    if (at >= argc && p->cli->sources_file == NULL) {
        cli_usage();
        return fail("no profile source specified");
    }
    if (argc - at > 1 && cli_is_binary(argv[at])) {
        p->cli->binary = argv[at++];
    }
    for (; at < argc; at++) {
        if (add_to_list(&p->cli->sources, argv[at]) != NULL) {
            return fail("out of memory");
        }
    }
    return CLI_GO_ON;
}

static enum cli_parsed
parse_all(struct parser *p, int argc, char **argv)
{
    int at = 1;
    while (at < argc && cli_is_flag_like(argv[at])) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        enum cli_parsed result = parse_flag(p, argc, argv, &at);
        if (result != CLI_GO_ON) {
            return result;
        }
    }
    if (p->cli->wants_version) {
        return CLI_GO_ON;
    }
    enum cli_parsed result = apply_words(p, argc, argv, at);
    if (result == CLI_GO_ON) {
        result = apply_choices(p);
    }
    if (result == CLI_GO_ON) {
        result = apply_format(p);
    }
    if (result == CLI_GO_ON) {
        apply_selectors(p);
        result = apply_bases(p);
    }
    return result;
}

enum cli_parsed
cli_parse(cli_t *cli, int argc, char **argv)
{
    *cli = (cli_t){ .symbolize = "",
                    .build_id = "",
                    .comment = "",
                    .http = "",
                    .seconds = -1,
                    .timeout = -1 };
    const char *tools = getenv("PPROF_TOOLS");
    cli->tools = tools != NULL ? tools : "";
    evprof_error_t err;
    if (evprof_options_init(&cli->options, &err) != EVPROF_OK) {
        return fail(err.message);
    }
    struct parser p = { .cli = cli };
    enum cli_parsed result = parse_all(&p, argc, argv);
    free(p.base.items);
    free(p.diff_base.items);
    return result;
}

void
cli_free(cli_t *cli)
{
    evprof_options_free(&cli->options);
    free(cli->sources.items);
    free(cli->bases.items);
    free(cli->headers.items);
    free(cli->proxy_headers.items);
    cli_forget_secrets(cli);
}
