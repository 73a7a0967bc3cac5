/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run from its arguments to its exit code. Entries arrive by constructors, in
 * the order of the object files; a run prints them in that order, so that its
 * output is that of the source.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/testing/json.h"
#include "adapters/testing/junit.h"
#include "adapters/testing/profiles.h"
#include "adapters/testing/stack.h"
#include "adapters/testing/state.h"
#include "adapters/testing/watch.h"
#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/base/parse.h"

static evprof_testing_entry_t *first_entry;
static evprof_testing_entry_t **last_entry = &first_entry;

void
evprof_testing_register(evprof_testing_entry_t *entry)
{
    entry->next = NULL;
    *last_entry = entry;
    last_entry = &entry->next;
}

static evprof_testing_entry_t **
collect_entries(size_t *count)
{
    *count = 0;
    for (evprof_testing_entry_t *e = first_entry; e != NULL; e = e->next) {
        ++*count;
    }
    evprof_testing_entry_t **entries = calloc(*count + 1, sizeof(*entries));
    size_t i = 0;
    for (evprof_testing_entry_t *e = first_entry; entries != NULL && e != NULL;
         e = e->next) {
        entries[i++] = e;
    }
    return entries;
}

/* The list of -cpu; with none, the processors that we may run on. */
static int
parse_cpus(const char *list)
{
    evprof_test_cpus = calloc(strlen(list) + 2, sizeof(int));
    char *copy = strdup(list);
    if (evprof_test_cpus == NULL || copy == NULL) {
        free(copy);
        return 2;
    }
    size_t count = 0;
    int exit_code = 0;
    char *rest = copy;
    for (char *word; exit_code == 0 && (word = strsep(&rest, ",")) != NULL;) {
        word += strspn(word, " ");
        word[strcspn(word, " ")] = '\0';
        int64_t n;
        if (word[0] == '\0') {
            continue;
        }
        if (!evprof_parse_int64(word, &n) || n <= 0 || n > 1 << 20) {
            fprintf(stderr, "testing: invalid value \"%s\" for -test.cpu\n",
                    word);
            exit_code = 1;
        } else {
            evprof_test_cpus[count++] = (int)n;
        }
    }
    free(copy);
    if (count == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        evprof_test_cpus[0] = online < 1 ? 1 : (int)online;
    }
    return exit_code;
}

static void
shuffle_entries(evprof_testing_entry_t **entries, size_t count, uint64_t seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = evprof_hash_mix(seed + i) % i;
        evprof_testing_entry_t *swapped = entries[i - 1];
        entries[i - 1] = entries[j];
        entries[j] = swapped;
    }
}

static int
shuffle(evprof_testing_entry_t **entries, size_t count)
{
    const char *how = evprof_test_run.options.shuffle;
    int64_t seed = 0;
    if (strcmp(how, "off") == 0) {
        return 0;
    }
    if (strcmp(how, "on") == 0) {
        seed = evprof_clock_ns(CLOCK_REALTIME);
    } else if (!evprof_parse_int64(how, &seed)) {
        fprintf(stderr,
                "testing: -shuffle should be \"off\", \"on\", or a valid "
                "integer: \"%s\"\n",
                how);
        return 2;
    }
    evprof_output_plain("-test.shuffle %lld\n", (long long)seed);
    shuffle_entries(entries, count, (uint64_t)seed);
    return 0;
}

static int
make_matcher(const char *pattern, const char *flag, evprof_matcher_t **out)
{
    evprof_error_t err = { 0 };
    if (evprof_matcher_new(pattern, flag, evprof_test_run.options.skip, out,
                           &err) != EVPROF_OK) {
        fprintf(stderr, "testing: invalid regexp for %s\n", err.message);
        return 1;
    }
    return 0;
}

static int
list(evprof_testing_entry_t *const *entries, size_t count)
{
    evprof_matcher_t *match;
    evprof_error_t err = { 0 };
    const char *pattern = evprof_test_run.options.list;
    if (evprof_matcher_new(pattern, "-test.list", "", &match, &err) !=
        EVPROF_OK) {
        fprintf(stderr, "testing: invalid regexp in %s\n", err.message);
        return 1;
    }
    for (int benchmarks = 0; benchmarks < 2; benchmarks++) {
        for (size_t i = 0; i < count; i++) {
            if (entries[i]->is_benchmark == (benchmarks == 1) &&
                evprof_matcher_test(match, entries[i]->name)) {
                puts(entries[i]->name);
            }
        }
    }
    evprof_matcher_free(match);
    return 0;
}

