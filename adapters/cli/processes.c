/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that name processes of this machine. Those that have evprof in them
 * are asked where they listen, the others are profiled from outside; all of
 * them at the same time, as each becomes a source of its own.
 */
#include "adapters/cli/processes.h"

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/cli/servers.h"
#include "adapters/fetch/url.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/grow.h"

enum { NAME_BYTES = 32 };

/* How long ports that are not open yet are waited for: some times the default
 * of `listen_after`. */
#define PATIENCE_NS 5000000000

/* What a source asks for; one of them is set. */
typedef struct wanted {
    const char *source; /* as it was said */
    pid_t pid;
    const char *name;
    const char *cgroup;
    const char *sockets;
} wanted_t;

/* One process, on its way to be a source. */
typedef struct process {
    pid_t pid; /* 0: not known, or no process */
    char name[NAME_BYTES];
    const char *url;
} process_t;

typedef struct making {
    evprof_arena_t *arena;
    evprof_error_t *err;
    process_t *items;
    size_t count;
    size_t cap;
    size_t processes;    /* of them, how many are some */
    size_t closed;       /* of one source: whose port is not open yet */
    int64_t deadline_ns; /* until which ports are waited for */
} making_t;

static int
add(making_t *m, pid_t pid, const char *name, const char *url)
{
    process_t *grown =
        evprof_grow(m->items, &m->cap, m->count + 1, sizeof(*grown));
    if (grown == NULL || url == NULL) {
        return evprof_fail(m->err, EVPROF_ENOMEM, "out of memory");
    }
    m->items = grown;
    process_t *process = &grown[m->count++];
    *process = (process_t){ .pid = pid, .url = url };
    (void)snprintf(process->name, sizeof(process->name), "%s", name);
    m->processes += pid > 0;
    return EVPROF_OK;
}

/* ---- Addresses ---- */

static const char *
url_of(evprof_arena_t *arena, const char *address)
{
    evprof_buf_t url = { 0 };
    if (strncmp(address, "unix:", 5) == 0) {
        evprof_url_of_socket(address + 5, "/debug/pprof/profile", &url);
    } else {
        evprof_buf_printf(&url, "http://%s/debug/pprof/profile", address);
    }
    const char *kept =
        url.failed ? NULL : evprof_arena_strndup(arena, url.data, url.len);
    evprof_buf_free(&url);
    return kept;
}

/* ---- What is meant ---- */

/* The text behind the prefix, NULL where it is not there or empty. */
static const char *
behind(const char *source, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(source, prefix, len) == 0 && source[len] != '\0'
               ? source + len
               : NULL;
}

static bool
read_wanted(const char *source, wanted_t *out)
{
    char *end;
    long number = strtol(source, &end, 10);
    *out = (wanted_t){ .source = source,
                       .name = behind(source, "name:"),
                       .cgroup = behind(source, "cgroup:"),
                       .sockets = behind(source, "unix:") };
    if (out->name != NULL || out->cgroup != NULL || out->sockets != NULL) {
        return true;
    }
    if (source[0] < '1' || source[0] > '9' || *end != '\0' ||
        number > INT32_MAX || access(source, F_OK) == 0) {
        return false;
    }
    out->pid = (pid_t)number;
    return true;
}

/* Whether a path of /proc/PID/cgroup is the pattern's, or lies below it. */
static bool
is_below(char *path, const char *pattern)
{
    for (;;) {
        if (fnmatch(pattern, path, FNM_PATHNAME) == 0) {
            return true;
        }
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) {
            return false;
        }
        *slash = '\0';
    }
}

/* Lines are "0::/path", and "4:memory:/path" of version 1. */
static bool
is_in_cgroup(pid_t pid, const char *pattern)
{
    char path[64];
    char line[4352];
    bool is_in = false;
    (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && !is_in && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *at = strchr(line, '/');
        is_in = at != NULL && is_below(at, pattern);
    }
    if (file != NULL) {
        fclose(file);
    }
    return is_in;
}

static bool
is_wanted(const wanted_t *wanted, pid_t pid, const char *name)
{
    if (wanted->name != NULL) {
        return fnmatch(wanted->name, name, 0) == 0;
    }
    return wanted->cgroup == NULL ? pid == wanted->pid
                                  : is_in_cgroup(pid, wanted->cgroup);
}

/* ---- Those with evprof in them ---- */

