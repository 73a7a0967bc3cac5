/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jemalloc's switches. mallctl is a weak reference: it binds to a jemalloc that
 * is linked in any way, statically too, and is NULL without one. A jemalloc
 * with other names is looked up by dlsym().
 *
 * What is sampled stays known to jemalloc when sampling is switched off, so
 * that switching it on again goes on where it stopped. `prof.reset` would
 * forget live memory; it is used once at most, before anything was sampled.
 */
#include "core/heap/jemalloc.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/look_up.h"
#include "core/base/path.h"
#include "core/heap/jemalloc_hook.h"
#include "core/heap/jemalloc_mallctl.h"
#include "core/heap/jemalloc_refusal.h"
#include "core/heap/malloc_conf.h"
#include "core/sample/threads.h"

extern int mallctl(const char *name, void *old, size_t *old_len, void *set,
                   size_t set_len) __attribute__((weak));

/* Atomic: our threads leave themselves out at their start, at any time. */
static _Atomic(evprof_mallctl_fn) control;
static evprof_jemalloc_hook_fn previous_hook;
static bool is_hooked;
static bool was_ever_on;

static evprof_mallctl_fn
find_mallctl(const char *prefix)
{
    evprof_mallctl_fn found = NULL;
    char name[128];
    int len = snprintf(name, sizeof(name), "%smallctl", prefix);
    if (prefix[0] == '\0' && mallctl != NULL) {
        return mallctl;
    }
    if (len > 0 && (size_t)len < sizeof(name)) {
        void *symbol = evprof_look_up(RTLD_DEFAULT, name);
        memcpy(&found, &symbol, sizeof(found));
    }
    return found;
}

int
evprof_mallctl(const char *name, void *old, size_t *old_len, void *set,
               size_t set_len)
{
    evprof_mallctl_fn call = control;
    return call == NULL ? -1 : call(name, old, old_len, set, set_len);
}

static bool
read_flag(const char *name)
{
    bool value = false;
    size_t len = sizeof(value);
    return evprof_mallctl(name, &value, &len, NULL, 0) == 0 && value;
}

static bool
write_flag(const char *name, bool value)
{
    return evprof_mallctl(name, NULL, NULL, &value, sizeof(value)) == 0;
}

bool
evprof_jemalloc_size(const char *name, size_t *out)
{
    size_t len = sizeof(*out);
    return evprof_mallctl(name, out, &len, NULL, 0) == 0;
}

const char *
evprof_jemalloc_version(void)
{
    const char *version = NULL;
    size_t len = sizeof(version);
    if (evprof_mallctl("version", &version, &len, NULL, 0) != 0 ||
        version == NULL) {
        return "";
    }
    return version;
}

bool
evprof_jemalloc_accumulates(void)
{
    return read_flag("opt.prof_accum");
}

bool
evprof_jemalloc_samples_threads(void)
{
    return read_flag("prof.thread_active_init");
}

/* The file that holds an address, without folders; "" when unknown. */
static const char *
file_of(const void *address, Dl_info *info)
{
    if (address == NULL || dladdr(address, info) == 0 ||
        info->dli_fname == NULL) {
        *info = (Dl_info){ .dli_fname = NULL };
        return "";
    }
    return evprof_path_leaf(info->dli_fname);
}

static const char *
environment(const char *name)
{
    const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe)
    return value == NULL ? "" : value;
}

uintptr_t
evprof_jemalloc_address(void)
{
    uintptr_t address = 0;
    evprof_mallctl_fn call = control;
    memcpy(&address, &call, sizeof(address));
    return address;
}

/* Where the executable is loaded: its program headers lie behind its start. */
static const void *
program_base(void)
{
    Dl_info info;
    const void *headers = NULL;
    unsigned long address = getauxval(AT_PHDR);
    memcpy(&headers, &address, sizeof(headers));
    return dladdr(headers, &info) == 0 ? NULL : info.dli_fbase;
}

static _Atomic uintptr_t counter;

void
evprof_heap_set_counter(uintptr_t address)
{
    atomic_store(&counter, address);
}

uintptr_t
evprof_jemalloc_counter(void)
{
    return atomic_load(&counter);
}

/* The malloc that serves the program, behind one that only counts. */
static const void *
serving_malloc(void)
{
    return evprof_look_up(
        evprof_jemalloc_counter() != 0 ? RTLD_NEXT : RTLD_DEFAULT, "malloc");
}

static int
judge(const char *prefix, evprof_error_t *err)
{
    Dl_info mallctl_info;
    Dl_info malloc_info;
    Dl_info conf_info;
    char system_conf[512] = "";
    void *mallctl_address = NULL;
    evprof_mallctl_fn call = control;
    memcpy(&mallctl_address, &call, sizeof(mallctl_address));
    evprof_jemalloc_facts_t facts = {
        .prefix = prefix,
        .has_mallctl = control != NULL,
        .mallctl_file = file_of(mallctl_address, &mallctl_info),
        .malloc_file = file_of(serving_malloc(), &malloc_info),
        .can_profile = read_flag("config.prof"),
        .is_prepared = read_flag("opt.prof"),
        .is_conf_ours = evprof_malloc_conf_is_ours(),
        .conf_file = file_of(&malloc_conf, &conf_info),
        .environment = environment("MALLOC_CONF"),
        .system_conf = system_conf,
        .preload = environment("LD_PRELOAD"),
    };
    facts.is_malloc_theirs = malloc_info.dli_fbase == mallctl_info.dli_fbase;
    facts.is_inside = mallctl_info.dli_fbase != NULL &&
                      mallctl_info.dli_fbase == program_base();
    facts.calls_malloc = control != NULL || evprof_executable_calls_malloc();
    ssize_t len =
        readlink("/etc/malloc.conf", system_conf, sizeof(system_conf) - 1);
    if (len > 0) {
        system_conf[len] = '\0';
    }
    return evprof_jemalloc_judge(&facts, err);
}

