/* SPDX-License-Identifier: Apache-2.0 */
#include <evprof/writer.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/status.h>

#include "tests/unit/base/tests.h"

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

int
run_writer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_descriptor_takes_all),
        cmocka_unit_test(test_a_stream_takes_all),
        cmocka_unit_test(test_a_full_device_is_told),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
