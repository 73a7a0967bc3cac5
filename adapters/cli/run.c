/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `evprof run`: a program with libevprof_preload.so before its own libraries.
 * It ends as the program ends, with its status or by its signal, and hands
 * signals on; those that a terminal sends reach the program by themselves.
 */
#include "adapters/cli/run.h"
#include "adapters/cli/conf.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evprof/module.h>

#include "adapters/cli/library.h"
#include "adapters/cli/program_symbols.h"
#include "core/base/buf.h"
#include "core/base/flag_text.h"

#define MOST_FILES 8u

#define DEFAULT_LISTEN "127.0.0.1:6060-6069"

/* What jemalloc has to start with; a preloaded one does not see ours. */
#define HEAP_SETTINGS "prof:true,prof_active:false,prof_accum:true"

typedef struct wanted {
    const evprof_module_t *module;
    const char *output;
} wanted_t;

typedef struct run {
    const evprof_module_t *const *modules; /* of libevprof_preload.so */
    char library[4096];
    const char *listen; /* NULL: no port */
    const char *conf;
    const char *http;
    bool wants_heap;
    cli_program_t program;
    bool wants_top;
    wanted_t files[MOST_FILES];
    size_t file_count;
    char folder[64]; /* of the files, "": none */
    char **command;
} run_t;

/* "evprof: run: WHAT WHY", and where help is. */
static int
fail(const char *what, const char *why)
{
    fprintf(stderr,
            "evprof: run: %s%s%s\n"
            "evprof: run: evprof run -help lists the flags\n",
            what, what[0] != '\0' ? " " : "", why);
    return 2;
}

/* ---- The command line ---- */

/* The modules are libevprof's; the library to preload lies beside it, and is
 * not loaded here, where its constructor would serve this very tool. */
