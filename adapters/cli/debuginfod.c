/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers and credentials of the command line are for the servers of profiles
 * and are not sent here; proxies serve both. A server that fails is asked once
 * a run.
 */
#include "adapters/cli/debuginfod.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/cli/remote.h"
#include "core/base/error.h"
#include "core/base/folder.h"
#include "core/symbol/name_store.h"

#define MAX_BYTES ((int64_t)4 << 30)
#define TIMEOUT_S 90

static bool
put_path(evprof_buf_t *out, const char *build_id, const char *kind)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    evprof_buf_clear(out);
    if (cache != NULL && cache[0] == '/') {
        evprof_buf_puts(out, cache);
    } else if (home != NULL && home[0] == '/') {
        evprof_buf_printf(out, "%s/.cache", home);
    } else {
        return false;
    }
    evprof_buf_printf(out, "/evprof/debuginfod/%s/%s", build_id, kind);
    return !out->failed;
}

/* A file of ours that was kept before. */
static bool
is_kept(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_uid == geteuid() && st.st_size > 0;
}

/* Writes beside the place and renames, so that a reader sees all or nothing. */
static bool
keep(const evprof_buf_t *body, const char *path)
{
    evprof_buf_t temporary = { 0 };
    evprof_buf_printf(&temporary, "%s.%ld", path, (long)getpid());
    if (temporary.failed || !evprof_folder_make_parent(path, 0700)) {
        evprof_buf_free(&temporary);
        return false;
    }
    int fd = open(temporary.data,
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    evprof_writer_t out = evprof_writer_fd(fd);
    bool is_written = fd >= 0 && evprof_buf_write(body, &out) == EVPROF_OK;
    is_written = fd >= 0 && close(fd) == 0 && is_written &&
                 rename(temporary.data, path) == 0;
    if (!is_written) {
        (void)unlink(temporary.data);
    }
    evprof_buf_free(&temporary);
    return is_written;
}

/* Asks one server; false: it has no such file, or is out of reach, which is
 * told once. */
static bool
ask(const cli_t *cli, const char *server, size_t len, const char *build_id,
    const char *kind, evprof_buf_t *body)
{
    static char *silent; /* a server that could not be reached */
    evprof_error_t err;
    evprof_buf_t url = { 0 };
    size_t end = len;
    while (end > 0 && server[end - 1] == '/') {
        end--;
    }
    if (silent != NULL && strncmp(silent, server, len) == 0 &&
        silent[len] == '\0') {
        return false;
    }
    evprof_buf_printf(&url, "%.*s/buildid/%s/%s", (int)end, server, build_id,
                      kind);
    int status = url.failed ? EVPROF_ENOMEM
                            : cli_remote_get(cli, url.data, TIMEOUT_S,
                                             MAX_BYTES, body, &err);
    if (status != EVPROF_OK && !url.failed &&
        strstr(err.message, "404") == NULL) {
        cli_complain("%s: %s", url.data, err.message);
        free(silent);
        silent = strndup(server, len);
    }
    evprof_buf_free(&url);
    return status == EVPROF_OK;
}

bool
cli_debuginfod(const void *cli_, const char *build_id, const char *kind,
               evprof_buf_t *path)
{
    const cli_t *cli = cli_;
    const char *servers = getenv("DEBUGINFOD_URLS");
    if (!cli->uses_debuginfod || servers == NULL ||
        !evprof_build_id_is_plain(build_id) ||
        !put_path(path, build_id, kind)) {
        return false;
    }
    if (is_kept(path->data)) {
        return true;
    }
    bool is_found = false;
    for (const char *at = servers; *at != '\0' && !is_found;) {
        evprof_buf_t body = { 0 };
        at += strspn(at, " \t");
        size_t len = strcspn(at, " \t");
        is_found = len > 0 && ask(cli, at, len, build_id, kind, &body) &&
                   body.len > 0 && keep(&body, path->data);
        evprof_buf_free(&body);
        at += len;
    }
    return is_found;
}
