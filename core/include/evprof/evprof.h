/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVPROF_H
#define EVPROF_EVPROF_H

/*
 * Profiling of the running process, as Go's runtime/pprof has it.
 *
 * Signals, rates and jemalloc belong to the process, so there is one evprof_t
 * at a time. Unless a function says otherwise it is MT-Safe and not
 * async-signal-safe, returns 0 or a negative EVPROF_E* status, and on failure
 * leaves its outputs untouched and says why in `err`, which may be NULL.
 *
 * Where a function is given NULL as its profiler and there is none yet, it
 * fails as evprof_default() does, beside the statuses that it names itself.
 * What a writer returns is handed on as it is; evprof_writer_fd() and
 * evprof_writer_file() return EVPROF_EIO.
 */

#include <stddef.h>

#include <evprof/export.h>
#include <evprof/status.h>
#include <evprof/version.h>
#include <evprof/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The profiler: a static object of the library that is never freed. */
typedef struct evprof evprof_t;

/* A profile; its profiler owns it, and it is valid until evprof_free(). */
typedef struct evprof_profile evprof_profile_t;

/* ---- The profiler ---- */

/*
 * Makes the process's profiler from a configuration file, or from the built-in
 * defaults when `conf_file` is NULL; with NULL, returns the one that exists. No
 * thread, timer or signal handler exists
 * until a profile is asked for (but for `reload_signal`), so a server may call
 * this and then fork its workers. The object is static: it is never freed, only
 * switched off, so that a stale pointer in a router answers 503. `conf_file` is
 * copied.
 *
 * NULL with `err` filled: EVPROF_EBUSY while one exists and a file was named
 * (the message says what made it), or while it is shut down; EVPROF_EPARSE and
 * EVPROF_EIO for the file (message "file:line:column: ..."); EVPROF_ESTATE when
 * `reload_signal` is taken by the program; EVPROF_ENOTSUP for `push` and
 * `collect` where the part that does it is not installed; EVPROF_ENOMEM; what a
 * module's `init` returns.
 */
EVPROF_API evprof_t *evprof_new(const char *conf_file, evprof_error_t *err);

/*
 * The process's profiler: the one that exists, else one made from the file that
 * the environment variable EVPROF_CONF names, else from the built-in defaults.
 * It is what every function that takes an evprof_t uses where it is given NULL;
 * after an evprof_new() that failed for its file, it fails for the same reason.
 * NULL with `err` filled as by evprof_new().
 */
EVPROF_API evprof_t *evprof_default(evprof_error_t *err);

/*
 * Cancels what is in flight, ends the profiler's threads and timers and makes
 * room for another evprof_new(); the next use of NULL makes one anew. NULL is
 * ignored. Blocks until no hook of a
 * module runs any more; never call it from a module's hook, nor on the thread
 * of a private port.
 */
EVPROF_API void evprof_free(evprof_t *prof);

/*
 * Reads the configuration file again and switches to it as a whole. On failure
 * the old configuration stays in force. Blocks while a hook of a module runs.
 * EVPROF_EPARSE and EVPROF_EIO for the file; EVPROF_ESTATE when there is none,
 * when it changes what is fixed at mount time, when the profiler is shut down,
 * or in a module's hook; EVPROF_ENOMEM; what a module's `init` returns.
 */
EVPROF_API int evprof_reload(evprof_t *prof, evprof_error_t *err);

/* ---- The configuration file ---- */

/*
 * Checks a file and writes every error, one a line, "file:line:column: ...".
 * 0: the file is good. EVPROF_EPARSE: it is not. EVPROF_EIO: it cannot be read.
 * EVPROF_ENOMEM; what the writer returns. `conf_file` is only read.
 */
EVPROF_API int evprof_conf_check(const char *conf_file,
                                 const evprof_writer_t *out,
                                 evprof_error_t *err);

/*
 * Writes the effective value of every directive and where it comes from; NULL
 * as `conf_file`, which is only read, means the built-in defaults.
 * EVPROF_EPARSE: the file is not good; EVPROF_EIO: it cannot be read;
 * EVPROF_ENOMEM; what the writer returns.
 */
