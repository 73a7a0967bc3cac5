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

#include "core/analysis/gzip_parallel.h"
#include "core/base/error.h"
#include "core/base/path.h"

#define MAX_NUMBER 10000

/* mkdir -p; false: `path` ends where it failed, and errno says why. */
static bool
make_folder(char *path)
{
    struct stat st;
    for (char *c = path + 1;; c++) {
        char end = *c;
        if (end != '/' && end != '\0') {
            continue;
        }
        *c = '\0';
        bool is_there = stat(path, &st) == 0;
        if (is_there && !S_ISDIR(st.st_mode)) {
            errno = ENOTDIR;
            return false;
        }
        if (!is_there && mkdir(path, 0700) != 0 && errno != EEXIST) {
            return false;
        }
        *c = end;
        if (end == '\0') {
            return true;
        }
    }
}

static bool
is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

/* Appends `path` without empty parts, "." and "..", as Go joins paths. */
static void
add_clean(evprof_buf_t *out, const char *path)
{
    size_t root = path[0] == '/' ? 1 : 0;
    size_t kept = 0; /* parts that a ".." can take back */
    evprof_buf_puts(out, root == 1 ? "/" : "");
    while (*path != '\0' && !out->failed) {
        size_t len = strcspn(path, "/");
        bool is_up = len == 2 && memcmp(path, "..", 2) == 0;
        if (is_up && kept > 0) {
            const char *slash = memrchr(out->data, '/', out->len);
            size_t cut = slash == NULL ? 0 : (size_t)(slash - out->data);
            out->len = cut < root ? root : cut;
            kept--;
        } else if (len > 0 && !(len == 1 && path[0] == '.') &&
                   !(is_up && root == 1)) {
            evprof_buf_puts(out, out->len > root ? "/" : "");
            evprof_buf_add(out, path, len);
            kept += is_up ? 0 : 1;
        }
        path += len + (path[len] == '/');
    }
    evprof_buf_puts(out, out->len == 0 ? "." : "");
    if (!out->failed) {
        out->data[out->len] = '\0';
    }
}

/* Tries one folder; what is wrong with it is noted. */
static bool
try_folder(const char *said, evprof_buf_t *out, evprof_buf_t *notes)
{
    char reason[EVPROF_ERRNO_TEXT_SIZE];
    char *path = strdup(said);
    bool is_made = path != NULL && make_folder(path);
    if (is_made) {
        add_clean(out, said);
    } else if (path != NULL) {
        evprof_errno_text(errno, reason, sizeof(reason));
        evprof_buf_printf(notes,
                          "%s cannot hold saved profiles: making %s: %s\n",
                          said, path, reason);
    }
    free(path);
    return is_made && !out->failed;
}

static int
find_folder(evprof_buf_t *out, evprof_buf_t *notes, evprof_error_t *err)
{
    const char *own = getenv("PPROF_TMPDIR");
    const char *home = getenv("HOME");
    const char *tmp = getenv("TMPDIR");
    if (is_set(own) && try_folder(own, out, notes)) {
        return EVPROF_OK;
    }
    if (is_set(home)) {
        evprof_buf_t below = { 0 };
        evprof_buf_printf(&below, "%s/pprof", home);
        bool is_made = !below.failed && try_folder(below.data, out, notes);
        evprof_buf_free(&below);
        if (is_made) {
            return EVPROF_OK;
        }
    }
    return try_folder(is_set(tmp) ? tmp : "/tmp", out, notes)
               ? EVPROF_OK
               : evprof_fail(
                     err, EVPROF_ENOENT,
                     "no folder can be written to: set PPROF_TMPDIR to one");
}

/* A part of a file's name and a dot. It comes from the network: it may neither
 * name another folder nor steer a terminal. */
static void
add_word(evprof_buf_t *name, const char *word)
{
    for (; *word != '\0'; word++) {
        bool is_plain = (unsigned char)*word > ' ' && *word != 0x7f;
        evprof_buf_putc(name, is_plain && *word != '/' ? *word : '_');
    }
    evprof_buf_putc(name, '.');
}

static void
add_prefix(evprof_buf_t *name, const evprof_pprof_t *p)
{
    evprof_buf_puts(name, "/pprof.");
    if (p->mapping_count > 0 && p->mappings[0].file[0] != '\0') {
        add_word(name, evprof_path_leaf(p->mappings[0].file));
    }
    for (size_t i = 0; i < p->type_count; i++) {
        add_word(name, p->types[i].type);
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
        fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
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
    char reason[EVPROF_ERRNO_TEXT_SIZE];
    evprof_writer_t out = evprof_writer_fd(fd);
    int status = evprof_buf_write(body, &out);
    int why = errno;
    if (close(fd) != 0 && status == EVPROF_OK) {
        status = EVPROF_EIO;
        why = errno;
    }
    if (status != EVPROF_OK) {
        unlink(name);
        return evprof_fail(err, status, "%s: write: %s", name,
                           evprof_errno_text(why, reason, sizeof(reason)));
    }
    return EVPROF_OK;
}

int
evprof_fetch_save(const evprof_pprof_t *p, const evprof_buf_t *body,
                  evprof_buf_t *name, evprof_buf_t *notes, evprof_error_t *err)
{
    char reason[EVPROF_ERRNO_TEXT_SIZE];
    int status = find_folder(name, notes, err);
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
        status = evprof_fail(err, EVPROF_EIO, "%s cannot be made: %s",
                             name->failed ? "a file" : name->data,
                             evprof_errno_text(errno, reason, sizeof(reason)));
    }
    evprof_buf_free(&made);
    return status;
}