static bool
open_library(run_t *run)
{
    Dl_info info;
    void *library = cli_open_library(CLI_RUNTIME, RTLD_NOW);
    void *modules =
        library == NULL ? NULL : dlsym(library, "evprof_profile_modules");
    if (modules == NULL || dladdr(modules, &info) == 0) {
        const char *why = dlerror();
        fprintf(stderr, "evprof: run: cannot open " CLI_RUNTIME ": %s\n",
                why != NULL ? why : "it has no modules");
        return false;
    }
    char path[4096];
    const char *slash = strrchr(info.dli_fname, '/');
    int folder = slash == NULL ? 0 : (int)(slash - info.dli_fname) + 1;
    (void)snprintf(path, sizeof(path), "%.*slibevprof_preload.so", folder,
                   info.dli_fname);
    run->modules = modules;
    if (realpath(path, run->library) == NULL) {
        fprintf(stderr, "evprof: run: %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

static const evprof_module_t *
module_of_flag(const run_t *run, const char *flag)
{
    for (size_t i = 0; run->modules[i] != NULL; i++) {
        if (run->modules[i]->file_flag != NULL &&
            strcmp(run->modules[i]->file_flag, flag) == 0) {
            return run->modules[i];
        }
    }
    return NULL;
}

static void
print_help(const run_t *run)
{
    puts("evprof run [FLAG]... [--] COMMAND [ARGUMENT]...\n"
         "runs a program with the profiler in it, and ends as the program "
         "ends.\n\n"
         "  -listen=ADDRESS  serves profiles at 127.0.0.1:6060, at the first "
         "free port\n"
         "                   of 127.0.0.1:6060-6069 or at unix:/PATH/%p.sock\n"
         "  -conf=FILE       a configuration file\n"
         "  -heap            preloads jemalloc, for heap profiles\n"
         "  -top             prints the heaviest functions at the end\n"
         "  -http=ADDRESS    opens the CPU profile as a site at the end\n");
    for (size_t i = 0; run->modules[i] != NULL; i++) {
        const evprof_module_t *m = run->modules[i];
        for (const char *c = m->file_flag == NULL ? "" : m->file_help;
             *c != '\0'; c++) {
            if (c == m->file_help) {
                printf("  -%s=FILE\n                   ", m->file_flag);
            }
            if (*c != '`') {
                putchar(*c);
            }
            if (c[1] == '\0') {
                putchar('\n');
            }
        }
    }
}

static int
add_file(run_t *run, const evprof_module_t *module, const char *output)
{
    if (run->file_count == MOST_FILES) {
        return fail(output, "is one profile too many");
    }
    run->files[run->file_count++] = (wanted_t){ module, output };
    return 0;
}

static const evprof_module_t *
cpu_module(const run_t *run)
{
    return module_of_flag(run, "cpuprofile");
}

/* Takes one flag with its value; 0, or the exit status. */
static int
take_flag(run_t *run, const char *flag, const char *value)
{
    const evprof_module_t *module = module_of_flag(run, flag);
    if (module != NULL) {
        return add_file(run, module, value);
    }
    if (strcmp(flag, "listen") == 0) {
        run->listen = value;
    } else if (strcmp(flag, "conf") == 0) {
        run->conf = value;
    } else if (strcmp(flag, "http") == 0) {
        run->http = value;
    } else {
        return fail(flag, "is no flag of run");
    }
    return 0;
}

/* -1: the program is to be run; else the exit status. */
static int
parse(run_t *run, int argc, char **argv)
{
    int i = 2;
    for (; i < argc && argv[i][0] == '-'; i++) {
        char name[64];
        evprof_flag_word_t flag = evprof_flag_split(argv[i]);
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)flag.len, flag.name);
        if (strcmp(name, "heap") == 0) {
            run->wants_heap = true;
        } else if (strcmp(name, "top") == 0) {
            run->wants_top = true;
        } else if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0) {
            print_help(run);
            return 0;
        } else {
            if (flag.value == NULL && i + 1 == argc) {
                return fail(argv[i], "needs a value");
            }
            int failed = take_flag(run, name,
                                   flag.value != NULL ? flag.value : argv[++i]);
            if (failed != 0) {
                return failed;
            }
        }
    }
    if (i >= argc) {
        return fail("", "a command is missing: evprof run -- COMMAND");
    }
    run->command = argv + i;
    return -1;
}

/* ---- The program's environment ---- */

/* `first`, and behind `separator` what the variable had. */
static void
prepend(const char *variable, const char *first, char separator)
{
    const char *had = getenv(variable);
    evprof_buf_t value = { 0 };
    evprof_buf_puts(&value, first);
    if (had != NULL && had[0] != '\0') {
        evprof_buf_printf(&value, "%c%s", separator, had);
    }
    setenv(variable, value.failed ? first : value.data, 1);
    evprof_buf_free(&value);
}

static bool
set_files(run_t *run)
{
    evprof_buf_t value = { 0 };
    const char *base = getenv("TMPDIR");
    (void)snprintf(run->folder, sizeof(run->folder), "%s/evprof-run-XXXXXX",
                   base != NULL && strlen(base) < 32 ? base : "/tmp");
    if (mkdtemp(run->folder) == NULL) {
        fprintf(stderr, "evprof: run: %s: %s\n", run->folder, strerror(errno));
        run->folder[0] = '\0';
        return false;
    }
    evprof_buf_puts(&value, run->folder);
    for (size_t i = 0; i < run->file_count; i++) {
        evprof_buf_printf(&value, ":%s", run->files[i].module->name);
    }
    setenv("EVPROF_FILES", value.failed ? "" : value.data, 1);
    evprof_buf_free(&value);
    return true;
}

/* ThreadSanitizer takes the library's own locks for none, and what they guard
 * for races. */
static bool
is_spared(const cli_program_t *program)
{
    return program->thread_checker[0] != '\0' || program->defines_tsan;
}

