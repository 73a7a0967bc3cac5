/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that runs its own file again has our variables again, and what that
 * takes leaves nothing behind, also where a child of vfork does it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/preload/own_image.h"

#define OURS "/some/where/libevprof_preload.so"

static int
begin(void **state)
{
    (void)state;
    setenv("LD_PRELOAD", OURS, 1);
    setenv("EVPROF_LISTEN", "unix:here", 1);
    unsetenv("EVPROF_CONF");
    unsetenv("EVPROF_FILES");
    evprof_preload_image_begin();
    unsetenv("LD_PRELOAD");
    return 0;
}

/* Joins the environment to `image`, a text of the test's. */
static int
join(const void *image, char *const environment[])
{
    char *text = *(char *const *)image;
    for (; *environment != NULL; environment++) {
        text = stpcpy(stpcpy(text, *environment), "\n");
    }
    return 7;
}

static void
test_what_it_finds_again(void **state)
{
    (void)state;
    char text[1024] = "";
    char *image = text;
    char own[] = "A=1";
    char theirs[] = "LD_PRELOAD=theirs.so";
    char listen[] = "EVPROF_LISTEN=unix:there";
    char *const bare[] = { own, NULL };
    char *const full[] = { own, theirs, listen, NULL };
    assert_int_equal(evprof_preload_run_restored(join, &image, bare, true), 7);
    assert_string_equal(text,
                        "A=1\nLD_PRELOAD=" OURS "\nEVPROF_LISTEN=unix:here\n");
    assert_int_equal(evprof_preload_run_restored(join, &image, full, true), 7);
    assert_string_equal(text, "A=1\nEVPROF_LISTEN=unix:there\nLD_PRELOAD=" OURS
                              ":theirs.so\n");
}

static void
begin_with(const char *list)
{
    setenv("LD_PRELOAD", list, 1);
    evprof_preload_image_begin();
    unsetenv("LD_PRELOAD");
}

/* What else was preloaded another program has in the environment that it is
 * given, or is not to have. */
static void
test_other_libraries_are_not_ours(void **state)
{
    (void)state;
    char text[1024] = "";
    char *image = text;
    char *const bare[] = { NULL };
    begin_with("other.so:" OURS ":another.so");
    assert_int_equal(evprof_preload_run_restored(join, &image, bare, false), 7);
    assert_string_equal(text, "LD_PRELOAD=" OURS "\nEVPROF_LISTEN=unix:here\n");
    assert_int_equal(evprof_preload_run_restored(join, &image, bare, true), 7);
    assert_string_equal(text, "LD_PRELOAD=other.so:" OURS
                              ":another.so\nEVPROF_LISTEN=unix:here\n");
    begin_with(OURS);
}

/* The folders of libraries may be others for what the program runs. */
static void
test_a_name_without_a_folder(void **state)
{
    (void)state;
    char text[1024] = "";
    char *image = text;
    char *const bare[] = { NULL };
    begin_with("libevprof_preload.so");
    assert_int_equal(evprof_preload_run_restored(join, &image, bare, false), 7);
    assert_memory_equal(text, "LD_PRELOAD=/", strlen("LD_PRELOAD=/"));
    begin_with(OURS);
}

static void
test_a_sanitizer_is_the_first(void **state)
{
    (void)state;
    char text[1024] = "";
    char *image = text;
    char theirs[] = "LD_PRELOAD=/lib/libasan.so.8:theirs.so";
    char listen[] = "EVPROF_LISTEN=unix:there";
    char *const full[] = { theirs, listen, NULL };
    assert_int_equal(evprof_preload_run_restored(join, &image, full, true), 7);
    assert_string_equal(text, "EVPROF_LISTEN=unix:there\nLD_PRELOAD="
                              "/lib/libasan.so.8:theirs.so:" OURS "\n");
}

/* The pages that are mapped, without an allocation that would map some. */
static long
count_pages(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    return strtol(text, NULL, 10);
}

/* As an exec that succeeds it does not return. */
static int
become(const void *image, char *const environment[])
{
    (void)image;
    _exit(environment[0] == NULL);
}

static void
run_in_vfork(char *const environment[])
{
    int status = 1;
    pid_t child = vfork(); // NOLINT: programs do
    if (child == 0) {
        (void)evprof_preload_run_restored(become, NULL, environment, true);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void
test_a_child_of_vfork_leaves_nothing(void **state)
{
    (void)state;
    char own[] = "A=1";
    char *const environment[] = { own, NULL };
    run_in_vfork(environment);
    long pages = count_pages();
    for (int i = 0; i < 100; i++) {
        run_in_vfork(environment);
    }
    assert_int_equal(count_pages(), pages);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_finds_again),
        cmocka_unit_test(test_other_libraries_are_not_ours),
        cmocka_unit_test(test_a_name_without_a_folder),
        cmocka_unit_test(test_a_sanitizer_is_the_first),
        cmocka_unit_test(test_a_child_of_vfork_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
