/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each loss is worded in one place, so that all profile types report it alike,
 * the guide can list every sentence, and a test can require each of them. The
 * table is also the matrix of causes and profile types: a bit says that the
 * combination can occur. The counts here are of reports; how much was lost is
 * in the sentences and in each sampler's counters.
 */
#include "core/profile/loss.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/template.h"

#define CPU (1u << EVPROF_LOSS_OF_CPU)
#define WALL (1u << EVPROF_LOSS_OF_WALL)
#define HEAP (1u << EVPROF_LOSS_OF_HEAP)
#define ALLOCS (1u << EVPROF_LOSS_OF_ALLOCS)
#define GOROUTINE (1u << EVPROF_LOSS_OF_GOROUTINE)
#define THREADCREATE (1u << EVPROF_LOSS_OF_THREADCREATE)
#define BLOCK (1u << EVPROF_LOSS_OF_BLOCK)
#define MUTEX (1u << EVPROF_LOSS_OF_MUTEX)
#define SYMBOLS (1u << EVPROF_LOSS_OF_SYMBOLS)
#define OTHER (1u << EVPROF_LOSS_OF_OTHER)

static const char *const names[EVPROF_LOSS_OF_COUNT] = {
    [EVPROF_LOSS_OF_CPU] = "cpu",
    [EVPROF_LOSS_OF_WALL] = "wall",
    [EVPROF_LOSS_OF_HEAP] = "heap",
    [EVPROF_LOSS_OF_ALLOCS] = "allocs",
    [EVPROF_LOSS_OF_GOROUTINE] = "goroutine",
    [EVPROF_LOSS_OF_THREADCREATE] = "threadcreate",
    [EVPROF_LOSS_OF_BLOCK] = "block",
    [EVPROF_LOSS_OF_MUTEX] = "mutex",
    [EVPROF_LOSS_OF_SYMBOLS] = "symbols",
    [EVPROF_LOSS_OF_OTHER] = "other",
};

