/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets are never in memory from malloc: freed blocks would keep them, and
 * core files of the server, which people send to each other, would contain
 * them.
 */
#include "core/access/secret.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool
evprof_secret_init(evprof_secret_t *secret, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded = (size + page - 1) / page * page;
    void *pages = mmap(NULL, rounded, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return false;
    }
    if (madvise(pages, rounded, MADV_DONTDUMP) != 0) {
        munmap(pages, rounded);
        return false;
    }
    *secret = (evprof_secret_t){ .data = pages, .size = rounded };
    return true;
}

void
evprof_secret_fini(evprof_secret_t *secret)
{
    if (secret->data != NULL) {
        explicit_bzero(secret->data, secret->size);
        munmap(secret->data, secret->size);
        *secret = (evprof_secret_t){ 0 };
    }
}

static const char *
read_into(evprof_secret_t *out, int fd, size_t max_bytes)
{
    while (out->len <= max_bytes) {
        ssize_t n = read(fd, out->data + out->len, max_bytes + 1 - out->len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return "cannot be read";
        }
        if (n == 0) {
            out->data[out->len] = '\0';
            return NULL;
        }
        out->len += (size_t)n;
    }
    return "is too large";
}

const char *
evprof_secret_read(evprof_secret_t *out, const char *path, size_t max_bytes,
                   evprof_file_id_t *id)
{
    int fd = -1;
    evprof_file_id_t opened;
    const char *fault = evprof_source_open(path, max_bytes, &fd, &opened);
    if (fault != NULL) {
        return fault;
    }
    if (id != NULL) {
        *id = opened;
    }
    /* As few pages as possible, since all are overwritten at the end. */
    size_t most = opened.size > 0 ? (size_t)opened.size : max_bytes;
    if (!evprof_secret_init(out, most + 2)) {
        fault = "does not fit into memory";
    } else {
        fault = read_into(out, fd, most);
    }
    close(fd);
    if (fault != NULL) {
        evprof_secret_fini(out);
    }
    return fault;
}

bool
evprof_secret_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    /* Volatile, so that no compiler ends the loop at the first difference. */
    volatile unsigned char difference = a_len == b_len ? 0 : 1;
    for (size_t i = 0; i < b_len; i++) {
        unsigned char mine = a_len == 0 ? 0 : (unsigned char)a[i % a_len];
        difference = (unsigned char)(difference | (mine ^ (unsigned char)b[i]));
    }
    return difference == 0;
}