EVPROF_API int evprof_conf_dump(const char *conf_file,
                                const evprof_writer_t *out,
                                evprof_error_t *err);

/* Writes the reference of every directive: name, arguments, default, meaning.
 * EVPROF_ENOMEM; what the writer returns. */
EVPROF_API int evprof_conf_reference(const evprof_writer_t *out,
                                     evprof_error_t *err);

/* ---- CPU profiles of a region ---- */

/*
 * Starts the program's CPU profile; what others take over HTTP goes on beside
 * it. evprof_cpu_stop() writes it, gzip compressed profile.proto, to `out`, on
 * the thread that calls it; the context of `out` lives until then.
 *
 * EVPROF_EBUSY: the program has started one already; EVPROF_EINVAL: no writer;
 * EVPROF_EOFF: the configuration has switched the profile off; EVPROF_ENOENT:
 * the library was built without it; EVPROF_ESTATE: the profiler is shut down,
 * or a module's hook calls; EVPROF_ELIMIT: `max_profiles` are being taken;
 * EVPROF_ENOTSUP, EVPROF_EIO: threads cannot be sampled here; EVPROF_ENOMEM.
 * What the writer returns, evprof_cpu_stop() says.
 */
EVPROF_API int evprof_cpu_start(evprof_t *prof, const evprof_writer_t *out,
                                evprof_error_t *err);

/*
 * Ends the profile that evprof_cpu_start() began and returns when all of it is
 * written; does nothing when there is none. EVPROF_ESTATE: a module's hook
 * calls; EVPROF_ECANCELED: evprof_free() ended it; EVPROF_ENOMEM; what the
 * writer returned.
 */
EVPROF_API int evprof_cpu_stop(evprof_t *prof, evprof_error_t *err);

/* ---- Named profiles ---- */

/*
 * The profile of that name ("heap", "mutex", ... or one made by
 * evprof_profile_new), or NULL when there is none or it is switched off. `name`
 * is only read.
 */
EVPROF_API evprof_profile_t *evprof_lookup(evprof_t *prof, const char *name);

/*
 * Takes the profile now and writes it on the calling thread: debug 0 writes
 * gzip compressed profile.proto, 1 text for people, 2 the long text where the
 * profile has one. EVPROF_ENOTSUP: the profile cannot be had (the message says
 * what to do); EVPROF_ESTATE: it needs a duration, the profiler is shut down,
 * or a module's hook calls; EVPROF_EINVAL: no profile or no writer;
 * EVPROF_EOFF: a reload has switched it off; EVPROF_ENOENT: it is of a profiler
 * that was freed; EVPROF_EBUSY: it is taken already, of those that go one at a
 * time; EVPROF_ELIMIT: `max_profiles` are being taken, or it is larger than a
 * profile may be; EVPROF_ECANCELED: evprof_free() came meanwhile;
 * EVPROF_ENOMEM; what the writer returns.
 */
EVPROF_API int evprof_profile_write(evprof_profile_t *p,
                                    const evprof_writer_t *out, int debug,
                                    evprof_error_t *err);

/*
 * Makes a profile of one's own: a set of values, each with the stack that added
 * it. `name`, which is copied, becomes its sample type and URL leaf. NULL with
 * `err`:
 * EVPROF_EINVAL (empty, longer than 100 bytes, or with other characters than
 * letters, digits and -._~:@+,), EVPROF_EBUSY (taken by a profile, or by what
 * is served beside them: "profile", "threads", "fgprof", "status", "trace"),
 * EVPROF_ESTATE (after evprof_free()), EVPROF_ENOMEM. Any thread.
 */
EVPROF_API evprof_profile_t *
evprof_profile_new(evprof_t *prof, const char *name, evprof_error_t *err);

/*
 * Adds `value` with the stack of the caller, `skip` frames above it left out.
 * `value` is only compared and stays the application's. EVPROF_EBUSY: it is in
 * already; EVPROF_EINVAL: a built-in profile, or a negative `skip`;
 * EVPROF_ENOMEM.
 */
EVPROF_API int evprof_profile_add(evprof_profile_t *p, const void *value,
                                  int skip);

