/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's configuration file, from the command line or from EVPROF_CONF: -t
 * checks it, -T prints what is in force by it, -directives prints all there
 * are. The directives live with the modules in libevprof, which is no part of
 * this program and is opened here only.
 */
#include "adapters/cli/conf.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evprof.h>

#include "adapters/cli/library.h"
#include "core/base/flag_text.h"

enum { EXIT_BAD = 1 };

typedef int (*file_fn)(const char *conf_file, const evprof_writer_t *out,
                       evprof_error_t *err);
typedef int (*print_fn)(const evprof_writer_t *out, evprof_error_t *err);

/* The function of that name, stored in `out`; false after a message. */
static bool
find(const char *name, void *out)
{
    /* Global: a loaded module may leave its own symbols to libevprof. */
    void *library = cli_open_library(CLI_RUNTIME, RTLD_NOW | RTLD_GLOBAL);
    void *symbol = library == NULL ? NULL : dlsym(library, name);
    if (symbol == NULL) {
        const char *why = dlerror();
        (void)fprintf(stderr, "evprof: cannot open " CLI_RUNTIME ": %s\n",
                      why == NULL ? name : why);
        return false;
    }
    memcpy(out, &symbol, sizeof(symbol));
    return true;
}

bool
cli_conf_is_good(const char *file)
{
    file_fn run;
    evprof_error_t err;
    evprof_writer_t out = evprof_writer_file(stderr);
    if (!find("evprof_conf_check", &run)) {
        return false;
    }
    if (run(file, &out, &err) != EVPROF_OK) {
        (void)fprintf(stderr, "evprof: %s: the configuration is bad\n", file);
        return false;
    }
    return true;
}

static int
check(const char *file)
{
    if (file == NULL) {
        (void)fputs("evprof: -t needs a file: evprof -t FILE\n", stderr);
        return EXIT_BAD;
    }
    if (!cli_conf_is_good(file)) {
        return EXIT_BAD;
    }
    (void)fprintf(stderr, "evprof: %s: the configuration is good\n", file);
    return 0;
}

/* What the first error leaves out, a check says. */
static int
dump(const char *file)
{
    file_fn run;
    evprof_error_t err;
    evprof_writer_t out = evprof_writer_file(stdout);
    if (!find("evprof_conf_dump", &run)) {
        return EXIT_BAD;
    }
    if (run(file, &out, &err) == EVPROF_OK) {
        return 0;
    }
    if (err.status == EVPROF_EPARSE) {
        return check(file);
    }
    (void)fprintf(stderr, "evprof: %s\n", err.message);
    return EXIT_BAD;
}

static int
print_directives(void)
{
    print_fn run;
    evprof_error_t err;
    evprof_writer_t out = evprof_writer_file(stdout);
    if (!find("evprof_conf_reference", &run)) {
        return EXIT_BAD;
    }
    if (run(&out, &err) != EVPROF_OK) {
        (void)fprintf(stderr, "evprof: %s\n", err.message);
        return EXIT_BAD;
    }
    return 0;
}

static bool
is_flag(const char *arg, const char *name)
{
    evprof_flag_word_t flag = { 0 };
    if (evprof_flag_is(arg)) {
        flag = evprof_flag_split(arg);
    }
    return flag.value == NULL && flag.name != NULL &&
           evprof_flag_is_called(&flag, name);
}

bool
cli_conf(int argc, char **argv, int *exit_status)
{
    if (argc == 2 && is_flag(argv[1], "directives")) {
        *exit_status = print_directives();
        return true;
    }
    if (argc < 2 || (!is_flag(argv[1], "t") && !is_flag(argv[1], "T"))) {
        return false;
    }
    bool has_file = argc == 3 && argv[2][0] != '-';
    bool has_flag = argc == 4 && is_flag(argv[2], "c");
    if (argc != 2 && !has_file && !has_flag) {
        (void)fprintf(stderr, "usage: evprof %s FILE\n", argv[1]);
        *exit_status = EXIT_BAD;
        return true;
    }
    /* The file that a server reads when its program names none. */
    const char *file =
        argc == 2 ? secure_getenv("EVPROF_CONF") : argv[argc - 1];
    *exit_status = is_flag(argv[1], "t") ? check(file) : dump(file);
    return true;
}
