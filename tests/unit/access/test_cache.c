/* SPDX-License-Identifier: Apache-2.0 */
/* What the credentials' memory does beside a fork. */
#include "core/access/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/access/tests.h"

#define FORKS 200
#define CREDENTIAL "Basic YW5uOnBlYXI="

struct scraper {
    const char *path;
    _Atomic bool is_over;
};

static evprof_file_id_t
id_of(const char *path)
{
    struct stat st;
    evprof_file_id_t id;
    assert_int_equal(stat(path, &st), 0);
    evprof_file_id_of(&st, &id);
    return id;
}

static void *
run_scraper(void *arg)
{
    struct scraper *scraper = arg;
    evprof_file_id_t id = id_of(scraper->path);
    for (unsigned i = 0; !atomic_load(&scraper->is_over); i++) {
        char authorization[32];
        snprintf(authorization, sizeof(authorization), "Bearer %u", i);
        evprof_cache_add(&id, authorization);
    }
    return NULL;
}

/* A worker that is forked while another thread remembers a credential must be
 * able to look its own up. */
static void
test_fork(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *users = test_path(folder, "users");
    struct scraper scraper = { .path = users };
    pthread_t thread;
    int status;
    test_wait_until_settled(users);
    /* As core/runtime has it. */
    pthread_atfork(NULL, NULL, evprof_access_fork_child);
    assert_int_equal(pthread_create(&thread, NULL, run_scraper, &scraper), 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            evprof_file_id_t id = id_of(users);
            evprof_cache_add(&id, CREDENTIAL);
            _exit(evprof_cache_has(users, CREDENTIAL) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&scraper.is_over, true);
    pthread_join(thread, NULL);
    free(users);
    test_folder_remove(folder);
}

int
run_cache_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fork) };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