/* Takes `value`, which is only compared, out; 0 also when it was not in.
 * EVPROF_EINVAL: a built-in profile. */
EVPROF_API int evprof_profile_remove(evprof_profile_t *p, const void *value);

/* How many entries (own profiles), stacks or threads it has now; -1: unknown.
 */
EVPROF_API long evprof_profile_count(evprof_profile_t *p);

/* The profile's name, owned by the profile; NULL for NULL. */
EVPROF_API const char *evprof_profile_name(const evprof_profile_t *p);

/*
 * Writes up to `max` handles, sorted by name, to `out`, the caller's array (may
 * be NULL when `max` is 0), and returns how many profiles there are.
 */
EVPROF_API size_t evprof_profiles(evprof_t *prof, evprof_profile_t **out,
                                  size_t max);

/* ---- Labels ---- */

/*
 * Sets a label of the calling thread until it is restored; samples taken
 * meanwhile carry it, threads created meanwhile inherit it. Returns a token > 0
 * for evprof_label_restore(), or a negative status. Both strings are copied and
 * kept for ever, up to a bound of some thousand: a value beyond it, or longer
 * than 255 bytes, becomes "(overflow)". Lock-free and async-signal-safe.
 *
 * EVPROF_EINVAL: no key, an empty one, no value; EVPROF_ELIMIT: 16 labels
 * already, or a key that is too long or one too many.
 */
EVPROF_API int evprof_label_push(const char *key, const char *value);

/* The calling thread's value for `key`, or NULL; it is valid for ever, `key` is
 * only read. Lock-free and async-signal-safe. */
EVPROF_API const char *evprof_label_get(const char *key);

/*
 * Goes back to the labels before the push that gave `token`, whatever later
 * pushes a longjmp has skipped. Statuses (token <= 0) are ignored. Lock-free
 * and async-signal-safe.
 */
EVPROF_API void evprof_label_restore(int token);

/* The labels of a thread at one moment; valid for ever, in any thread of the
 * process, and to be copied freely. */
typedef struct evprof_labels {
    const void *set; /* the library's own, valid for ever; NULL: none */
} evprof_labels_t;

/* The calling thread's labels, to be applied where work goes on: in a later
 * callback, or in another thread. Lock-free and async-signal-safe. */
EVPROF_API evprof_labels_t evprof_labels_capture(void);

/*
 * Makes these the calling thread's labels and returns a token > 0 for
 * evprof_label_restore(), which brings back those it had. Lock-free and
 * async-signal-safe.
 */
EVPROF_API int evprof_labels_apply(evprof_labels_t labels);

/* Ends the scope of EVPROF_LABEL(); not to be called by name. */
static inline void
evprof_label__leave(const int *token)
{
    evprof_label_restore(*token);
}

#define EVPROF_LABEL__NAME2(number) evprof_label_at_##number
#define EVPROF_LABEL__NAME(number) EVPROF_LABEL__NAME2(number)

/*
 * Labels the rest of the enclosing block. A C++ exception that passes through C
 * code built without -fexceptions skips the restore.
 */
#define EVPROF_LABEL(key, value)                                               \
    const int EVPROF_LABEL__NAME(__COUNTER__)                                  \
        __attribute__((cleanup(evprof_label__leave), unused)) =                \
            evprof_label_push(key, value)

/* ---- Rates ---- */

/*
 * Blocking events shorter than `ns` nanoseconds are sampled with probability
 * duration / ns, longer ones all; 0 or less records nothing. What was recorded
 * before stays as it was. EVPROF_EOFF: the configuration has switched the
 * profile off.
 */
EVPROF_API int evprof_set_block_rate(evprof_t *prof, long ns);

/*
 * One in `fraction` contentions is recorded in the mutex profile; 0 records
 * nothing, a negative argument only reads. Returns the previous value, 0 where
 * the configuration has switched the profile off; EVPROF_EOFF: that, and a
 * fraction was to be set.
 */
EVPROF_API int evprof_set_mutex_fraction(evprof_t *prof, int fraction);

#ifdef __cplusplus
}
#endif

#endif
