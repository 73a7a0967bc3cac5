/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap profiles of this process, which links libevprof and jemalloc as a server
 * would. Sampling every 4 KiB makes the numbers precise enough to be asserted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

int mallctl(const char *name, void *old, size_t *old_len, void *set,
            size_t set_len);

#define CONF "pprof { profile heap { sample_interval 4k; max_stacks 4096; } }\n"

enum { ALLOC_OBJECTS, ALLOC_BYTES, IN_USE_OBJECTS, IN_USE_BYTES, COLUMNS };

static evprof_t *prof;
static char conf_path[] = "/tmp/evprof-heap-XXXXXX";

/* Reached through volatile pointers so that no allocation is optimised away. */
static void *volatile kept[1 << 16];
static size_t kept_count;

__attribute__((noinline)) static void
keep_blocks(size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kept[kept_count++] = malloc(size);
    }
}

__attribute__((noinline)) static void
drop_blocks(void)
{
    while (kept_count > 0) {
        free(kept[--kept_count]);
    }
}

__attribute__((noinline)) static void
churn_blocks(size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *volatile block = malloc(size);
        free(block);
    }
}

static void
write_conf(const char *text)
{
    FILE *file = fopen(conf_path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void
open_profiler(const char *conf)
{
    evprof_error_t err = { .message = "" };
    write_conf(conf);
    prof = evprof_new(conf_path, &err);
    if (prof == NULL) {
        fail_msg("%s", err.message);
    }
}

static void
take_bytes(const char *name, int debug, evprof_buf_t *out)
{
    evprof_error_t err = { .message = "" };
    evprof_writer_t writer = evprof_writer_buf(out);
    evprof_profile_t *profile = evprof_lookup(prof, name);
    assert_non_null(profile);
    if (evprof_profile_write(profile, &writer, debug, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static evprof_pprof_t *
take_profile(const char *name)
{
    evprof_buf_t bytes = { 0 };
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { .message = "" };
    take_bytes(name, 0, &bytes);
    if (evprof_pprof_decode(bytes.data, bytes.len, (size_t)64 << 20, &p,
                            &err) != 0) {
        fail_msg("%s", err.message);
    }
    evprof_buf_free(&bytes);
    return p;
}

static bool
has_function(const evprof_pprof_t *p, const evprof_sample_t *sample,
             const char *name)
{
    for (uint32_t i = 0; i < sample->location_count; i++) {
        const evprof_location_t *at = &p->locations[sample->locations[i]];
        for (uint32_t k = 0; k < at->line_count; k++) {
            if (strcmp(p->functions[at->lines[k].function].name, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* The sum of a column over the samples with that function, NULL: over all. */
static int64_t
sum_of(const evprof_pprof_t *p, int column, const char *function)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        if (function == NULL || has_function(p, &p->samples[i], function)) {
            sum += p->samples[i].values[column];
        }
    }
    return sum;
}

static bool
has_comment(const evprof_pprof_t *p, const char *part)
{
    bool has = false;
    for (size_t i = 0; i < p->comment_count; i++) {
        has = has || strstr(p->comments[i], part) != NULL;
    }
    return has;
}

static void
assert_near(int64_t got, int64_t want, int percent)
{
    int64_t off = got > want ? got - want : want - got;
    if (off * 100 > want * percent) {
        fail_msg("%" PRId64 " is not within %d%% of %" PRId64, got, percent,
                 want);
    }
}

static void
test_columns(void **state)
{
    (void)state;
    static const char *const names[COLUMNS] = { "alloc_objects", "alloc_space",
                                                "inuse_objects",
                                                "inuse_space" };
    static const char *const units[COLUMNS] = { "count", "bytes", "count",
                                                "bytes" };
    keep_blocks(4096, 100);
    evprof_pprof_t *p = take_profile("heap");
    assert_int_equal(p->type_count, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++) {
        assert_string_equal(p->types[i].type, names[i]);
        assert_string_equal(p->types[i].unit, units[i]);
    }
    assert_string_equal(p->period_type.type, "space");
    assert_string_equal(p->period_type.unit, "bytes");
    assert_int_equal(p->period, 4096);
    assert_string_equal(p->default_type, "inuse_space");
    assert_int_equal(p->duration_ns, 0);
    assert_true(p->time_ns > 0);
    /* 4 KiB is a narrow interval, and all that was to be had is there. */
    assert_true(has_comment(p, "evprof: "));
    assert_false(has_comment(p, "hardly show"));
    assert_false(has_comment(p, "was reached"));
    evprof_pprof_free(p);
    p = take_profile("allocs");
    assert_string_equal(p->default_type, "alloc_space");
    assert_int_equal(p->type_count, COLUMNS);
    evprof_pprof_free(p);
    drop_blocks();
}

/* 40 MB kept, 80 MB passing through: 10,000 and 20,000 samples, so that the
 * standard error is 1 % at most; four of them are allowed. */
static void
test_truth(void **state)
{
    (void)state;
    evprof_pprof_t *before = take_profile("heap");
    keep_blocks(1000, 20000);
    keep_blocks(3000, 6827);
    churn_blocks(512, 160000);
    evprof_pprof_t *after = take_profile("heap");
    int64_t kept_bytes = 20000LL * 1024 + 6827LL * 3072;
    int64_t churned = sum_of(after, ALLOC_BYTES, "churn_blocks") -
                      sum_of(before, ALLOC_BYTES, "churn_blocks");
    int64_t in_use = sum_of(after, IN_USE_BYTES, "keep_blocks") -
                     sum_of(before, IN_USE_BYTES, "keep_blocks");
    int64_t objects = sum_of(after, ALLOC_OBJECTS, "churn_blocks") -
                      sum_of(before, ALLOC_OBJECTS, "churn_blocks");
    assert_near(in_use, kept_bytes, 4);
    assert_near(churned, 160000LL * 512, 4);
    assert_near(objects, 160000, 4);
    assert_int_equal(sum_of(after, IN_USE_BYTES, "churn_blocks"), 0);
    evprof_pprof_free(before);
    drop_blocks();
    evprof_pprof_t *freed = take_profile("heap");
    assert_int_equal(sum_of(freed, IN_USE_BYTES, "keep_blocks"), 0);
    assert_int_equal(sum_of(freed, ALLOC_BYTES, "keep_blocks"),
                     sum_of(after, ALLOC_BYTES, "keep_blocks"));
    evprof_pprof_free(after);
    evprof_pprof_free(freed);
}

/* No frame of the allocator or of ours; labels and addresses as readers of
 * deltas need them. */
static void
test_stacks(void **state)
{
    (void)state;
    keep_blocks(2000, 500);
    evprof_pprof_t *p = take_profile("heap");
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *at = &p->locations[i];
        assert_int_not_equal(at->address, 0);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(p->locations[k].address, at->address);
        }
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        assert_true(sample->location_count > 0);
        const evprof_location_t *leaf = &p->locations[sample->locations[0]];
        if (leaf->mapping != EVPROF_NO_INDEX) {
            const char *file = p->mappings[leaf->mapping].file;
            assert_null(strstr(file, "jemalloc"));
            assert_null(strstr(file, "libevprof"));
        }
        assert_false(has_function(p, sample, "run_tasks"));
        assert_int_equal(sample->label_count, 1);
        assert_string_equal(sample->labels[0].key, "bytes");
        assert_null(sample->labels[0].text);
        assert_true(sample->labels[0].number > 0);
        if (has_function(p, sample, "keep_blocks")) {
            assert_string_equal(p->functions[leaf->lines[0].function].name,
                                "keep_blocks");
        }
    }
    evprof_pprof_free(p);
    drop_blocks();
}

/* The number at `*at`, which must be followed by `end`; moves behind it. */
static int64_t
take_number(char **at, const char *end)
{
    char *rest = NULL;
    int64_t value = strtoll(*at, &rest, 10);
    assert_memory_equal(rest, end, strlen(end));
    *at = rest + strlen(end);
    return value;
}

static void
test_text(void **state)
{
    (void)state;
    static const char head[] = "heap profile: ";
    evprof_buf_t text = { 0 };
    evprof_buf_t allocs = { 0 };
    keep_blocks(8192, 1000);
    take_bytes("heap", 1, &text);
    assert_memory_equal(text.data, head, strlen(head));
    char *at = text.data + strlen(head);
    int64_t objects = take_number(&at, ": ");
    int64_t bytes = take_number(&at, " [");
    assert_true(take_number(&at, ": ") >= objects);
    assert_true(take_number(&at, "] @ heap/") > bytes);
    assert_int_equal(take_number(&at, "\n"), 2 * 4096);
    /* The largest in use come first. */
    int64_t last = INT64_MAX;
    while (*at >= '0' && *at <= '9') {
        (void)take_number(&at, ": ");
        int64_t value = take_number(&at, " [");
        assert_true(value <= last);
        last = value;
        at = strstr(at, "\n\n") + 2;
    }
    char *line = strstr(text.data, "\tkeep_blocks+0x");
    assert_non_null(line);
    assert_non_null(strstr(line, "test_heap.c:"));
    assert_non_null(strstr(text.data, "\n# jemalloc\n# Allocated = "));
    assert_non_null(strstr(text.data, "\n# MaxRSS = "));
    take_bytes("allocs", 2, &allocs);
    assert_memory_equal(allocs.data, head, strlen(head));
    evprof_buf_free(&text);
    evprof_buf_free(&allocs);
    drop_blocks();
}

/* Sums up the cumulative columns by stack (addresses and label). */
static int64_t
alloc_of_same(const evprof_pprof_t *p, const evprof_pprof_t *in,
              const evprof_sample_t *wanted, int column)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        bool is_same = sample->location_count == wanted->location_count &&
                       sample->labels[0].number == wanted->labels[0].number;
        for (uint32_t k = 0; is_same && k < wanted->location_count; k++) {
            is_same = p->locations[sample->locations[k]].address ==
                      in->locations[wanted->locations[k]].address;
        }
        if (is_same) {
            return sample->values[column];
        }
    }
    return -1;
}

static void
test_cumulative_is_monotone(void **state)
{
    (void)state;
    evprof_pprof_t *last = take_profile("allocs");
    for (int round = 0; round < 30; round++) {
        /* Few samples of far apart sizes at one place: the rounding of the
         * average alone moves the scaled counts by a fifth. */
        bool is_large = round % 3 == 2;
        churn_blocks(is_large ? 8192 : 16, is_large ? 1 : 256);
        evprof_pprof_t *now = take_profile("allocs");
        for (size_t i = 0; i < last->sample_count; i++) {
            const evprof_sample_t *was = &last->samples[i];
            for (int column = ALLOC_OBJECTS; column <= ALLOC_BYTES; column++) {
                assert_true(alloc_of_same(now, last, was, column) >=
                            was->values[column]);
            }
        }
        evprof_pprof_free(last);
        last = now;
    }
    evprof_pprof_free(last);
}

/* Which of two calls is made tells 2^depth stacks apart. */
__attribute__((noinline)) static void
branch_and_keep(unsigned bits, unsigned depth)
{
    if (depth == 0) {
        keep_blocks(4096, 16);
    } else if (bits % 2 == 0) {
        branch_and_keep(bits / 2, depth - 1);
        __asm__ volatile("");
    } else {
        branch_and_keep(bits / 2, depth - 1);
        __asm__ volatile("" ::: "memory");
    }
}

/* More stacks than may be kept: they are shortened, nothing is lost. */
static void
test_max_stacks(void **state)
{
    (void)state;
    enum { DEPTH = 10, MAX_STACKS = 256 };
    evprof_free(prof);
    open_profiler("pprof { profile heap { max_stacks 256; } }\n");
    evprof_pprof_t *before = take_profile("heap");
    for (unsigned i = 0; i < 1u << DEPTH; i++) {
        branch_and_keep(i, DEPTH);
    }
    evprof_pprof_t *after = take_profile("heap");
    assert_near(sum_of(after, IN_USE_BYTES, NULL) -
                    sum_of(before, IN_USE_BYTES, NULL),
                (16LL << DEPTH) * 4096, 4);
    assert_true(after->sample_count <= MAX_STACKS + MAX_STACKS / 8 + 1);
    assert_true(sum_of(after, IN_USE_BYTES, "evprof_heap_more_stacks") > 0);
    assert_true(sum_of(after, IN_USE_BYTES, "main") > 0);
    assert_true(has_comment(after, "max_stacks (256) was reached: "));
    evprof_pprof_free(before);
    evprof_pprof_free(after);
    evprof_free(prof);
    open_profiler(CONF);
    drop_blocks();
}

static void *
current_hook(void)
{
    void *hook = NULL;
    size_t len = sizeof(hook);
    assert_int_equal(
        mallctl("experimental.hooks.prof_backtrace", &hook, &len, NULL, 0), 0);
    return hook;
}

static bool
is_sampling(void)
{
    bool active = false;
    size_t len = sizeof(active);
    assert_int_equal(mallctl("prof.active", &active, &len, NULL, 0), 0);
    return active;
}

static void
test_off_and_on(void **state)
{
    (void)state;
    evprof_error_t err;
    keep_blocks(5000, 1000);
    evprof_pprof_t *before = take_profile("heap");
    void *ours = current_hook();
    assert_true(is_sampling());
    evprof_free(prof);
    assert_false(is_sampling());
    void *theirs = current_hook();
    /* What was sampled is not forgotten meanwhile. */
    open_profiler(CONF);
    assert_true(is_sampling());
    assert_ptr_equal(current_hook(), ours);
    evprof_pprof_t *after = take_profile("heap");
    assert_int_equal(sum_of(before, IN_USE_BYTES, "keep_blocks"),
                     sum_of(after, IN_USE_BYTES, "keep_blocks"));
    evprof_pprof_free(before);
    evprof_pprof_free(after);
    /* Another interval would forget it, and is refused. */
    evprof_free(prof);
    assert_ptr_equal(current_hook(), theirs);
    write_conf("pprof { profile heap { sample_interval 8k; } }\n");
    prof = evprof_new(conf_path, &err);
    assert_null(prof);
    assert_int_equal(err.status, EVPROF_ESTATE);
    assert_non_null(strstr(
        err.message, "heap: sample_interval cannot change from 4096 to 8192 "
                     "bytes while the program runs: what is allocated would be "
                     "forgotten; start it again"));
    open_profiler(CONF);
    drop_blocks();
}

static void
reload(const char *conf, int expected, evprof_error_t *err)
{
    write_conf(conf);
    int status = evprof_reload(prof, err);
    if (status != expected) {
        fail_msg("%d instead of %d: %s", status, expected, err->message);
    }
}

/* Outside of handlers stacks may be libunwind's, which finds the same. */
static void
test_libunwind(void **state)
{
    (void)state;
    evprof_error_t err = { .message = "" };
    reload("pprof { profile heap { sample_interval 4k; unwinder fp; } }\n",
           EVPROF_EPARSE, &err);
    assert_non_null(strstr(err.message, "\"unwinder\" cannot be \"fp\""));
    reload("pprof { profile heap { sample_interval 4k; unwinder libunwind; } "
           "}\n",
           0, &err);
    keep_blocks(5000, 2000);
    evprof_pprof_t *p = take_profile("heap");
    size_t found = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        const evprof_location_t *leaf = &p->locations[sample->locations[0]];
        if (has_function(p, sample, "keep_blocks") &&
            has_function(p, sample, "test_libunwind")) {
            assert_string_equal(p->functions[leaf->lines[0].function].name,
                                "keep_blocks");
            assert_true(has_function(p, sample, "main"));
            found++;
        }
    }
    assert_true(found > 0);
    evprof_pprof_free(p);
    drop_blocks();
    reload(CONF, 0, &err);
}

static void
test_reload(void **state)
{
    (void)state;
    evprof_error_t err = { .message = "" };
    evprof_buf_t bytes = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&bytes);
    void *ours = current_hook();
    reload("pprof { profile heap { sample_interval 8k; } }\n", EVPROF_ESTATE,
           &err);
    assert_non_null(strstr(err.message, "sample_interval cannot change from "
                                        "4096 to 8192 bytes"));
    evprof_pprof_free(take_profile("heap"));
    reload("pprof { profile heap { mallctl_prefix x_; } }\n", 0, &err);
    assert_int_equal(
        evprof_profile_write(evprof_lookup(prof, "heap"), &writer, 0, &err),
        EVPROF_ENOTSUP);
    evprof_pprof_free(take_profile("allocs"));
    reload("pprof { profile heap off; }\n", 0, &err);
    assert_true(is_sampling());
    reload("pprof { profile heap off; profile allocs off; }\n", 0, &err);
    assert_false(is_sampling());
    assert_ptr_not_equal(current_hook(), ours);
    assert_null(evprof_lookup(prof, "heap"));
    reload(CONF, 0, &err);
    assert_true(is_sampling());
    assert_ptr_equal(current_hook(), ours);
    evprof_pprof_free(take_profile("heap"));
    evprof_buf_free(&bytes);
}

static void
test_no_memory_file(void **state)
{
    (void)state;
    struct rlimit limit;
    evprof_buf_t bytes = { 0 };
    evprof_error_t err = { .message = "" };
    evprof_writer_t writer = evprof_writer_buf(&bytes);
    take_bytes("heap", 0, &bytes); /* the worker's own descriptors exist now */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = { .rlim_cur = 3, .rlim_max = limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int status =
        evprof_profile_write(evprof_lookup(prof, "heap"), &writer, 0, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(status, EVPROF_EIO);
    assert_non_null(strstr(err.message,
                           "heap: jemalloc could not write its dump: "
                           "Too many open files"));
    evprof_buf_free(&bytes);
    evprof_pprof_free(take_profile("heap"));
}

static void
test_full_disk(void **state)
{
    (void)state;
    evprof_error_t err = { .message = "" };
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    evprof_writer_t writer = evprof_writer_fd(fd);
    assert_int_equal(
        evprof_profile_write(evprof_lookup(prof, "heap"), &writer, 0, &err),
        EVPROF_EIO);
    assert_string_equal(err.message, "the profile cannot be written: no space "
                                     "left on device");
    close(fd);
    evprof_pprof_free(take_profile("heap"));
}

/* Bytes in use by keep_blocks(), -1 when there is no profile. Without asserts:
 * it runs in a child. */
static int64_t
kept_bytes_now(void)
{
    evprof_error_t err;
    evprof_buf_t bytes = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&bytes);
    evprof_pprof_t *p = NULL;
    if (evprof_profile_write(evprof_lookup(prof, "heap"), &writer, 0, &err) !=
            0 ||
        evprof_pprof_decode(bytes.data, bytes.len, (size_t)64 << 20, &p,
                            &err) != 0) {
        evprof_buf_free(&bytes);
        return -1;
    }
    int64_t sum = sum_of(p, IN_USE_BYTES, "keep_blocks");
    evprof_pprof_free(p);
    evprof_buf_free(&bytes);
    return sum;
}

/* Each profile of the child shows what it allocated since the one before. */
static int
run_child(void)
{
    int64_t first = kept_bytes_now();
    keep_blocks(4096, 500);
    int64_t second = kept_bytes_now();
    keep_blocks(4096, 500);
    int64_t third = kept_bytes_now();
    return first > 0 && second > first && third > second ? 0 : 1;
}

/* The child of a fork takes profiles of its own, and the parent goes on. */
static void
test_fork(void **state)
{
    (void)state;
    keep_blocks(4096, 500);
    for (int i = 0; i < 10; i++) {
        evprof_pprof_free(take_profile("heap"));
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit(run_child());
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    drop_blocks();
}

static atomic_bool is_over;

static void *
take_again_and_again(void *arg)
{
    unsigned *taken = arg;
    while (!is_over) {
        *taken += kept_bytes_now() > 0;
    }
    return arg;
}

/* Forks that fall into the middle of dumps. */
static void
test_fork_during_dump(void **state)
{
    (void)state;
    pthread_t thread;
    unsigned taken = 0;
    keep_blocks(4096, 2000);
    assert_int_equal(
        pthread_create(&thread, NULL, take_again_and_again, &taken), 0);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            /* A child that waits for a lock of its parent's would stay. */
            (void)alarm(30);
            _exit(kept_bytes_now() > 0 ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    is_over = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(taken > 0);
    drop_blocks();
}

static int
set_up(void **state)
{
    (void)state;
    int fd = mkstemp(conf_path);
    if (fd < 0) {
        return -1;
    }
    close(fd);
    open_profiler(CONF);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    evprof_free(prof);
    return unlink(conf_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_cumulative_is_monotone),
        cmocka_unit_test(test_off_and_on),
        cmocka_unit_test(test_max_stacks),
        cmocka_unit_test(test_libunwind),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_no_memory_file),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_during_dump),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