/* Our own threads are left out of heap profiles from their start. */
static void
watch_own_threads(void)
{
    static evprof_thread_hook_t hook = { .ours = evprof_jemalloc_leave_out };
    static bool is_added;
    if (!is_added) {
        is_added = true;
        evprof_thread_add_hook(&hook);
    }
}

int
evprof_jemalloc_find(const char *prefix, evprof_error_t *err)
{
    evprof_mallctl_fn before = control;
    watch_own_threads();
    control = find_mallctl(prefix);
    int status = judge(prefix, err);
    /* A jemalloc in use stays in use when another one cannot be had. */
    if (status != EVPROF_OK && before != NULL) {
        control = before;
    }
    return status;
}

void
evprof_jemalloc_refresh(void)
{
    uint64_t epoch = 1;
    (void)evprof_mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
}

void
evprof_jemalloc_purge(void)
{
    /* 4096 is MALLCTL_ARENAS_ALL. Other threads' caches cannot be reached. */
    (void)evprof_mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    (void)evprof_mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
}

void
evprof_jemalloc_leave_out(void)
{
    (void)write_flag("thread.prof.active", false);
}

static int
fail_interval(size_t now, unsigned wanted, evprof_error_t *err)
{
    return evprof_fail(err, EVPROF_ESTATE,
                       "heap: sample_interval cannot change from %zu to %zu "
                       "bytes while the program runs: what is allocated would "
                       "be forgotten; start it again",
                       (size_t)1 << now, (size_t)1 << wanted);
}

static int
set_interval(unsigned lg_sample, evprof_error_t *err)
{
    size_t now = 0;
    if (lg_sample == 0 || !evprof_jemalloc_size("prof.lg_sample", &now) ||
        now == lg_sample) {
        return EVPROF_OK;
    }
    if (was_ever_on) {
        return fail_interval(now, lg_sample, err);
    }
    size_t wanted = lg_sample;
    if (evprof_mallctl("prof.reset", NULL, NULL, &wanted, sizeof(wanted)) !=
        0) {
        return evprof_fail(err, EVPROF_EIO,
                           "heap: jemalloc refused a sample_interval of 2^%u",
                           lg_sample);
    }
    return EVPROF_OK;
}

static int
set_hook(const evprof_jemalloc_options_t *options, evprof_error_t *err)
{
    static const char name[] = "experimental.hooks.prof_backtrace";
    evprof_jemalloc_hook_fn hook = evprof_jemalloc_hook;
    size_t len = sizeof(previous_hook);
    if (options->unwinder == NULL) {
        return EVPROF_OK;
    }
    if (evprof_unwinder_prepare(options->unwinder) != EVPROF_OK) {
        return evprof_fail(err, EVPROF_EIO,
                           "heap: the unwinder \"%s\" could not be made ready; "
                           "choose \"auto\"",
                           options->unwinder->name);
    }
    if (evprof_jemalloc_hook_prepare(options->unwinder, options->max_stacks) !=
        0) {
        return evprof_fail(err, EVPROF_ENOMEM, "heap: out of memory");
    }
    if (is_hooked) {
        return EVPROF_OK;
    }
    /* Before 5.3 there is no such hook; jemalloc's own walk has to do. */
    is_hooked =
        evprof_mallctl(name, &previous_hook, &len, &hook, sizeof(hook)) == 0;
    return EVPROF_OK;
}

static void
restore_hook(void)
{
    evprof_jemalloc_hook_fn now = NULL;
    size_t len = sizeof(now);
    static const char name[] = "experimental.hooks.prof_backtrace";
    /* The program may have put a hook of its own above ours: that one stays. */
    if (is_hooked && evprof_mallctl(name, &now, &len, NULL, 0) == 0 &&
        now == evprof_jemalloc_hook) {
        (void)evprof_mallctl(name, NULL, NULL, &previous_hook,
                             sizeof(previous_hook));
    }
    is_hooked = false;
}

int
evprof_jemalloc_start(const evprof_jemalloc_options_t *options,
                      evprof_error_t *err)
{
    /* Sampled from the start by the program's own settings. */
    was_ever_on = was_ever_on || read_flag("prof.active");
    int status = set_interval(options->lg_sample, err);
    if (status == EVPROF_OK) {
        status = set_hook(options, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    if (!write_flag("prof.active", true)) {
        restore_hook();
        return evprof_fail(err, EVPROF_EIO,
                           "heap: jemalloc refused to switch sampling on");
    }
    was_ever_on = true;
    return EVPROF_OK;
}

void
evprof_jemalloc_stop(void)
{
    (void)write_flag("prof.active", false);
    restore_hook();
}

void
evprof_jemalloc_stats(evprof_jemalloc_stats_t *out)
{
    evprof_jemalloc_hook_stats(out);
}
