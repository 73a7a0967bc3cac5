/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's objects may be removed or replaced while it runs: by an upgrade,
 * or since it made them itself. What it writes has addresses alone, so their
 * files are opened as soon as a process has written something, and the program
 * pays nothing for it. Those that are gone at the end are shown to the reader
 * of names as a folder of binaries by build id (core/symbol/binary.c).
 *
 * Files that went before the first look have had their names from the process
 * itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/cli/code.h"
#include "adapters/cli/run.h"
#include "core/base/buf.h"
#include "core/base/grow.h"
#include "core/base/read_file.h"
#include "core/symbol/elf_open.h"

/* More than this tool may open by default are not kept, and what merges the
 * profiles afterwards has descriptors left. */
#define MOST_OBJECTS 800
#define LEFT_FREE 32

/* A file as the kernel names it in the maps of processes. */
typedef struct object {
    char place[64]; /* device and inode */
    char *path;
    int fd; /* -1: it could not be opened */
} object_t;

struct cli_run_objects {
    const char *folder;
    int events;
    object_t *items;
    size_t count;
    size_t cap;
    size_t most;
};

/* ---- While the program runs ---- */

/* Nothing but a regular file, since to open a device may do something. */
static int
open_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode)
               ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
               : -1;
}

static bool
is_known(const cli_run_objects_t *objects, const char *place)
{
    size_t i = 0;
    while (i < objects->count && strcmp(objects->items[i].place, place) != 0) {
        i++;
    }
    return i < objects->count;
}

/* The kernel's own link leads to the file also when that is removed, but not
 * everybody may follow it. */
static int
open_mapped(pid_t pid, const char *range, const char *path)
{
    char name[4352];
    (void)snprintf(name, sizeof(name), "/proc/%d/map_files/%s", (int)pid,
                   range);
    int fd = open_regular(name);
    if (fd < 0) {
        (void)snprintf(name, sizeof(name), "/proc/%d/root%s", (int)pid, path);
        fd = open_regular(name);
    }
    return fd;
}

static size_t
most_objects(void)
{
    const long most = sysconf(_SC_OPEN_MAX);
    return most < 0 || most - LEFT_FREE > MOST_OBJECTS ? MOST_OBJECTS
           : most < LEFT_FREE                          ? 0
                              : (size_t)(most - LEFT_FREE);
}

/* A line of a maps file: range, access, offset, device, inode, path. */
static void
take_line(cli_run_objects_t *objects, pid_t pid, const char *line)
{
    char range[64];
    char access[8];
    char device[24];
    uint64_t inode;
    int at = 0;
    object_t object;
    if (sscanf(line, "%63s %7s %*s %23s %" SCNu64 " %n", range, access, device,
               &inode, &at) < 4 ||
        strchr(access, 'x') == NULL || line[at] != '/') {
        return;
    }
    (void)snprintf(object.place, sizeof(object.place), "%s %" PRIu64, device,
                   inode);
    if (objects->count >= objects->most || is_known(objects, object.place)) {
        return;
    }
    object_t *items = evprof_grow(objects->items, &objects->cap,
                                  objects->count + 1, sizeof(*items));
    if (items != NULL) {
        objects->items = items;
        object.path = strdup(line + at);
        object.fd = open_mapped(pid, range, line + at);
        items[objects->count++] = object;
    }
}

static void
look_at(cli_run_objects_t *objects, pid_t pid)
{
    char path[64];
    evprof_buf_t maps = { 0 };
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    if (evprof_read_file(path, SIZE_MAX, &maps) == EVPROF_OK) {
        char *rest = maps.data;
        for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
            take_line(objects, pid, line);
        }
    }
    evprof_buf_free(&maps);
}

