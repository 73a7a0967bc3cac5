/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jemalloc writes its dump to a named file only. The file is memory (memfd), so
 * that no disk is touched, its name that of our descriptor in /proc. It is kept
 * until it is dropped, and belongs to the process that wrote it: after a fork
 * the child takes its own.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/own_descriptor.h"
#include "core/base/self.h"
#include "core/heap/jemalloc.h"
#include "core/heap/jemalloc_mallctl.h"
#include "core/profile/loss.h"
#include "core/sample/proc.h"

#define PIECE ((size_t)256 << 10)

static evprof_own_descriptor_t dump = { .fd = -1 };
static pid_t dump_owner;
static bool has_dump;
static uint64_t dump_count;

void
evprof_jemalloc_drop_dump(void)
{
    evprof_own_descriptor_close(&dump);
    has_dump = false;
}

bool
evprof_jemalloc_has_dump(void)
{
    return has_dump && dump_owner == getpid();
}

uint64_t
evprof_jemalloc_dump_count(void)
{
    return dump_count;
}

static int
refuse(enum evprof_loss_of who, const char *why, const char *remedy,
       evprof_error_t *err)
{
    const evprof_lost_t lost = { .why = why, .what = remedy };
    return evprof_loss_fail(err, EVPROF_EIO, who, EVPROF_LOSS_DUMP_REFUSED,
                            &lost);
}

/* jemalloc says that it failed, as a bad address whatever the reason was; but
 * it is silent about a file that may not grow any more. */
static int
check_dump(enum evprof_loss_of who, int failure, evprof_error_t *err)
{
    struct rlimit limit;
    struct stat file;
    char why[96];
    bool is_cut = getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                  limit.rlim_cur != RLIM_INFINITY &&
                  fstat(dump.fd, &file) == 0 &&
                  (rlim_t)file.st_size >= limit.rlim_cur;
    if (is_cut) {
        (void)snprintf(why, sizeof(why), "files may have %llu bytes only",
                       (unsigned long long)limit.rlim_cur);
        return refuse(who, why, "raise RLIMIT_FSIZE (ulimit -f)", err);
    }
    if (failure != 0 && evprof_proc_is_missing()) {
        return refuse(who, evprof_proc_missing_text, "mount /proc", err);
    }
    return failure == 0 ? EVPROF_OK
                        : refuse(who, strerrordesc_np(failure),
                                 "see what the program printed", err);
}

int
evprof_jemalloc_dump(enum evprof_loss_of who, evprof_error_t *err)
{
    evprof_jemalloc_drop_dump();
    dump = evprof_own_descriptor(memfd_create("evprof-heap", MFD_CLOEXEC));
    if (dump.fd < 0) {
        return refuse(who, strerrordesc_np(errno),
                      "allow memfd_create and one more descriptor (ulimit -n)",
                      err);
    }
    char path[EVPROF_SELF_SIZE];
    const char *name = evprof_self_descriptor(path, dump.fd);
    int failure = evprof_mallctl("prof.dump", NULL, NULL, &name, sizeof(name));
    int status = check_dump(who, failure, err);
    if (status != EVPROF_OK) {
        evprof_jemalloc_drop_dump();
        return status;
    }
    dump_owner = getpid();
    has_dump = true;
    dump_count++;
    return EVPROF_OK;
}

int
evprof_jemalloc_read_dump(evprof_jemalloc_feed_fn feed, void *ctx,
                          evprof_error_t *err)
{
    int status = EVPROF_OK;
    off_t at = 0;
    char *piece = malloc(PIECE);
    if (piece == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "heap: out of memory");
    }
    while (status == EVPROF_OK) {
        ssize_t len = pread(dump.fd, piece, PIECE, at);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0) {
            status = evprof_fail(err, EVPROF_EIO,
                                 "heap: reading the dump failed: %s",
                                 strerrordesc_np(errno));
        }
        if (len <= 0) {
            break;
        }
        at += len;
        status = feed(ctx, piece, (size_t)len, err);
    }
    free(piece);
    return status;
}