/* The first of a process's addresses that answers is enough. */
static int
add_answering(making_t *m, const cli_server_t *rows, size_t count)
{
    size_t i = 0;
    while (i < count && (rows[i].address[0] == '\0' ||
                         !cli_server_answers(rows[i].address))) {
        i++;
    }
    return i == count ? EVPROF_OK
                      : add(m, rows[i].pid, rows[i].name,
                            url_of(m->arena, rows[i].address));
}

/* One that has just started opens its port in a moment. */
static int
add_late(making_t *m, pid_t pid, size_t *found)
{
    cli_server_t *rows = NULL;
    size_t count = 0;
    int status = cli_servers_await(pid, m->deadline_ns, &rows, &count, m->err);
    if (status == EVPROF_OK) {
        status = add_answering(m, rows, count);
    }
    *found -= count == 0;
    m->closed += count > 0 && rows[0].opens_later;
    free(rows);
    return status;
}

/* Adds one address of each process. `*found` counts all of them, also those
 * that refuse the request. */
static int
add_servers(making_t *m, const wanted_t *wanted, size_t *found)
{
    cli_server_t *servers = NULL;
    size_t count = 0;
    size_t next = 0;
    int status = cli_servers_find(wanted->pid, &servers, &count, m->err);
    for (size_t i = 0; i < count && status == EVPROF_OK; i = next) {
        const cli_server_t *server = &servers[i];
        const size_t before = m->count;
        while (next < count && servers[next].pid == server->pid) {
            next++;
        }
        if (!is_wanted(wanted, server->pid, server->name)) {
            continue;
        }
        (*found)++;
        status = add_answering(m, server, next - i);
        if (status == EVPROF_OK && m->count == before && server->opens_later) {
            status = add_late(m, server->pid, found);
        }
    }
    free(servers);
    return status;
}

/* A process that is just put in the place of another shows nothing for a
 * moment: those that seem to serve nothing are looked at twice. */
static int
look_for_servers(making_t *m, const wanted_t *wanted, size_t *found)
{
    const struct timespec pause = { .tv_nsec = CLI_LOOK_AGAIN_NS };
    const size_t before = m->count;
    int status = add_servers(m, wanted, found);
    if (status == EVPROF_OK && m->count == before && m->closed == 0) {
        (void)nanosleep(&pause, NULL);
        *found = 0;
        status = add_servers(m, wanted, found);
    }
    return status;
}

/* ---- Sockets by their files ---- */

/* Whose socket it is; 0: nobody's, of which is said what a reader could not
 * see for himself. */
static pid_t
peer_of(const char *address)
{
    struct ucred peer = { .pid = 0 };
    socklen_t len = sizeof(peer);
    evprof_error_t err;
    int fd = cli_server_connect(address, &err);
    if (fd >= 0) {
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
        close(fd);
    } else if (fd != EVPROF_ENOENT) {
        cli_tell("%s", err.message);
    }
    return peer.pid;
}

/* A file that is no socket, or whose server is gone, is passed over. */
static int
add_socket(making_t *m, const char *path, size_t *found)
{
    struct stat st;
    char address[PATH_MAX + 8];
    char name[NAME_BYTES];
    if (stat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return EVPROF_OK;
    }
    (*found)++;
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    pid_t pid = peer_of(address);
    if (pid == 0) {
        return EVPROF_OK;
    }
    cli_server_name(pid, name, sizeof(name));
    return add(m, pid, name, url_of(m->arena, address));
}

static int
add_sockets(making_t *m, const wanted_t *wanted, size_t *found)
{
    glob_t paths = { 0 };
    int status = EVPROF_OK;
    if (glob(wanted->sockets, GLOB_NOSORT, NULL, &paths) == 0) {
        for (size_t i = 0; i < paths.gl_pathc && status == EVPROF_OK; i++) {
            status = add_socket(m, paths.gl_pathv[i], found);
        }
    }
    globfree(&paths);
    return status;
}

/* ---- Those without ---- */

static int
add_outside(making_t *m, pid_t pid, const char *name)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "perf:%d", (int)pid);
    return add(m, pid, name, evprof_arena_strndup(m->arena, text, (size_t)len));
}

