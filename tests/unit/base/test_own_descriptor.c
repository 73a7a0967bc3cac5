/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor is told from another file that has its number by now. */
#include "core/base/own_descriptor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/base/tests.h"

enum kind { SOCKET, FOLDER, MEMORY, KINDS };

static int
open_one(enum kind kind)
{
    switch (kind) {
    case SOCKET:
        return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    case FOLDER:
        return open("/proc/self/task", O_PATH | O_DIRECTORY | O_CLOEXEC);
    default:
        return memfd_create("own", MFD_CLOEXEC);
    }
}

static void
test_a_file_of_ours(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        int fd = open_one(kind);
        evprof_own_descriptor_t own = evprof_own_descriptor(fd);
        assert_int_equal(own.fd, fd);
        assert_true(evprof_own_descriptor_is_open(&own));
        evprof_own_descriptor_close(&own);
        assert_int_equal(own.fd, -1);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        assert_false(evprof_own_descriptor_is_open(&own));
    }
}

/* Another file of the same kind, and one of each other kind. */
static void
test_a_file_at_its_number(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (enum kind other = 0; other < KINDS; other++) {
            int theirs = kind == FOLDER && other == FOLDER
                             ? open("/", O_PATH | O_CLOEXEC)
                             : open_one(other);
            evprof_own_descriptor_t own = evprof_own_descriptor(open_one(kind));
            int number = own.fd;
            assert_int_equal(dup2(theirs, number), number);
            assert_false(evprof_own_descriptor_is_open(&own));
            evprof_own_descriptor_close(&own);
            assert_int_not_equal(fcntl(number, F_GETFD), -1);
            close(number);
            close(theirs);
        }
    }
}

static void
test_none(void **state)
{
    (void)state;
    int fd = open("/", O_PATH | O_CLOEXEC);
    evprof_own_descriptor_t own = evprof_own_descriptor(fd);
    close(fd);
    assert_false(evprof_own_descriptor_is_open(&own));
    evprof_own_descriptor_close(&own);
    own = evprof_own_descriptor(-1);
    assert_int_equal(own.fd, -1);
    assert_false(evprof_own_descriptor_is_open(&own));
    evprof_own_descriptor_close(&own);
}

int
run_own_descriptor_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_of_ours),
        cmocka_unit_test(test_a_file_at_its_number),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests_name("own descriptor", tests, NULL, NULL);
}
