/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of a program that ran under `evprof run`, from the parts that it
 * wrote while it ran (adapters/preload/files.h has the form). A part that a
 * crash cut short is left out. The tool itself merges them, as it merges any
 * sources, and finds the names. The latest part of a process is the first
 * source, from which the profile has its title: where a script ended in the
 * program that was meant, the parts of the shell are before that.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <evprof/status.h>

#include "adapters/cli/run.h"
#include "adapters/cli/servers.h"
#include "core/base/buf.h"
#include "core/base/read_file.h"

/* Folders that nftw() may hold open at once. */
#define OPEN_FOLDERS 4

/* A program that may have no more descriptors than these can open no file. */
#define STANDARD_STREAMS 3u

extern char **environ;

/* A folder's files that begin with the profile's name and a dot. */
typedef struct parts {
    const char *folder;
    unsigned count;
    int failure; /* errno of what is there and could not be read or kept */
} parts_t;

/* errno, 0: it is written. */
static int
write_file(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    evprof_writer_t out = evprof_writer_fd(fd);
    int failure = out.write(out.ctx, data, len) == EVPROF_OK ? 0 : errno;
    return close(fd) == 0 || failure != 0 ? failure : errno;
}

static void
add_part(parts_t *parts, const char *data, size_t len)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/part-%u.pb.gz", parts->folder,
                   parts->count);
    int failure = len == 0 ? 0 : write_file(path, data, len);
    if (failure != 0) {
        parts->failure = failure;
    } else if (len > 0) {
        parts->count++;
    }
}

/* Writes the paths of the parts to a file, the latest first. errno, 0: it is
 * written. */
static int
write_list(const parts_t *parts, const char *path)
{
    evprof_buf_t list = { 0 };
    for (unsigned i = parts->count; i-- > 0;) {
        evprof_buf_printf(&list, "%s/part-%u.pb.gz\n", parts->folder, i);
    }
    int failure = list.failed ? ENOMEM : write_file(path, list.data, list.len);
    evprof_buf_free(&list);
    return failure;
}

static uint64_t
length_at(const char *data)
{
    uint64_t len = 0;
    for (unsigned i = 8; i-- > 0;) {
        len = len << 8 | (unsigned char)data[i];
    }
    return len;
}

/* The part behind `at`, which moves to its end; NULL: there is no whole one. */
static const char *
next_part(const evprof_buf_t *file, size_t *at, size_t *len)
{
    if (file->len - *at <= 8) {
        return NULL;
    }
    const char *part = file->data + *at + 8;
    uint64_t said = length_at(file->data + *at);
    if (said > file->len - *at - 8) {
        return NULL;
    }
    *len = (size_t)said;
    *at += 8 + *len;
    return part;
}

/* A profile begins with gzip's mark, the parts with their length. */
static void
split(parts_t *parts, const evprof_buf_t *file)
{
    size_t at = 0;
    size_t len;
    if (file->len >= 2 && memcmp(file->data, "\x1f\x8b", 2) == 0) {
        add_part(parts, file->data, file->len);
        return;
    }
    for (const char *p; (p = next_part(file, &at, &len)) != NULL;) {
        add_part(parts, p, len);
    }
}

static bool
is_of(const char *file, const char *name)
{
    size_t len = strlen(name);
    const char *end = strrchr(file, '.');
    return strncmp(file, name, len) == 0 && file[len] == '.' &&
           strcmp(end, ".new") != 0;
}

/* False: it is not there, or could not be read. */
static bool
read_part(parts_t *parts, const char *path, evprof_buf_t *out)
{
    errno = 0;
    bool is_read = evprof_read_file(path, SIZE_MAX, out) == EVPROF_OK;
    if (!is_read && errno != ENOENT) {
        parts->failure = errno != 0 ? errno : EIO;
    }
    return is_read;
}