static int
add_all_outside(making_t *m, const wanted_t *wanted)
{
    char name[NAME_BYTES];
    int status = EVPROF_OK;
    const struct dirent *entry;
    DIR *proc = opendir("/proc");
    while (proc != NULL && status == EVPROF_OK &&
           (entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || pid == getpid()) {
            continue;
        }
        cli_server_name(pid, name, sizeof(name));
        if (is_wanted(wanted, pid, name)) {
            status = add_outside(m, pid, name);
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    return status;
}

static int
say_none(const making_t *m, const wanted_t *wanted, size_t found)
{
    const char *what = wanted->sockets != NULL ? "socket" : "process";
    if (m->closed > 0) {
        return evprof_fail(m->err, EVPROF_ENOENT,
                           "%s has evprof in it, and its port is not open yet: "
                           "`listen_after` or `listen_signal` of its "
                           "configuration say when it opens",
                           wanted->source);
    }
    return found == 0
               ? evprof_fail(m->err, EVPROF_ENOENT, "there is no %s %s", what,
                             wanted->source)
               : evprof_fail(m->err, EVPROF_ENOENT,
                             "%s has evprof in it and serves profiles nowhere "
                             "that lets us in",
                             wanted->source);
}

/* ---- All of them ---- */

static int
add_wanted(making_t *m, const wanted_t *wanted)
{
    size_t before = m->count;
    size_t found = 0;
    m->closed = 0;
    int status = wanted->sockets != NULL ? add_sockets(m, wanted, &found)
                                         : look_for_servers(m, wanted, &found);
    if (status == EVPROF_OK && found == 0 && wanted->sockets == NULL) {
        status = add_all_outside(m, wanted);
        if (m->count > before) {
            cli_tell("%s has no evprof in it: its CPU time is profiled from "
                     "outside",
                     wanted->source);
        }
    } else if (m->count > before && m->count - before < found) {
        cli_tell("%zu of %zu that %s names do not answer, or refuse, and are "
                 "left out",
                 found - (m->count - before), found, wanted->source);
    }
    return status == EVPROF_OK && m->count == before
               ? say_none(m, wanted, found)
               : status;
}

/* Puts a label before those that the line has; false: out of memory. */
static bool
add_label(evprof_arena_t *arena, evprof_source_line_t *line, const char *key,
          const char *value)
{
    evprof_source_label_t *label =
        evprof_arena_calloc(arena, 1, sizeof(*label));
    const char *kept = evprof_arena_strndup(arena, value, strlen(value));
    if (label == NULL || kept == NULL) {
        return false;
    }
    *label = (evprof_source_label_t){ .key = key,
                                      .value = kept,
                                      .next = line->labels };
    line->labels = label;
    return true;
}

static int
make_lines(const making_t *m, cli_processes_t *out)
{
    char host[256] = "";
    bool is_ok = true;
    out->lines =
        evprof_arena_calloc(m->arena, m->count + 1, sizeof(*out->lines));
    if (out->lines == NULL) {
        return evprof_fail(m->err, EVPROF_ENOMEM, "out of memory");
    }
    (void)gethostname(host, sizeof(host) - 1);
    for (size_t i = 0; i < m->count && is_ok; i++) {
        const process_t *process = &m->items[i];
        evprof_source_line_t *line = &out->lines[out->count++];
        char pid[16];
        line->source.url = process->url;
        (void)snprintf(pid, sizeof(pid), "%d", (int)process->pid);
        if (process->pid > 0 && m->processes > 1) {
            is_ok = add_label(m->arena, line, "host", host) &&
                    add_label(m->arena, line, "name", process->name) &&
                    add_label(m->arena, line, "pid", pid);
        }
    }
    return is_ok ? EVPROF_OK
                 : evprof_fail(m->err, EVPROF_ENOMEM, "out of memory");
}

int
cli_processes_expand(const cli_list_t *list, evprof_arena_t *arena,
                     cli_processes_t *out, evprof_error_t *err)
{
    making_t m = { .arena = arena,
                   .err = err,
                   .deadline_ns =
                       evprof_clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS };
    int status = EVPROF_OK;
    for (size_t i = 0; i < list->count && status == EVPROF_OK; i++) {
        wanted_t wanted;
        status = read_wanted(list->items[i], &wanted)
                     ? add_wanted(&m, &wanted)
                     : add(&m, 0, "", list->items[i]);
    }
    if (status == EVPROF_OK) {
        status = make_lines(&m, out);
    }
    free(m.items);
    return status;
}
