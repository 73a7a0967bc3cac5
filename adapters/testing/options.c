/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags are one table: name, kind, where the value goes, default, meaning.
 * Parsing and the usage text both read it. The syntax is that of Go's flag
 * package, so that what people type for `go test` binaries works: one or two
 * dashes, `-x=v` or `-x v`, booleans without a value or as `-x=false`, and an
 * optional "test." before the name. Flags that write a profile come from the
 * modules of the build.
 */
#include "adapters/testing/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/flag_text.h"
#include "core/runtime/catalog.h"

enum kind { TEXT, NUMBER, COUNT, FLAG, DURATION, BENCHTIME };

typedef struct option {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *by_default;
    const char *help;
} option_t;

#define AT(field) offsetof(evprof_test_options_t, field)

static const option_t options[] = {
    { "bench", TEXT, AT(bench), "", "run only benchmarks matching `regexp`" },
    { "benchmem", FLAG, AT(benchmem), "false",
      "print memory allocations for benchmarks" },
    { "benchtime", BENCHTIME, AT(benchtime_ns), "1s",
      "run each benchmark for duration `d` or N times if `d` is of the form "
      "Nx" },
    { "count", COUNT, AT(count), "1", "run tests and benchmarks `n` times" },
    { "cpu", TEXT, AT(cpu), "",
      "comma-separated `list` of worker counts to run each benchmark with" },
    { "failfast", FLAG, AT(failfast), "false",
      "start no new test after the first failure" },
    { "json", FLAG, AT(json), "false", "print test2json events" },
    { "junit", TEXT, AT(junit), "", "write results as JUnit's XML to `file`" },
    { "list", TEXT, AT(list), "",
      "list tests and benchmarks matching `regexp`, run nothing" },
    { "memprofilerate", NUMBER, AT(memprofilerate), "0",
      "bytes allocated a sample, for -memprofile" },
    { "outputdir", TEXT, AT(outputdir), "",
      "write profiles with relative names to `dir`" },
    { "parallel", NUMBER, AT(parallel), "0",
      "run at most `n` parallel tests at once; 0 is the number of CPUs" },
    { "run", TEXT, AT(run), "", "run only tests matching `regexp`" },
    { "short", FLAG, AT(is_short), "false",
      "let tests that ask for it run shorter" },
    { "shuffle", TEXT, AT(shuffle), "off",
      "shuffle tests and benchmarks: off, on or a seed" },
    { "skip", TEXT, AT(skip), "",
      "skip tests and benchmarks matching `regexp`" },
    { "timeout", DURATION, AT(timeout_ns), "0s",
      "stop with all stacks after duration `d`; 0 is never" },
    { "v", FLAG, AT(verbose), "false", "verbose: print every test and log" },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* The table above and the modules' flags, sorted by name. */
static option_t all[OPTION_COUNT + 2 * EVPROF_TEST_FILES_MAX];
static size_t all_count;

static int
compare_names(const void *a, const void *b)
{
    const option_t *one = a;
    const option_t *other = b;
    return strcmp(one->name, other->name);
}

static void
collect_options(void)
{
    memcpy(all, options, sizeof(options));
    all_count = OPTION_COUNT;
    for (size_t i = 0;
         i < EVPROF_TEST_FILES_MAX && evprof_profile_modules[i] != NULL; i++) {
        const evprof_module_t *module = evprof_profile_modules[i];
        if (module->file_flag != NULL) {
            all[all_count++] = (option_t){
                .name = module->file_flag,
                .kind = TEXT,
                .offset = AT(files) + i * sizeof(const char *),
                .by_default = "",
                .help = module->file_help,
            };
        }
        if (module->rate_flag != NULL) {
            all[all_count++] = (option_t){
                .name = module->rate_flag,
                .kind = NUMBER,
                .offset = AT(rates) + i * sizeof(int64_t),
                .by_default = module->rate_default,
                .help = module->rate_help,
            };
        }
    }
    qsort(all, all_count, sizeof(all[0]), compare_names);
}

static const option_t *
find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < all_count; i++) {
        if (strlen(all[i].name) == len && memcmp(all[i].name, name, len) == 0) {
            return &all[i];
        }
    }
    return NULL;
}

static const char *
set_benchtime(evprof_test_options_t *out, const char *text)
{
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == 'x') {
        char number[24] = "";
        int64_t n = 0;
        if (len <= sizeof(number)) {
            memcpy(number, text, len - 1);
        }
        if (evprof_flag_int(number, &n, NULL) != EVPROF_OK || n <= 0) {
            return "invalid count";
        }
        out->benchtime_n = n;
        return NULL;
    }
    int64_t ns;
    if (!evprof_flag_duration(text, &ns) || ns <= 0) {
        return "invalid duration";
    }
    out->benchtime_ns = ns;
    out->benchtime_n = 0;
    return NULL;
}

