/* SPDX-License-Identifier: Apache-2.0 */
#include <evprof/writer.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/status.h>

#include "tests/unit/base/tests.h"

/* The linker gives the library's calls of write() to __wrap_write(). */
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

/* What the next call does: fail with that number, 0: not; and the most that it
 * takes, negative: all. */
static int write_error;
static ssize_t write_most = -1;

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
    if (write_error != 0) {
        errno = write_error;
        write_error = 0;
        return -1;
    }
    if (write_most == 0) {
        return 0;
    }
    return __real_write(
        fd, data,
        write_most > 0 && (size_t)write_most < len ? (size_t)write_most : len);
}

enum { LEN = 300000 };

typedef struct reading {
    int fd;
    char *bytes;
    size_t len;
} reading_t;

static void *
read_all(void *arg)
{
    reading_t *reading = arg;
    ssize_t n;
    while ((n = read(reading->fd, reading->bytes + reading->len,
                     LEN + 1 - reading->len)) > 0) {
        reading->len += (size_t)n;
    }
    return NULL;
}

/* A pipe takes it in parts. */
static void
test_a_descriptor_takes_all(void **state)
{
    (void)state;
    int ends[2];
    pthread_t reader;
    char *bytes = malloc(LEN);
    reading_t reading = { .bytes = malloc(LEN + 1) };
    assert_non_null(bytes);
    assert_non_null(reading.bytes);
    for (int i = 0; i < LEN; i++) {
        bytes[i] = (char)(i % 251);
    }
    assert_int_equal(pipe(ends), 0);
    reading.fd = ends[0];
    assert_int_equal(pthread_create(&reader, NULL, read_all, &reading), 0);
    evprof_writer_t out = evprof_writer_fd(ends[1]);
    assert_int_equal(out.write(out.ctx, bytes, 0), EVPROF_OK);
    assert_int_equal(out.write(out.ctx, bytes, LEN), EVPROF_OK);
    close(ends[1]);
    pthread_join(reader, NULL);
    assert_int_equal(reading.len, LEN);
    assert_memory_equal(reading.bytes, bytes, LEN);
    close(ends[0]);
    free(reading.bytes);
    free(bytes);
}

static void
test_a_stream_takes_all(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    evprof_writer_t out = evprof_writer_file(file);
    assert_int_equal(out.write(out.ctx, "one ", 4), EVPROF_OK);
    assert_int_equal(out.write(out.ctx, "two", 3), EVPROF_OK);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "one two");
    free(text);
}

static void
test_a_full_device_is_told(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    evprof_writer_t out = evprof_writer_fd(fd);
    assert_int_equal(out.write(out.ctx, "x", 1), EVPROF_EIO);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(setvbuf(file, NULL, _IONBF, 0), 0);
    out = evprof_writer_file(file);
    assert_int_equal(out.write(out.ctx, "x", 1), EVPROF_EIO);
    (void)fclose(file);
}

/* Writing goes on after a signal and after a part, and ends where nothing is
 * taken. */
static void
test_parts_and_interruptions(void **state)
{
    static const struct {
        int error;
        ssize_t most;
        int status;
    } cases[] = { { 0, -1, EVPROF_OK },       { EINTR, -1, EVPROF_OK },
                  { EINTR, 1, EVPROF_OK },    { EIO, -1, EVPROF_EIO },
                  { EAGAIN, -1, EVPROF_EIO }, { 0, 0, EVPROF_EIO } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int ends[2];
        char got[8] = "";
        assert_int_equal(pipe(ends), 0);
        evprof_writer_t out = evprof_writer_fd(ends[1]);
        write_error = cases[i].error;
        write_most = cases[i].most;
        int status = out.write(out.ctx, "hello", 5);
        write_most = -1;
        close(ends[1]);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(read(ends[0], got, sizeof(got)),
                         status == EVPROF_OK ? 5 : 0);
        assert_string_equal(got, status == EVPROF_OK ? "hello" : "");
        close(ends[0]);
    }
}

int
run_writer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_descriptor_takes_all),
        cmocka_unit_test(test_a_stream_takes_all),
        cmocka_unit_test(test_a_full_device_is_told),
        cmocka_unit_test(test_parts_and_interruptions),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