static const evprof_loss_row_t rows[EVPROF_LOSS_COUNT] = {
    [EVPROF_LOSS_TIMER_SLOTS] = {
        .key = "timer_slots",
        .sentence = "@N@ of @OF@ threads were not sampled, or not from the "
                    "start: no queued-signal slot was left",
        .remedy = "raise RLIMIT_SIGPENDING (ulimit -i)",
        .profiles = CPU,
    },
    [EVPROF_LOSS_TIMER_REFUSED] = {
        .key = "timer_refused",
        .sentence = "@N@ of @OF@ threads were not sampled: the process may "
                    "not make timers: @WHY@",
        .remedy = "allow timer_create and timer_settime in its seccomp filter",
        .profiles = CPU,
    },
    [EVPROF_LOSS_HELD_BACK] = {
        .key = "held_back",
        .sentence = "@N@ of @OF@ expiries were not delivered: a thread with "
                    "CPU time held SIGPROF back, or had the CPU only between "
                    "two ticks of the kernel's clock",
        .remedy = "leave SIGPROF out of the masks of threads",
        .profiles = CPU,
    },
    [EVPROF_LOSS_HANDLER_REPLACED] = {
        .key = "handler_replaced",
        .sentence = "@N@ of @OF@ signals did not reach us: @WHAT@ took the "
                    "place of our SIGPROF handler",
        .remedy = "have only one profiler use SIGPROF",
        .profiles = CPU | WALL | GOROUTINE,
    },
    [EVPROF_LOSS_NO_ROOM] = {
        .key = "no_room",
        .sentence = "@N@ of @OF@ expiries were lost: there was no room when "
                    "they came, and their threads ran no more",
        .remedy = "ask for a lower rate",
        .profiles = CPU,
    },
    [EVPROF_LOSS_TABLE_FULL] = {
        .key = "table_full",
        .sentence = "@N@ of @OF@ @WHAT@ have no stack: the table of stacks "
                    "was full",
        .remedy = "ask for a shorter window or for fewer frames (depth)",
        .profiles = CPU | WALL | BLOCK | MUTEX,
    },
    [EVPROF_LOSS_TOO_DEEP] = {
        .key = "too_deep",
        .sentence = "@N@ of @OF@ stacks are cut at @WHAT@ frames and lack "
                    "their roots",
        .remedy = "raise depth (512 at most)",
        .profiles = CPU,
    },
    [EVPROF_LOSS_NOT_WALKED] = {
        .key = "not_walked",
        .sentence = "@N@ of @OF@ stacks end before their roots: a caller "
                    "could not be found",
        .remedy = "build with -fasynchronous-unwind-tables",
        .profiles = CPU,
    },
    [EVPROF_LOSS_UNREADABLE] = {
        .key = "unreadable",
        .sentence = "@N@ @WHAT@ have no stack: @WHY@",
        .remedy = "`ask_sleepers on;` has them asked by signals",
        .profiles = WALL | GOROUTINE,
    },
    [EVPROF_LOSS_UNANSWERED] = {
        .key = "unanswered",
        .sentence = "@N@ times a thread did not answer in time and has no "
                    "stack, or its last one",
        .remedy = "leave SIGPROF out of the masks of threads",
        .profiles = GOROUTINE | WALL,
    },
    [EVPROF_LOSS_ASK_SLOTS] = {
        .key = "ask_slots",
        .sentence = "@N@ times a thread could not be asked for its stack: no "
                    "queued-signal slot was left",
        .remedy = "raise RLIMIT_SIGPENDING (ulimit -i)",
        .profiles = WALL | GOROUTINE,
    },
    [EVPROF_LOSS_ASK_REFUSED] = {
        .key = "ask_refused",
        .sentence = "@N@ times a thread could not be asked for its stack: the "
                    "process may not make timers or queue signals",
        .remedy = "allow timer_create, timer_settime and rt_tgsigqueueinfo in "
                  "the seccomp filter",
        .profiles = WALL | GOROUTINE,
    },
    [EVPROF_LOSS_THREADS_UNLISTED] = {
        .key = "threads_unlisted",
        .sentence = "threads that pthread_create did not start may be "
                    "missing: @WHY@",
        .remedy = "mount /proc",
        .profiles = CPU | WALL | GOROUTINE | THREADCREATE,
    },
    [EVPROF_LOSS_TOO_MANY_EVENTS] = {
        .key = "too_many_events",
        .sentence = "@N@ contentions with @OF@ ns of delay are missing: there "
                    "were too many a second",
        .remedy = "record fewer of them (@WHAT@)",
        .profiles = BLOCK | MUTEX,
    },
    [EVPROF_LOSS_NOT_WRAPPED] = {
        .key = "not_wrapped",
        .sentence = "calls of @WHAT@ are not seen: the program is bound to "
                    "that of @WHY@",
        .remedy = "link the program with -levprof before the others, or "
                  "preload libevprof.so",
        .profiles = BLOCK | MUTEX | THREADCREATE,
    },
    [EVPROF_LOSS_SWITCHED_OFF] = {
        .key = "switched_off",
        .sentence = "@WHAT@ is 0, nothing is recorded",
        .remedy = "@WHY@",
        .profiles = BLOCK | MUTEX,
    },
    [EVPROF_LOSS_IDLE] = {
        .key = "idle",
        .sentence = "idle: @WHAT@",
        .remedy = "",
        .profiles = CPU | HEAP | ALLOCS | GOROUTINE | THREADCREATE | BLOCK |
                    MUTEX | OTHER,
    },
    [EVPROF_LOSS_ONLY_IN_USE] = {
        .key = "only_in_use",
        .sentence = "alloc_objects and alloc_space are 0: jemalloc was "
                    "started without prof_accum:true",
        .remedy = "start the program with prof_accum:true in MALLOC_CONF",
        .profiles = HEAP,
    },
    [EVPROF_LOSS_SHORT_STACKS] = {
        .key = "short_stacks",
        .sentence = "max_stacks (@OF@) was reached: @N@ samples have "
                    "shortened stacks that end in evprof_heap_more_stacks",
        .remedy = "raise max_stacks",
        .profiles = HEAP | ALLOCS,
    },
    [EVPROF_LOSS_NEW_THREADS_OUT] = {
        .key = "new_threads_out",
        .sentence = "threads are left out unless they switch themselves on: "
                    "jemalloc was started with prof_thread_active_init:false",
        .remedy = "take that out of malloc_conf, MALLOC_CONF or "
                  "/etc/malloc.conf",
        .profiles = HEAP | ALLOCS,
    },
    [EVPROF_LOSS_INTERVAL_WIDE] = {
        .key = "interval_wide",
        .sentence = "jemalloc samples one allocation in @N@ bytes: smaller "
                    "ones hardly show",
        .remedy = "start the program with lg_prof_sample:19 in MALLOC_CONF",
        .profiles = HEAP | ALLOCS,
    },
    [EVPROF_LOSS_DUMP_REFUSED] = {
        .key = "dump_refused",
        .sentence = "jemalloc could not write its dump: @WHY@",
        .remedy = "@WHAT@",
        .profiles = HEAP | ALLOCS,
    },
    [EVPROF_LOSS_FOLDED] = {
        .key = "folded",
        .sentence = "@N@ samples beyond max_stacks have no stack",
        .remedy = "raise max_stacks",
        .profiles = CPU | WALL | ALLOCS | GOROUTINE | THREADCREATE |
                    BLOCK | MUTEX | OTHER,
    },
    [EVPROF_LOSS_BEYOND_SAMPLES] = {
        .key = "beyond_samples",
        .sentence = "@N@ samples beyond max_samples are one, "
                    "[beyond max_samples]",
        .remedy = "raise max_samples",
        .profiles = CPU | WALL | ALLOCS | GOROUTINE | THREADCREATE |
                    BLOCK | MUTEX | OTHER,
    },
    [EVPROF_LOSS_NO_HEAP] = {
        .key = "no_heap",
        .sentence = "there is no heap profile, this one is empty: @WHY@",
        .remedy = "",
        .profiles = HEAP | ALLOCS,
    },
    [EVPROF_LOSS_NAMES] = {
        .key = "names",
        .sentence = "@N@ addresses in @WHAT@ have no name: @WHY@",
        .remedy = "give the tool the file with the same build id",
        .profiles = SYMBOLS,
    },
    [EVPROF_LOSS_LINES] = {
        .key = "lines",
        .sentence = "lines are missing: @WHY@",
        .remedy = "",
        .profiles = SYMBOLS,
    },
    [EVPROF_LOSS_UNLOADED] = {
        .key = "unloaded",
        .sentence = "@N@ of @OF@ stacks may have names of another object: "
                    "objects were unloaded by a dlclose that is not ours",
        .remedy = "link the program with -levprof before the others, or "
                  "preload libevprof.so",
        .profiles = SYMBOLS,
    },
    [EVPROF_LOSS_LABELS_FULL] = {
        .key = "labels_full",
        .sentence = "@N@ samples have the label value (overflow): the bound on "
                    "distinct values (@OF@) was reached",
        .remedy = "label by what has few values",
        .profiles = CPU | WALL | HEAP | ALLOCS | GOROUTINE | BLOCK | MUTEX,
    },
};

