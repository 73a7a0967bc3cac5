/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP side is a private module beside this library, so that a program
 * which is only profiled loads no libevent. Its names of libevent's bind to
 * those of the program where it has a libevent that is new enough; else the
 * module brings its own, which no one else sees.
 */
#include "adapters/preload/port.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/preload/listen_addresses.h"
#include "core/base/error.h"
#include "core/base/look_up.h"

#define MODULE "evprof/libevprof_preload_port.so"

/* libevent 2.1.12, the oldest that the module works with. */
#define OLDEST_LIBEVENT 0x02010c00u

typedef int listen_fn(evprof_t *, const char *, evprof_opened_fn *,
                      evprof_error_t *);
typedef int mount_fn(evprof_t *, struct evhttp *, evprof_error_t *);

static void *module;

static bool
has_old_libevent(void)
{
    unsigned (*version)(void) = NULL;
    void *found = evprof_look_up(RTLD_DEFAULT, "event_get_version_number");
    memcpy(&version, &found, sizeof(version));
    return version != NULL && version() < OLDEST_LIBEVENT;
}

/* Beside this library, wherever that lies. */
static void *
open_module(void)
{
    Dl_info self;
    char path[4096];
    if (dladdr(&module, &self) == 0 || self.dli_fname == NULL) {
        return NULL;
    }
    const char *slash = strrchr(self.dli_fname, '/');
    int folder = slash == NULL ? 0 : (int)(slash - self.dli_fname) + 1;
    int len =
        snprintf(path, sizeof(path), "%.*s" MODULE, folder, self.dli_fname);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return NULL;
    }
    return dlopen(path, RTLD_NOW | RTLD_LOCAL |
                            (has_old_libevent() ? RTLD_DEEPBIND : 0));
}

static void *
find(const char *name, evprof_error_t *err)
{
    if (module == NULL) {
        module = open_module();
    }
    void *found = module == NULL ? NULL : dlsym(module, name);
    if (found == NULL) {
        const char *why = dlerror();
        evprof_fail(err, EVPROF_ENOTSUP, "preload: no private port: %s",
                    why != NULL ? why : "the module is missing");
    }
    return found;
}

void *
evprof_preload_module_function(const char *name)
{
    return module == NULL ? NULL : dlsym(module, name);
}

/* A program may run without its three standard streams. What we open must not
 * take their numbers, or what it prints would come to us. Such a descriptor
 * cannot be read or written, and is closed by exec: as if there were none. */
static void
hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            int held = open("/", O_PATH | O_CLOEXEC);
            if (held > STDERR_FILENO) {
                close(held); /* the program was faster */
            }
        }
    }
}

static _Thread_local bool is_own;

bool
evprof_preload_is_own(void)
{
    return is_own;
}

int
evprof_preload_listen(evprof_t *prof, const char *pattern,
                      evprof_opened_fn *opened, evprof_error_t *err)
{
    listen_fn *listen = NULL;
    char address[512];
    hold_standard_streams();
    void *found = find("evprof_preload_port_listen", err);
    if (found == NULL) {
        return EVPROF_ENOTSUP;
    }
    memcpy(&listen, &found, sizeof(listen));
    is_own = true;
    if (pattern == NULL) {
        return listen(prof, NULL, opened, err);
    }
    int status = evprof_fail(err, EVPROF_EINVAL,
                             "EVPROF_LISTEN: %s is no "
                             "address: write 127.0.0.1:6060 or unix:/PATH",
                             pattern);
    for (unsigned i = 0;
         status != EVPROF_OK &&
         evprof_preload_address(pattern, i, address, sizeof(address));
         i++) {
        status = listen(prof, address, opened, err);
    }
    return status;
}

int
evprof_preload_mount(evprof_t *prof, struct evhttp *http, evprof_error_t *err)
{
    mount_fn *mount = NULL;
    void *found = find("evprof_evhttp_mount", err);
    if (found == NULL) {
        return EVPROF_ENOTSUP;
    }
    memcpy(&mount, &found, sizeof(mount));
    return mount(prof, http, err);
}
