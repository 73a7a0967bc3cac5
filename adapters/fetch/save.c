/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is made with O_EXCL under the first free number, so that two fetches
 * at once never share one; it is removed again when it cannot be written whole.
 */
#include "adapters/fetch/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/profile/gzip_parallel.h"

#define MAX_NUMBER 10000

/* mkdir -p; true when it is there afterwards. */
static bool
make_folder(const char *path)
{
    char *copy = strdup(path);
    struct stat st;
    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        if (*c == '/' && c != copy) {
            *c = '\0';
            mkdir(copy, 0755);
            *c = '/';
        }
    }
    bool is_there =
        copy != NULL && (mkdir(copy, 0755) == 0 ||
                         (stat(copy, &st) == 0 && S_ISDIR(st.st_mode)));
    free(copy);
    return is_there;
}

static bool
is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

static int
find_folder(evprof_buf_t *out, evprof_error_t *err)
{
    const char *own = getenv("PPROF_TMPDIR");
    const char *home = getenv("HOME");
    const char *tmp = getenv("TMPDIR");
    for (int i = 0; i < 3; i++) {
        evprof_buf_clear(out);
        if (i == 0 && is_set(own)) {
            evprof_buf_puts(out, own);
        } else if (i == 1 && is_set(home)) {
            evprof_buf_printf(out, "%s/pprof", home);
        } else if (i == 2) {
            evprof_buf_puts(out, is_set(tmp) ? tmp : "/tmp");
        }
        if (out->len > 0 && !out->failed && make_folder(out->data)) {
            return EVPROF_OK;
        }
    }
    return evprof_fail(err, EVPROF_EIO, "failed to identify temp dir");
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static void
add_prefix(evprof_buf_t *name, const evprof_pprof_t *p)
{
    evprof_buf_puts(name, "/pprof.");
    if (p->mapping_count > 0 && p->mappings[0].file[0] != '\0') {
        evprof_buf_printf(name, "%s.", base_name(p->mappings[0].file));
    }
    for (size_t i = 0; i < p->type_count; i++) {
        /* A type comes from the network: it may not name another folder. */
        for (const char *c = p->types[i].type; *c != '\0'; c++) {
            const char *shown = *c == '/' ? "_" : c;
            evprof_buf_putc(name, *shown);
        }
        evprof_buf_putc(name, '.');
    }
}

static int
make_body(const evprof_pprof_t *p, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_buf_t plain = { 0 };
    evprof_writer_t to_plain = evprof_writer_buf(&plain);
    evprof_writer_t to_out = evprof_writer_buf(out);
    int status = evprof_pprof_encode(p, EVPROF_ENCODE_PLAIN, &to_plain, err);
    if (status == EVPROF_OK) {
        status = evprof_gzip_parallel(plain.data, plain.len, &to_out, err);
    }
    evprof_buf_free(&plain);
    return status;
}

/* Opens the first file of that beginning that is not there yet; its name is
 * appended to. Below 0: errno. */
static int
create_file(evprof_buf_t *name)
{
    size_t prefix_len = name->len;
    int fd = -1;
    for (int i = 1; i < MAX_NUMBER && fd < 0 && !name->failed; i++) {
        name->len = prefix_len;
        evprof_buf_printf(name, "%03d.pb.gz", i);
        fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

/* Writes and closes the file. */
static int
write_file(int fd, const char *name, const evprof_buf_t *body,
           evprof_error_t *err)
{
    evprof_writer_t out = evprof_writer_fd(fd);
    int status = evprof_buf_write(body, &out);
    int why = errno;
    if (close(fd) != 0 && status == EVPROF_OK) {
        status = EVPROF_EIO;
        why = errno;
    }
    if (status != EVPROF_OK) {
        unlink(name);
        return evprof_fail(err, status, "write %s: %s", name, strerror(why));
    }
    return EVPROF_OK;
}

int
evprof_fetch_save(const evprof_pprof_t *p, const evprof_buf_t *body,
                  evprof_buf_t *name, evprof_error_t *err)
{
    int status = find_folder(name, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_buf_t made = { 0 };
    if (body == NULL) {
        status = make_body(p, &made, err);
        body = &made;
    }
    add_prefix(name, p);
    int fd = status == EVPROF_OK ? create_file(name) : -1;
    if (fd >= 0) {
        status = write_file(fd, name->data, body, err);
    } else if (status == EVPROF_OK) {
        status =
            evprof_fail(err, EVPROF_EIO, "open %s: %s",
                        name->failed ? "a file" : name->data, strerror(errno));
    }
    evprof_buf_free(&made);
    return status;
}