static _Atomic uint64_t counts[EVPROF_LOSS_OF_COUNT][EVPROF_LOSS_COUNT];

const evprof_loss_row_t *
evprof_loss_row(enum evprof_loss cause)
{
    return &rows[cause];
}

const char *
evprof_loss_name(enum evprof_loss_of who)
{
    return names[who];
}

enum evprof_loss_of
evprof_loss_who(const char *profile)
{
    unsigned who = 0;
    while (who < EVPROF_LOSS_OF_OTHER && strcmp(names[who], profile) != 0) {
        who++;
    }
    return (enum evprof_loss_of)who;
}

static void
fill_mark(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const evprof_lost_t *lost = ctx;
    if (evprof_template_is(name, len, "N")) {
        evprof_buf_printf(out, "%" PRIu64, lost->n);
    } else if (evprof_template_is(name, len, "OF")) {
        evprof_buf_printf(out, "%" PRIu64, lost->of);
    } else if (evprof_template_is(name, len, "WHAT") && lost->what != NULL) {
        evprof_buf_puts(out, lost->what);
    } else if (evprof_template_is(name, len, "WHY") && lost->why != NULL) {
        evprof_buf_puts(out, lost->why);
    }
}

void
evprof_loss_text(enum evprof_loss_of who, enum evprof_loss cause,
                 const evprof_lost_t *lost, evprof_buf_t *out)
{
    evprof_lost_t marks = *lost;
    evprof_buf_printf(out, "%s: ", names[who]);
    evprof_template_fill(out, rows[cause].sentence, fill_mark, &marks);
    if (rows[cause].remedy[0] != '\0') {
        evprof_buf_puts(out, "; ");
        evprof_template_fill(out, rows[cause].remedy, fill_mark, &marks);
    }
}

bool
evprof_loss_is_idle(const char *comment)
{
    static const char mark[] = ": idle: ";
    for (unsigned who = 0; who < EVPROF_LOSS_OF_COUNT; who++) {
        size_t len = strlen(names[who]);
        if (strncmp(comment, names[who], len) == 0 &&
            strncmp(comment + len, mark, sizeof(mark) - 1) == 0) {
            return true;
        }
    }
    return false;
}

void
evprof_loss_count(enum evprof_loss_of who, uint64_t causes)
{
    for (unsigned i = 0; i < EVPROF_LOSS_COUNT; i++) {
        atomic_fetch_add_explicit(&counts[who][i], causes >> i & 1,
                                  memory_order_relaxed);
    }
}

void
evprof_loss_status(const char *profile, evprof_buf_t *out)
{
    enum evprof_loss_of who = evprof_loss_who(profile);
    for (unsigned i = 0; i < EVPROF_LOSS_COUNT; i++) {
        uint64_t n =
            atomic_load_explicit(&counts[who][i], memory_order_relaxed);
        if (n > 0) {
            evprof_buf_printf(out, "lost_%s: %" PRIu64 "\n", rows[i].key, n);
        }
    }
}

/* Replaces a mark for the guide. */
static void
show_mark(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    (void)ctx;
    if (evprof_template_is(name, len, "N")) {
        evprof_buf_putc(out, 'N');
    } else if (evprof_template_is(name, len, "OF")) {
        evprof_buf_putc(out, 'M');
    } else {
        evprof_buf_puts(out, "...");
    }
}

void
evprof_loss_shape(const char *text, evprof_buf_t *out)
{
    evprof_template_fill(out, text, show_mark, NULL);
}

bool
evprof_loss_meaning(const char *counter, size_t len, evprof_buf_t *out)
{
    static const char prefix[] = "lost_";
    size_t skip = sizeof(prefix) - 1;
    for (unsigned i = 0; i < EVPROF_LOSS_COUNT; i++) {
        if (len == skip + strlen(rows[i].key) &&
            memcmp(counter, prefix, skip) == 0 &&
            memcmp(counter + skip, rows[i].key, len - skip) == 0) {
            evprof_buf_puts(out, "Times that profiles said: ");
            evprof_loss_shape(rows[i].sentence, out);
            return true;
        }
    }
    return false;
}
