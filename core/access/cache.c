/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry is a digest of the credential and of the file's identity, under a
 * key that only this process has. A changed file gives another digest, so
 * entries need not be removed. Key and entries are in memory that is left out
 * of core dumps. A file that changed within the last tick of the clock could
 * change again with the same time, so nothing is remembered of it yet. The lock
 * is held for a search of one page.
 */
#include "core/access/cache.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/access/access.h"
#include "core/access/digest.h"
#include "core/access/secret.h"
#include "core/base/lock.h"

#define ENTRIES 64
/* More than two ticks of the slowest kernel clock (HZ = 100). */
#define UNSETTLED_NS 50000000

typedef struct memory {
    uint8_t key[16];
    evprof_digest_t entries[ENTRIES];
    size_t count; /* ever added; the oldest entry is overwritten */
} memory_t;

/* guards `memory`; no other lock is taken under it */
static evprof_lock_t lock;
static memory_t *memory; /* NULL: not allocated yet, or out of memory */

static void
make_memory(void)
{
    evprof_secret_t pages;
    if (memory != NULL || !evprof_secret_init(&pages, sizeof(*memory))) {
        return;
    }
    memory_t *made = (void *)pages.data;
    if (getrandom(made->key, sizeof(made->key), 0) !=
        (ssize_t)sizeof(made->key)) {
        evprof_secret_fini(&pages);
        return;
    }
    memory = made;
}

static evprof_digest_t
digest_of(const evprof_file_id_t *id, const char *authorization)
{
    struct {
        evprof_digest_t credential;
        evprof_file_id_t id;
    } both = { .credential = evprof_digest(memory->key, authorization,
                                           strlen(authorization)),
               .id = *id };
    return evprof_digest(memory->key, &both, sizeof(both));
}

static bool
is_remembered(const evprof_digest_t *digest)
{
    bool found = false;
    size_t n = memory->count < ENTRIES ? memory->count : ENTRIES;
    for (size_t i = 0; i < n; i++) {
        bool equal = evprof_digest_equal(&memory->entries[i], digest);
        found = found || equal;
    }
    return found;
}

bool
evprof_cache_has(const char *path, const char *authorization)
{
    struct stat st;
    evprof_file_id_t id;
    if (stat(path, &st) != 0) {
        return false;
    }
    evprof_file_id_of(&st, &id);
    bool found = false;
    evprof_lock_enter(&lock);
    if (memory != NULL && memory->count > 0) {
        evprof_digest_t digest = digest_of(&id, authorization);
        found = is_remembered(&digest);
    }
    evprof_lock_leave(&lock);
    return found;
}

static bool
is_settled(const evprof_file_id_t *id)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return false;
    }
    int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    return now_ns - id->changed_ns > UNSETTLED_NS;
}

void
evprof_cache_add(const evprof_file_id_t *id, const char *authorization)
{
    if (!is_settled(id)) {
        return;
    }
    evprof_lock_enter(&lock);
    make_memory();
    if (memory != NULL) {
        evprof_digest_t digest = digest_of(id, authorization);
        if (!is_remembered(&digest)) {
            memory->entries[memory->count++ % ENTRIES] = digest;
        }
    }
    evprof_lock_leave(&lock);
}

/* An entry that was being written matches no credential. */
void
evprof_access_fork_child(void)
{
    evprof_lock_reset(&lock);
}
