/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds are passed when they are, by readings of which the time is made up;
 * and what is kept in a folder stays within its bounds.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/runtime/gauge.h"
#include "core/runtime/kept_files.h"

#define SECOND_NS INT64_C(1000000000)

static evprof_gauge_t gauge;
static const char *reason;
static char text[256];

static bool
add(const evprof_watch_conf_t *conf, int64_t second, int64_t cpu_ms,
    int64_t rss)
{
    const evprof_usage_t usage = { .now_ns = second * SECOND_NS,
                                   .cpu_ns = cpu_ms * 1000000,
                                   .rss_bytes = rss,
                                   .threads = 3 };
    return evprof_gauge_add(&gauge, &usage, conf, &reason, text, sizeof(text));
}

static void
test_cpu(void **state)
{
    (void)state;
    const evprof_watch_conf_t conf = { .cpu_percent = 80,
                                       .cpu_for_ns = 10 * SECOND_NS };
    evprof_gauge_clear(&gauge);
    /* Busy for ten seconds, of which the first reading knows nothing. */
    for (int64_t s = 1; s <= 10; s++) {
        assert_false(add(&conf, s, s * 900, 0));
    }
    assert_true(add(&conf, 11, 9900, 0));
    assert_string_equal(reason, "cpu");
    assert_string_equal(text,
                        "90 % of a CPU were used over 10.0 s, more than 80 %");
    /* Idle since: the mean falls below in time. */
    assert_true(add(&conf, 12, 9900, 0));
    assert_false(add(&conf, 13, 9900, 0));
}

static void
test_growth(void **state)
{
    (void)state;
    const evprof_watch_conf_t conf = { .rss_growth_percent = 20,
                                       .rss_growth_in_ns = 60 * SECOND_NS };
    evprof_gauge_clear(&gauge);
    for (int64_t s = 1; s <= 200; s++) {
        assert_false(add(&conf, s, 0, 1000000 + s * 1000));
    }
    assert_true(add(&conf, 201, 0, 1500000));
    assert_string_equal(reason, "rss_growth");
    /* A look back of a day fits as well. */
    const evprof_watch_conf_t day = { .rss_growth_percent = 20,
                                      .rss_growth_in_ns = 86400 * SECOND_NS };
    evprof_gauge_clear(&gauge);
    for (int64_t s = 1; s <= 90000; s++) {
        assert_false(add(&day, s, 0, 1000));
    }
    assert_true(add(&day, 90001, 0, 1300));
}

/* A short look back beside a long one: thirty busy seconds in an idle hour. */
static void
test_both(void **state)
{
    (void)state;
    const evprof_watch_conf_t conf = { .cpu_percent = 180,
                                       .cpu_for_ns = 10 * SECOND_NS,
                                       .rss_growth_percent = 20,
                                       .rss_growth_in_ns = 3600 * SECOND_NS };
    int64_t cpu_ms = 0;
    evprof_gauge_clear(&gauge);
    for (int64_t s = 1; s <= 3000; s++) {
        assert_false(add(&conf, s, cpu_ms, 1000));
    }
    for (int64_t s = 3001; s <= 3030; s++) {
        cpu_ms += 2000;
        assert_int_equal(add(&conf, s, cpu_ms, 1000), s >= 3010);
    }
    assert_string_equal(reason, "cpu");
    for (int64_t s = 3031; s <= 4000; s++) {
        (void)add(&conf, s, cpu_ms, 1000);
    }
    assert_true(add(&conf, 4001, cpu_ms, 1300));
    assert_string_equal(reason, "rss_growth");
}

static void
test_what_needs_no_past(void **state)
{
    (void)state;
    evprof_gauge_clear(&gauge);
    assert_false(add(&(evprof_watch_conf_t){ .rss_bytes = 5 }, 1, 0, 5));
    assert_true(add(&(evprof_watch_conf_t){ .rss_bytes = 5 }, 1, 0, 6));
    assert_string_equal(reason, "rss");
    assert_false(add(&(evprof_watch_conf_t){ .threads = 3 }, 1, 0, 0));
    assert_true(add(&(evprof_watch_conf_t){ .threads = 2 }, 1, 0, 0));
    assert_string_equal(reason, "threads");
    assert_false(add(&(evprof_watch_conf_t){ .every_ns = 1 }, 1, 0, 0));
}

static void
test_usage(void **state)
{
    (void)state;
    evprof_usage_t usage;
    evprof_usage_read(&usage);
    assert_true(usage.now_ns > 0 && usage.cpu_ns > 0);
    assert_in_range(usage.rss_bytes, 100000, INT64_C(1) << 32);
    assert_in_range(usage.threads, 1, 4);
}

/* ---- Files ---- */

