/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers find each other by the names of their sockets, which nobody can take
 * before them, and an ask arrives as it was sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/gather/peers.h"

/* A name that was taken would make the second one fail. */
static void
test_names_differ(void **state)
{
    (void)state;
    int first = evprof_peers_listen();
    int second = evprof_peers_listen();
    assert_true(first >= 0);
    assert_true(second >= 0);
    close(first);
    close(second);
}

/* In another process; 0: it has asked its parent. */
static int
ask_parent(void)
{
    static evprof_peer_t peers[EVPROF_PEERS_MAX];
    const evprof_gather_ask_t ask = {
        .profile = "cpu", .seconds = 1.5, .rate = 99, .gc = true
    };
    size_t count = evprof_peers_list(peers);
    for (size_t i = 0; i < count; i++) {
        if (peers[i].pid == getppid()) {
            return evprof_peer_ask(&peers[i], &ask) >= 0 ? 0 : 1;
        }
    }
    return 2;
}

static void
test_an_ask_arrives(void **state)
{
    (void)state;
    int fd = evprof_peers_listen();
    assert_true(fd >= 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(ask_parent());
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    int other = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    evprof_gather_ask_t ask;
    char profile[64];
    assert_true(other >= 0);
    assert_true(evprof_peer_is_ours(other));
    assert_true(evprof_peer_read(other, profile, &ask));
    assert_string_equal(profile, "cpu");
    assert_true(ask.seconds > 1.49 && ask.seconds < 1.51);
    assert_int_equal(ask.rate, 99);
    assert_true(ask.gc);
    close(other);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_an_ask_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