/* One line where the program will not be profiled as one might think. */
static void
warn(const run_t *run)
{
    const cli_program_t *program = &run->program;
    if (program->launcher[0] != '\0' && run->conf == NULL) {
        fprintf(
            stderr,
            "evprof: run: %s: %s runs another program, which has no evprof "
            "in it: run that one, or have \"follow_exec on;\" in a file for "
            "-conf\n",
            run->command[0], program->launcher);
    }
    if (is_spared(program)) {
        fprintf(
            stderr,
            "evprof: run: %s is built with ThreadSanitizer: it runs without "
            "evprof\n",
            run->command[0]);
    } else if (run->wants_heap && program->defines_malloc) {
        fprintf(
            stderr,
            "evprof: run: %s has an allocator of its own built in: jemalloc "
            "will see none of its memory\n",
            run->command[0]);
    } else if (run->wants_heap && program->allocator[0] != '\0') {
        fprintf(stderr,
                "evprof: run: %s brings an allocator of its own, %s: jemalloc "
                "takes its place\n",
                run->command[0], program->allocator);
    }
}

static void
set_environment(const run_t *run)
{
    if (is_spared(&run->program)) {
        return;
    }
    if (run->wants_heap) {
        prepend("LD_PRELOAD", "libjemalloc.so.2", ':');
        prepend("MALLOC_CONF", HEAP_SETTINGS, ',');
    }
    prepend("LD_PRELOAD", run->library, ':');
    if (run->program.address_checker[0] != '\0') {
        /* It wants to be the first, and ends the program where it is not. */
        prepend("LD_PRELOAD", run->program.address_checker, ':');
    }
    if (run->listen != NULL) {
        setenv("EVPROF_LISTEN", run->listen, 1);
    }
    if (run->conf != NULL) {
        char *path = realpath(run->conf, NULL);
        setenv("EVPROF_CONF", path != NULL ? path : run->conf, 1);
        free(path);
    }
}

/* ---- The program ---- */

static volatile sig_atomic_t child;

/* Those that a fault of ours raises, that the end of a child or a closed pipe
 * does, and that cannot be caught. */
static bool
is_our_own(int number)
{
    static const int numbers[] = { SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS,
                                   SIGFPE,  SIGILL,  SIGABRT, SIGTRAP,
                                   SIGSYS,  SIGKILL, SIGSTOP };
    size_t i = 0;
    while (i < sizeof(numbers) / sizeof(numbers[0]) && numbers[i] != number) {
        i++;
    }
    return i < sizeof(numbers) / sizeof(numbers[0]);
}

/* What the terminal sends, the program has got as well; one that stops it stops
 * us too. */
static void
hand_on(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code != SI_KERNEL) {
        if (child > 0) {
            kill(child, number);
        }
    } else if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) {
        raise(SIGSTOP);
    }
}

/* Also those that are ignored here: the program may have a handler for them. */
static void
hand_signals_on(void)
{
    struct sigaction action = { .sa_sigaction = hand_on,
                                .sa_flags = SA_SIGINFO | SA_RESTART };
    sigemptyset(&action.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (!is_our_own(number)) {
            (void)sigaction(number, &action, NULL);
        }
    }
}