/* All rounds of the tests; `*ok` becomes false when one fails. */
static int
run_tests(evprof_testing_entry_t *const *entries, size_t count, bool *ok)
{
    const evprof_test_options_t *o = &evprof_test_run.options;
    for (const int *cpu = evprof_test_cpus; *cpu != 0; cpu++) {
        evprof_test_run.procs = *cpu;
        for (int64_t i = 0; i < o->count; i++) {
            int exit_code =
                make_matcher(o->run, "-test.run", &evprof_test_run.match);
            if (exit_code != 0) {
                return exit_code;
            }
            *ok = evprof_run_tests(entries, count) && *ok;
            evprof_matcher_free(evprof_test_run.match);
            if (atomic_load(&evprof_test_run.ran) == 0) {
                return 0;
            }
        }
    }
    return 0;
}

static int
run_all(evprof_testing_entry_t *const *entries, size_t count)
{
    const evprof_test_options_t *o = &evprof_test_run.options;
    bool ok = true;
    int exit_code = run_tests(entries, count, &ok);
    if (exit_code != 0) {
        return exit_code;
    }
    if (atomic_load(&evprof_test_run.ran) == 0 && o->bench[0] == '\0') {
        fputs("testing: warning: no tests to run\n", stderr);
    }
    if (ok && o->bench[0] != '\0') {
        exit_code =
            make_matcher(o->bench, "-test.bench", &evprof_test_run.match);
        if (exit_code != 0) {
            return exit_code;
        }
        ok = evprof_run_benchmarks(entries, count);
        evprof_matcher_free(evprof_test_run.match);
    }
    evprof_output_plain("%s%s\n", evprof_output_mark(), ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}

/* What a run leaves that does not come to its end. */
static void
write_files(const char *remark)
{
    evprof_profiles_end(remark);
    evprof_junit_end();
}

static int
run_watched(evprof_testing_entry_t **entries, size_t count)
{
    int exit_code = parse_cpus(evprof_test_run.options.cpu);
    if (exit_code == 0) {
        exit_code = shuffle(entries, count);
    }
    /* Before the profiles begin, which are to show the tests only. */
    evprof_crash_stack_prepare();
    if (exit_code == 0) {
        exit_code = evprof_profiles_begin(&evprof_test_run.options);
    }
    if (exit_code == 0) {
        exit_code = evprof_junit_begin(evprof_test_run.options.junit);
    }
    if (exit_code != 0) {
        return exit_code;
    }
    evprof_watch_start(evprof_test_run.options.timeout_ns, write_files);
    exit_code = run_all(entries, count);
    evprof_watch_stop();
    int written = evprof_profiles_end(
        exit_code == 1 ? "testing: a test of this run failed" : NULL);
    int reported = evprof_junit_end();
    written = reported > written ? reported : written;
    if (exit_code == 1) {
        evprof_profiles_say_failed();
    }
    return written > exit_code ? written : exit_code;
}

int
evprof_testing_main(int argc, char **argv)
{
    evprof_test_options_t *o = &evprof_test_run.options;
    switch (evprof_test_options_parse(o, argc, argv)) {
    case EVPROF_TEST_PARSED_OK:
        break;
    case EVPROF_TEST_PARSED_HELP:
        return 0;
    case EVPROF_TEST_PARSED_BAD:
        return 2;
    }
    if (o->parallel == 0) {
        o->parallel = sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (o->parallel < 1) {
        fputs("testing: -parallel can only be given a positive integer\n",
              stderr);
        evprof_test_options_usage(argv[0]);
        return 2;
    }
    size_t count;
    evprof_testing_entry_t **entries = collect_entries(&count);
    if (entries == NULL) {
        return 2;
    }
    int exit_code;
    if (o->list[0] != '\0') {
        exit_code = list(entries, count);
    } else {
        o->verbose = o->verbose || o->json;
        if (o->json) {
            evprof_json_fork(program_invocation_short_name);
        }
        exit_code = run_watched(entries, count);
    }
    free(entries);
    return exit_code;
}