static int
count_files(const char *folder, const char *prefix)
{
    DIR *dir = opendir(folder);
    int count = 0;
    const struct dirent *file;
    assert_non_null(dir);
    while ((file = readdir(dir)) != NULL) {
        count += strncmp(file->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(dir);
    return count;
}

static void
test_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_kept_XXXXXX";
    char command[64];
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    const evprof_kept_files_t files = {
        .folder = folder, .prefix = "ours-", .max_files = 3, .max_bytes = 10
    };
    const evprof_kept_files_t others = {
        .folder = folder, .prefix = "theirs-", .max_files = 1, .max_bytes = 100
    };
    assert_int_equal(
        evprof_kept_files_write(&others, "1", "untouched", 9, &err), 0);
    for (char name[] = "a"; name[0] <= 'f'; name[0]++) {
        assert_int_equal(evprof_kept_files_write(&files, name, "xx", 2, &err),
                         0);
        assert_in_range(count_files(folder, "ours-"), 1, 3);
    }
    assert_int_equal(count_files(folder, "ours-d"), 1);
    /* Five bytes more than two files leave. */
    assert_int_equal(evprof_kept_files_write(&files, "g", "xxxxxxx", 7, &err),
                     0);
    assert_int_equal(count_files(folder, "ours-"), 2);
    assert_int_equal(count_files(folder, "ours-f"), 1);
    assert_int_equal(
        evprof_kept_files_write(&files, "h", "xxxxxxxxxxx", 11, &err),
        EVPROF_ELIMIT);
    assert_int_equal(count_files(folder, "ours-h"), 0);
    assert_int_equal(count_files(folder, "theirs-"), 1);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static int
write_to(const char *folder, const char *name, evprof_error_t *err)
{
    const evprof_kept_files_t files = {
        .folder = folder, .prefix = "ours-", .max_files = 9, .max_bytes = 99
    };
    return evprof_kept_files_write(&files, name, "xx", 2, err);
}

/* Who else may write to a folder, or has put it there, gets nothing. */
static void
test_folder_of_others(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_kept_XXXXXX";
    char link[64];
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(write_to(folder, "a", &err), EVPROF_EIO);
    assert_non_null(strstr(err.message, "writable by other users"));
    assert_int_equal(chmod(folder, 0720), 0);
    assert_int_equal(write_to(folder, "a", &err), EVPROF_EIO);
    assert_int_equal(count_files(folder, "ours-"), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    (void)snprintf(link, sizeof(link), "%s.link", folder);
    assert_int_equal(symlink(folder, link), 0);
    assert_int_equal(write_to(link, "a", &err), EVPROF_EIO);
    (void)snprintf(link, sizeof(link), "%s.link/", folder);
    assert_int_equal(write_to(link, "a", &err), EVPROF_EIO);
    assert_int_equal(write_to(folder, "a", &err), EVPROF_OK);
    if (geteuid() == 0) {
        assert_int_equal(chown(folder, 12345, (gid_t)-1), 0);
        assert_int_equal(write_to(folder, "b", &err), EVPROF_EIO);
        assert_non_null(strstr(err.message, "another user"));
    }
    (void)snprintf(link, sizeof(link), "rm -r %s %s.link", folder, folder);
    assert_int_equal(system(link), 0);
}

/* Links of the names that are written to, and a file that all may read. */
static void
test_planted_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_kept_XXXXXX";
    char at[64];
    evprof_error_t err;
    struct stat st;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(symlink("victim", "ours-a"), 0);
    assert_int_equal(symlink("victim", ".ours-a"), 0);
    int fd = creat("ours-b", 0600);
    assert_true(fd >= 0 && fchmod(fd, 0666) == 0);
    close(fd);
    assert_int_equal(write_to(folder, "a", &err), EVPROF_OK);
    assert_int_equal(write_to(folder, "b", &err), EVPROF_OK);
    assert_int_equal(count_files(folder, "victim"), 0);
    for (char name[] = "ours-a"; name[5] <= 'b'; name[5]++) {
        assert_int_equal(lstat(name, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_size, 2);
    }
    assert_int_equal(chdir("/"), 0);
    (void)snprintf(at, sizeof(at), "rm -r %s", folder);
    assert_int_equal(system(at), 0);
}

/* What a killed writer left does not add to what is kept. */
static void
test_left_over(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_kept_XXXXXX";
    char at[64];
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(at, sizeof(at), "%s/.ours-0.Xab12z", folder);
    close(creat(at, 0600));
    (void)snprintf(at, sizeof(at), "%s/.theirs-0", folder);
    close(creat(at, 0600));
    assert_int_equal(write_to(folder, "a", &err), EVPROF_OK);
    assert_int_equal(count_files(folder, ".ours-"), 0);
    assert_int_equal(count_files(folder, ".theirs-"), 1);
    (void)snprintf(at, sizeof(at), "rm -r %s", folder);
    assert_int_equal(system(at), 0);
}

/* Two threads keep to the bound together. */
static void *
write_ten(void *folder)
{
    const evprof_kept_files_t files = {
        .folder = folder, .prefix = "ours-", .max_files = 3, .max_bytes = 99
    };
    for (char name[] = "0"; name[0] <= '9'; name[0]++) {
        evprof_error_t err;
        char own[32];
        (void)snprintf(own, sizeof(own), "%s-%lx", name,
                       (unsigned long)pthread_self());
        if (evprof_kept_files_write(&files, own, "xx", 2, &err) != EVPROF_OK) {
            return folder;
        }
    }
    return NULL;
}

static void
test_two_writers(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_kept_XXXXXX";
    char command[64];
    pthread_t threads[2];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_ten, folder),
                         0);
    }
    for (int i = 0; i < 2; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(count_files(folder, "ours-"), 3);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_what_needs_no_past),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_folder_of_others),
        cmocka_unit_test(test_planted_files),
        cmocka_unit_test(test_left_over),
        cmocka_unit_test(test_two_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