/* Starts the program; its environment is ours alone until it is started. */
static pid_t
start(const run_t *run)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        set_environment(run);
        execvp(run->command[0], run->command);
        int error = errno;
        fprintf(stderr, "evprof: run: %s: %s\n", run->command[0],
                strerror(error));
        _exit(error == ENOENT ? 127 : 126);
    }
    child = pid;
    if (pid > 0) {
        hand_signals_on();
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* Waits for the program's end. What it was allowed is asked while the kernel
 * still knows it. */
static void
await(cli_run_objects_t *objects, cli_run_ended_t *out)
{
    siginfo_t info;
    struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
    cli_run_objects_watch(objects, out->pid);
    while (waitid(P_PID, (id_t)out->pid, &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    (void)prlimit(out->pid, RLIMIT_NOFILE, NULL, &limit);
    out->descriptors = limit.rlim_cur;
    while (waitpid(out->pid, &out->status, 0) < 0 && errno == EINTR) {
    }
    child = 0;
}

/* Ends as the program ended. */
static int
end_like(int status)
{
    if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        /* Our core would lie on that of the program. */
        (void)prctl(PR_SET_DUMPABLE, 0);
        signal(number, SIG_DFL);
        raise(number);
        return 128 + number;
    }
    return WEXITSTATUS(status);
}

/* ---- Afterwards ---- */

static void
show(const char *flag, const char *file)
{
    char first[64];
    char *path = strdup(file);
    char tool[] = "evprof";
    (void)snprintf(first, sizeof(first), "%s", flag);
    char *argv[] = { tool, first, path, NULL };
    pid_t pid = fork();
    if (pid == 0) {
        execv("/proc/self/exe", argv);
        _exit(126);
    }
    if (pid > 0) {
        await(NULL, &(cli_run_ended_t){ .pid = pid });
    }
    free(path);
}

static void
collect(run_t *run, const cli_run_ended_t *ended)
{
    const char *cpu = NULL;
    for (size_t i = 0; i < run->file_count; i++) {
        const wanted_t *w = &run->files[i];
        bool is_file = (w->module->flags & EVPROF_MODULE_FILE) != 0;
        if (cli_run_collect(ended, w->module->name, is_file, w->output) &&
            w->module == cpu_module(run)) {
            cpu = w->output;
        }
    }
    if (cpu != NULL && run->wants_top) {
        show("-top", cpu);
    }
    if (cpu != NULL && run->http != NULL) {
        char flag[128];
        (void)snprintf(flag, sizeof(flag), "-http=%s", run->http);
        show(flag, cpu);
    }
    if (run->folder[0] != '\0') {
        cli_run_say_left(run->folder);
        cli_run_remove(run->folder);
    }
}

/* A table or a site needs a CPU profile, kept only as long as this runs. */
static int
complete(run_t *run, char *cpu_file)
{
    bool has_cpu = false;
    for (size_t i = 0; i < run->file_count; i++) {
        has_cpu = has_cpu || run->files[i].module == cpu_module(run);
    }
    if ((run->wants_top || run->http != NULL) && !has_cpu) {
        return add_file(run, cpu_module(run), cpu_file);
    }
    if (run->file_count == 0 && run->listen == NULL && run->conf == NULL) {
        run->listen = DEFAULT_LISTEN;
    }
    return 0;
}

bool
cli_run(int argc, char **argv, int *exit_status)
{
    run_t run = { .listen = NULL };
    char cpu_file[] = "/tmp/evprof-cpu-XXXXXX";
    if (argc < 2 || strcmp(argv[1], "run") != 0) {
        return false;
    }
    *exit_status = 2;
    if (!open_library(&run)) {
        return true;
    }
    int status = parse(&run, argc, argv);
    if (status >= 0) {
        *exit_status = status;
        return true;
    }
    if (run.conf != NULL && !cli_conf_is_good(run.conf)) {
        return true;
    }
    int fd = run.wants_top || run.http != NULL ? mkstemp(cpu_file) : -1;
    if (complete(&run, cpu_file) != 0) {
        return true;
    }
    /* Made here, so that both know it. */
    if (run.file_count > 0 && !set_files(&run)) {
        return true;
    }
    cli_program_read(run.command[0], &run.program);
    warn(&run);
    cli_run_objects_t *objects =
        run.folder[0] == '\0' ? NULL : cli_run_objects_new(run.folder);
    pid_t pid = start(&run);
    if (pid > 0) {
        cli_run_ended_t ended = { .folder = run.folder, .pid = pid };
        await(objects, &ended);
        cli_run_objects_show(objects);
        collect(&run, &ended);
        cli_run_objects_free(objects);
        if (fd >= 0) {
            close(fd);
            (void)unlink(cpu_file);
        }
        *exit_status = end_like(ended.status);
    }
    return true;
}
