/* SPDX-License-Identifier: Apache-2.0 */
/* A list with the object that was asked last in front. What exceeds the bound
 * is closed from its end. */
#include "core/symbol/kept_sources.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <evprof/status.h>

/* The file, its debug file, and the copy whose sections are unpacked. */
#define DESCRIPTORS_AN_OBJECT 3u

struct evprof_kept_source {
    evprof_kept_source_t *next;
    evprof_file_stamp_t stamp;
    evprof_elf_file_t own;
    evprof_symbol_source_t *source;
};

static void
drop(evprof_kept_source_t **at)
{
    evprof_kept_source_t *k = *at;
    *at = k->next;
    if (k->source != NULL) {
        evprof_symbol_source_close(k->source);
    }
    evprof_elf_close(&k->own);
    free(k);
}

/* How many objects may stay open, so that half of the descriptors which the
 * process may have are left. A server's limit of them is its helper's. */
static size_t
most_objects(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0
               ? (size_t)limit.rlim_cur / (2 * DESCRIPTORS_AN_OBJECT)
               : 0;
}

/* Closes everything behind the objects that together are within the bounds. */
static void
trim(evprof_kept_sources_t *kept)
{
    const size_t most = most_objects();
    evprof_kept_source_t **at = &kept->first;
    size_t bytes = 0;
    size_t count = 0;
    while (*at != NULL) {
        bytes += evprof_symbol_source_bytes((*at)->source);
        count++;
        if (bytes > kept->max_bytes || count > most) {
            drop(at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* Moves the object with that stamp to the front, if it is still as it was. */
static bool
find(evprof_kept_sources_t *kept, const evprof_file_stamp_t *stamp)
{
    evprof_kept_source_t **at = &kept->first;
    while (*at != NULL && !evprof_file_stamp_equal(&(*at)->stamp, stamp)) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        return false;
    }
    if (!evprof_symbol_source_is_worth_keeping((*at)->source)) {
        drop(at);
        return false;
    }
    evprof_kept_source_t *found = *at;
    *at = found->next;
    found->next = kept->first;
    kept->first = found;
    return true;
}

/* Opens an object and puts it in front. */
static int
add(evprof_kept_sources_t *kept, int fd, const char *path,
    const evprof_file_stamp_t *stamp)
{
    evprof_kept_source_t *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        close(fd);
        return EVPROF_ENOMEM;
    }
    k->stamp = *stamp;
    k->next = kept->first;
    kept->first = k;
    int status = EVPROF_EINVAL;
    if (evprof_elf_open_fd(fd, &k->own)) {
        k->source = evprof_symbol_source_open(&k->own, path, NULL, true);
        status = k->source == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    }
    if (status != EVPROF_OK) {
        drop(&kept->first);
    }
    return status;
}

int
evprof_kept_sources_answer(evprof_kept_sources_t *kept, int fd,
                           const char *path, evprof_query_t *queries,
                           size_t count, evprof_symbol_file_t *file)
{
    const evprof_file_stamp_t stamp = evprof_file_stamp(fd);
    int status = EVPROF_OK;
    if (find(kept, &stamp)) {
        close(fd);
    } else {
        status = add(kept, fd, path, &stamp);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_symbol_source_t *source = kept->first->source;
    status = evprof_symbol_source_answer(source, queries, count, file);
    if (status != EVPROF_OK || !evprof_symbol_source_is_worth_keeping(source)) {
        drop(&kept->first);
    }
    trim(kept);
    return status;
}

void
evprof_kept_sources_close(evprof_kept_sources_t *kept)
{
    while (kept->first != NULL) {
        drop(&kept->first);
    }
}