/* The names of the files end in the process that has written them. */
static void
read_events(cli_run_objects_t *objects)
{
    union {
        struct inotify_event event; /* for its alignment */
        char bytes[16 * (sizeof(struct inotify_event) + 256)];
    } got;
    ssize_t len = read(objects->events, got.bytes, sizeof(got.bytes));
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *event =
            (const struct inotify_event *)(const void *)(got.bytes + at);
        const char *dot = event->len == 0 ? NULL : strrchr(event->name, '.');
        long pid = dot == NULL ? 0 : strtol(dot + 1, NULL, 10);
        if (pid > 0) {
            look_at(objects, (pid_t)pid);
        }
        at += (ssize_t)(sizeof(*event) + event->len);
    }
}

cli_run_objects_t *
cli_run_objects_new(const char *folder)
{
    cli_run_objects_t *objects = calloc(1, sizeof(*objects));
    if (objects == NULL) {
        return NULL;
    }
    objects->folder = folder;
    objects->most = most_objects();
    objects->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (objects->events < 0 ||
        inotify_add_watch(objects->events, folder,
                          IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
        cli_run_objects_free(objects);
        return NULL;
    }
    return objects;
}

void
cli_run_objects_watch(cli_run_objects_t *objects, pid_t pid)
{
    int process = objects == NULL ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd waits[] = { { .fd = process, .events = POLLIN },
                              { .events = POLLIN } };
    while (process >= 0 && waits[0].revents == 0) {
        waits[1].fd = objects->events;
        if (poll(waits, 2, -1) > 0 && waits[1].revents != 0) {
            read_events(objects);
        }
    }
    if (process >= 0) {
        close(process);
    }
}

/* ---- Afterwards ---- */

static bool
is_in_place(const object_t *object)
{
    struct stat now;
    struct stat kept;
    return object->path != NULL && stat(object->path, &now) == 0 &&
           fstat(object->fd, &kept) == 0 && now.st_dev == kept.st_dev &&
           now.st_ino == kept.st_ino;
}

static void
read_build_id(int fd, evprof_buf_t *out)
{
    evprof_elf_file_t file = { .fd = -1 };
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own >= 0 && evprof_elf_open_fd(own, &file)) {
        evprof_elf_build_id(file.elf, out);
        evprof_elf_close(&file);
    }
}

/* FOLDER/BUILD ID/object is what this process has open; false: it has no build
 * id, or no link can be made. */
static bool
show(const cli_run_objects_t *objects, int fd)
{
    char path[4096];
    char link[64];
    evprof_buf_t id = { 0 };
    read_build_id(fd, &id);
    bool is_shown = !id.failed && id.len > 0;
    if (is_shown) {
        int len =
            snprintf(path, sizeof(path), "%s/%s", objects->folder, id.data);
        (void)mkdir(path, 0700);
        (void)snprintf(path + len, sizeof(path) - (size_t)len, "/object");
        (void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)getpid(), fd);
        is_shown = symlink(link, path) == 0;
    }
    evprof_buf_free(&id);
    return is_shown;
}

void
cli_run_objects_show(cli_run_objects_t *objects)
{
    bool is_any = false;
    evprof_buf_t folders = { 0 };
    for (size_t i = 0; objects != NULL && i < objects->count; i++) {
        const object_t *object = &objects->items[i];
        if (object->fd >= 0 && !is_in_place(object)) {
            is_any = show(objects, object->fd) || is_any;
        }
    }
    if (is_any) {
        evprof_buf_printf(&folders, "%s:%s", objects->folder,
                          cli_search_path());
        setenv("PPROF_BINARY_PATH", folders.failed ? "" : folders.data, 1);
    }
    evprof_buf_free(&folders);
}

void
cli_run_objects_free(cli_run_objects_t *objects)
{
    for (size_t i = 0; objects != NULL && i < objects->count; i++) {
        free(objects->items[i].path);
        if (objects->items[i].fd >= 0) {
            close(objects->items[i].fd);
        }
    }
    if (objects != NULL) {
        if (objects->events >= 0) {
            close(objects->events);
        }
        free(objects->items);
        free(objects);
    }
}