/* NULL, or what is wrong with the value. */
static const char *
set_option(evprof_test_options_t *out, const option_t *o, const char *text)
{
    char *field = (char *)out + o->offset;
    int64_t number;
    switch (o->kind) {
    case TEXT:
        memcpy(field, &text, sizeof(text));
        return NULL;
    case FLAG:
        return evprof_flag_bool(text, (bool *)field) ? NULL : "parse error";
    case DURATION:
        return evprof_flag_duration(text, (int64_t *)(void *)field)
                   ? NULL
                   : "parse error";
    case BENCHTIME:
        return set_benchtime(out, text);
    case NUMBER:
    case COUNT:
        if (evprof_flag_int(text, &number, NULL) != EVPROF_OK ||
            (o->kind == COUNT && number < 0)) {
            return "parse error";
        }
        memcpy(field, &number, sizeof(number));
        return NULL;
    }
    return "parse error";
}

void
evprof_test_options_usage(const char *program)
{
    fprintf(stderr, "Usage of %s:\n", program);
    for (size_t i = 0; i < all_count; i++) {
        const option_t *o = &all[i];
        const char *open = strchr(o->help, '`');
        const char *close = open == NULL ? NULL : strchr(open + 1, '`');
        const char *word = o->kind == FLAG ? "" : "value";
        int len = (int)strlen(word);
        if (close != NULL) {
            word = open + 1;
            len = (int)(close - word);
        }
        fprintf(stderr, "  -%s, -test.%s %.*s  ", o->name, o->name, len, word);
        for (const char *c = o->help; *c != '\0'; c++) {
            if (*c != '`') {
                fputc(*c, stderr);
            }
        }
        bool is_zero = o->by_default[0] == '\0' ||
                       strcmp(o->by_default, "0") == 0 ||
                       strcmp(o->by_default, "0s") == 0 ||
                       strcmp(o->by_default, "false") == 0;
        fprintf(stderr, is_zero ? "\n" : " (default %s)\n", o->by_default);
    }
}

static enum evprof_test_parsed
complain(const char *program, const char *problem, const char *what,
         const char *why)
{
    fprintf(stderr, "%s%s%s\n", problem, what, why);
    evprof_test_options_usage(program);
    return EVPROF_TEST_PARSED_BAD;
}

/* Reads the flag argv[*at], and moves *at to its last word. */
static enum evprof_test_parsed
parse_flag(evprof_test_options_t *out, int argc, char **argv, int *at)
{
    evprof_flag_word_t flag = evprof_flag_split(argv[*at]);
    const char *name = flag.name;
    if (flag.len == 0 || name[0] == '-') {
        return complain(argv[0], "bad flag syntax: ", argv[*at], "");
    }
    const char *word = strncmp(name, "test.", 5) == 0 ? name + 5 : name;
    size_t len = flag.len - (size_t)(word - name);
    if ((len == 1 && word[0] == 'h') ||
        (len == 4 && !strncmp(word, "help", 4))) {
        evprof_test_options_usage(argv[0]);
        return EVPROF_TEST_PARSED_HELP;
    }
    const option_t *o = find_option(word, len);
    if (o == NULL) {
        char shown[64];
        snprintf(shown, sizeof(shown), "%.*s", (int)flag.len, name);
        return complain(argv[0], "flag provided but not defined: -", shown, "");
    }
    const char *value = flag.value;
    if (value == NULL && o->kind == FLAG) {
        value = "true";
    } else if (value == NULL) {
        if (*at + 1 >= argc) {
            return complain(argv[0], "flag needs an argument: -", name, "");
        }
        value = argv[++*at];
    }
    const char *problem = set_option(out, o, value);
    if (problem != NULL) {
        char why[160];
        snprintf(why, sizeof(why), "\" for %s-test.%s: %s",
                 o->kind == FLAG ? "" : "flag ", o->name, problem);
        return complain(argv[0],
                        o->kind == FLAG ? "invalid boolean value \""
                                        : "invalid value \"",
                        value, why);
    }
    return EVPROF_TEST_PARSED_OK;
}

enum evprof_test_parsed
evprof_test_options_parse(evprof_test_options_t *out, int argc, char **argv)
{
    *out = (evprof_test_options_t){ 0 };
    collect_options();
    for (size_t i = 0; i < all_count; i++) {
        set_option(out, &all[i], all[i].by_default);
    }
    for (int i = 1; i < argc; i++) {
        if (!evprof_flag_is(argv[i])) {
            break;
        }
        enum evprof_test_parsed parsed = parse_flag(out, argc, argv, &i);
        if (parsed != EVPROF_TEST_PARSED_OK) {
            return parsed;
        }
    }
    return EVPROF_TEST_PARSED_OK;
}