static void
gather(parts_t *parts, const char *name)
{
    DIR *dir = opendir(parts->folder);
    struct dirent *entry;
    parts->failure = dir == NULL ? errno : 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[4096];
        evprof_buf_t file = { 0 };
        (void)snprintf(path, sizeof(path), "%s/%s", parts->folder,
                       entry->d_name);
        if (is_of(entry->d_name, name) && read_part(parts, path, &file)) {
            split(parts, &file);
        }
        evprof_buf_free(&file);
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

/* Where the tool that merges them says what it has to say. */
static const char *
name_said(const parts_t *parts, char *out, size_t size)
{
    (void)snprintf(out, size, "%s/said", parts->folder);
    return out;
}

/* Runs this program anew, which merges the sources of the list. */
static bool
merge(parts_t *parts, const char *output)
{
    char list[4096];
    char out[4096];
    char said[4096];
    pid_t pid;
    int status = 0;
    (void)snprintf(list, sizeof(list), "%s/list", parts->folder);
    (void)snprintf(out, sizeof(out), "-output=%s", output);
    parts->failure = write_list(parts, list);
    if (parts->failure != 0) {
        return false;
    }
    char tool[] = "evprof";
    char proto[] = "-proto";
    char names[] = "-symbolize=local";
    char sources[] = "-sources";
    char *argv[] = { tool, proto, names, out, sources, list, NULL };
    /* Of that, only why it fails is for the user. */
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
                                     name_said(parts, said, sizeof(said)),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    parts->failure =
        posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (parts->failure != 0) {
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Puts the parts of a file together in their order, where they stand. */
static void
join(evprof_buf_t *file)
{
    size_t at = 0;
    size_t len;
    size_t joined = 0;
    for (const char *p; (p = next_part(file, &at, &len)) != NULL;) {
        memmove(file->data + joined, p, len);
        joined += len;
    }
    file->len = joined;
}

static bool
copy(parts_t *parts, const char *name, pid_t pid, const char *output)
{
    char path[4096];
    evprof_buf_t file = { .is_bulk = true };
    (void)snprintf(path, sizeof(path), "%s/%s.%d", parts->folder, name,
                   (int)pid);
    bool is_there = read_part(parts, path, &file);
    if (is_there) {
        join(&file);
    }
    is_there = is_there && file.len > 0;
    if (is_there) {
        parts->failure = write_file(output, file.data, file.len);
    }
    evprof_buf_free(&file);
    return is_there && parts->failure == 0;
}

/* The last line that it has said is the reason. */
static void
say_why_merging_failed(const parts_t *parts, const char *output)
{
    char path[4096];
    evprof_buf_t said = { 0 };
    (void)evprof_read_file(name_said(parts, path, sizeof(path)), SIZE_MAX,
                           &said);
    while (said.len > 0 && said.data[said.len - 1] == '\n') {
        said.data[--said.len] = '\0';
    }
    const char *line = said.len == 0 ? NULL : strrchr(said.data, '\n');
    if (said.len == 0) {
        fprintf(stderr, "evprof: %s: the profile cannot be merged\n", output);
    } else {
        fprintf(stderr, "%s\n", line == NULL ? said.data : line + 1);
    }
    evprof_buf_free(&said);
}

/* Names what is known for certain, else what it may be. */
static void
say_none(const parts_t *parts, const cli_run_ended_t *ended, const char *name,
         const char *output)
{
    if (parts->failure != 0) {
        fprintf(stderr, "evprof: %s: the %s profile cannot be kept: %s\n",
                output, name, strerror(parts->failure));
    } else if (parts->count > 0) {
        say_why_merging_failed(parts, output);
    } else if (ended->descriptors <= STANDARD_STREAMS) {
        fprintf(stderr,
                "evprof: %s: the program left no %s profile: it may have no "
                "more than %u files open (RLIMIT_NOFILE)\n",
                output, name, (unsigned)ended->descriptors);
    } else {
        fprintf(stderr,
                "evprof: %s: the program left no %s profile; it ended too "
                "soon, or cannot be preloaded (static, set-uid)\n",
                output, name);
    }
}

bool
cli_run_collect(const cli_run_ended_t *ended, const char *name, bool is_file,
                const char *output)
{
    parts_t parts = { .folder = ended->folder };
    bool is_done;
    if (is_file) {
        is_done = copy(&parts, name, ended->pid, output);
    } else {
        gather(&parts, name);
        is_done = parts.count > 0 && merge(&parts, output);
    }
    if (!is_done) {
        say_none(&parts, ended, name, output);
    }
    return is_done;
}

/* Whether the process was started with that folder for its files. */
static bool
writes_to(pid_t pid, const char *folder)
{
    evprof_buf_t room = { 0 };
    const size_t len = strlen(folder);
    const char *files = cli_process_variable(pid, "EVPROF_FILES", &room);
    bool is_it =
        files != NULL && strncmp(files, folder, len) == 0 && files[len] == ':';
    evprof_buf_free(&room);
    return is_it;
}

void
cli_run_say_left(const char *folder)
{
    cli_server_t *servers = NULL;
    size_t count = 0;
    pid_t last = 0;
    evprof_error_t err;
    if (cli_servers_find(0, &servers, &count, &err) != EVPROF_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const cli_server_t *one = &servers[i];
        if (one->pid != last && writes_to(one->pid, folder)) {
            fprintf(stderr,
                    "evprof: run: %s (process %d) goes on in the background, "
                    "and what it does from now on is in no file: run it in the "
                    "foreground, or with -listen and ask it\n",
                    one->name, (int)one->pid);
        }
        last = one->pid;
    }
    free(servers);
}

static int
remove_entry(const char *path, const struct stat *st, int kind,
             struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

void
cli_run_remove(const char *folder)
{
    (void)nftw(folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
