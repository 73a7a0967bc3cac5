/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the readers of text profiles. Stacks of allocators, locks and CPU
 * time end in functions of the profiler and the allocator; the expressions
 * below name those, so that they are cut off.
 */
#include "core/analysis/legacy.h"

#include <stdlib.h>
#include <string.h>

#include "core/analysis/proc_maps.h"
#include "core/base/error.h"
#include "core/base/grow.h"

/* The C interface under its own name, the C library's and tcmalloc's; C++'s
 * operators and allocators; the insides of tcmalloc; Go's runtime. */
static const char allocator_frames[] =
    "(__libc_|__|tc_|malloc_zone_|do_)?"
    "(malloc|calloc|realloc|free|cfree|memalign|posix_memalign|valloc|pvalloc|"
    "aligned_alloc)|"
    "tc_(new|delete)(array)?(_nothrow)?|"
    "operator new(\\[\\])?|__builtin_(vec_)?(new|delete)|"
    "__gnu_cxx::new_allocator::allocate|_M_allocate|allocate|"
    "(simple_alloc|__malloc_alloc_template)::allocate|cpp_alloc|"
    "tcmalloc::.*|(::)?do_malloc(_pages|_no_errno)?|DoSampledAllocation|"
    "BaseArena::.*|MallocedMemBlock::MallocedMemBlock|"
    "runtime\\..*";

static const char allocator_exceptions[] =
    "runtime\\.(panic|reflectcall|call[0-9]*)";

/* What gperftools and its users wrap around locks: the functions that record a
 * wait, and those that unlock. */
static const char lock_frames[] =
    "(base::)?(RecordLockProfileData|Submit(Mutex|SpinLock)ProfileData).*|"
    "((base::)?Mutex::)?(AwaitCommon|(Reader)?Unlock(Slow)?).*|"
    "(SpinLock::)?(Slow)?Unlock.*|"
    "((base::)?MutexLock::)?~MutexLock.*|(SpinLockHolder::)?~SpinLockHolder.*";

static const char profiler_frames[] =
    "ProfileData::Add|(ProfileData|CpuProfiler)::prof_handler|"
    "__pthread_sighandler|__restore";

void
evprof_legacy_push_row(evprof_assembly_t *a, evprof_legacy_stack_t *stack,
                       uint32_t row)
{
    uint32_t *rows =
        evprof_grow(stack->rows, &stack->cap, stack->count + 1, sizeof(*rows));
    if (rows == NULL) {
        a->status = EVPROF_ENOMEM;
        return;
    }
    stack->rows = rows;
    rows[stack->count++] = row;
}

void
evprof_legacy_push(evprof_assembly_t *a, evprof_legacy_stack_t *stack,
                   uint64_t address)
{
    evprof_legacy_push_row(a, stack, evprof_assembly_address(a, address));
}

int
evprof_legacy_push_all(evprof_assembly_t *a, evprof_legacy_stack_t *stack,
                       evprof_span_t text, evprof_error_t *err)
{
    evprof_span_t rest = text;
    uint64_t address = 0;
    int found;
    while ((found = evprof_take_address(&rest, &address)) > 0) {
        evprof_legacy_push(a, stack, address - 1);
    }
    return found == 0 ? EVPROF_OK : evprof_legacy_malformed(text, err);
}

void
evprof_legacy_stack_free(evprof_legacy_stack_t *stack)
{
    free(stack->rows);
    *stack = (evprof_legacy_stack_t){ 0 };
}

int
evprof_legacy_malformed(evprof_span_t line, evprof_error_t *err)
{
    enum { SHOWN = 120 };
    size_t len = evprof_span_len(line);
    return evprof_fail(err, EVPROF_EPARSE, "a line is no sample: %.*s%s",
                       (int)(len < SHOWN ? len : SHOWN), line.at,
                       len < SHOWN ? "" : "...");
}

static bool
types_are(const evprof_pprof_t *p, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && p->type_count == count; i++) {
        if (strcmp(p->types[i].type, names[i]) != 0) {
            return false;
        }
    }
    return p->type_count == count;
}

static bool
is_heap(const evprof_pprof_t *p)
{
    static const char *const pairs[][2] = {
        { "allocations", "size" },
        { "objects", "space" },
        { "inuse_objects", "inuse_space" },
        { "alloc_objects", "alloc_space" },
    };
    static const char *const all[] = { "alloc_objects", "alloc_space",
                                       "inuse_objects", "inuse_space" };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (types_are(p, pairs[i], 2)) {
            return true;
        }
    }
    return types_are(p, all, 4);
}

static void
set_frame_lists(evprof_assembly_t *a)
{
    static const char *const contention[] = { "contentions", "delay" };
    if (a->profile == NULL) {
        return;
    }
    const char *drop = profiler_frames;
    const char *keep = "";
    if (is_heap(a->profile)) {
        drop = allocator_frames;
        keep = allocator_exceptions;
    } else if (types_are(a->profile, contention, 2)) {
        drop = lock_frames;
    }
    a->profile->drop_frames = evprof_assembly_text(a, drop, strlen(drop));
    a->profile->keep_frames = evprof_assembly_text(a, keep, strlen(keep));
}

int
evprof_legacy_finish_maps(evprof_assembly_t *a, evprof_span_t maps,
                          evprof_error_t *err)
{
    set_frame_lists(a);
    return evprof_maps_finish(a, maps, err);
}

int
evprof_legacy_finish(evprof_assembly_t *a, evprof_span_t rest,
                     evprof_error_t *err)
{
    evprof_span_t line;
    while (evprof_span_line(&rest, &line) && !evprof_maps_sentinel(line)) {
    }
    return evprof_legacy_finish_maps(a, rest, err);
}

void
evprof_legacy_drop_doubles(evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        evprof_sample_t *s = &p->samples[i];
        if (s->location_count > 1 &&
            p->locations[s->locations[0]].address ==
                p->locations[s->locations[1]].address + 1) {
            s->locations[1] = s->locations[0];
            s->locations++;
            s->location_count--;
        }
    }
}

/* The last "(" that follows white space, when the span ends in ")". */
static const char *
last_parenthesis(evprof_span_t s)
{
    if (s.end == s.at || s.end[-1] != ')') {
        return NULL;
    }
    for (const char *at = s.end - 1; at > s.at + 1; at--) {
        if (at[0] == '(' && (at[-1] == ' ' || at[-1] == '\t')) {
            return at;
        }
    }
    return NULL;
}

/* Splits "file:line". False: the text has another form. */
static bool
split_line(evprof_span_t place, evprof_span_t *file, int64_t *line)
{
    const char *colon = memrchr(place.at, ':', evprof_span_len(place));
    if (colon == NULL || colon == place.at) {
        return false;
    }
    evprof_span_t number = { colon + 1, place.end };
    int64_t value = 0;
    if (!evprof_take_int(&number, &value) || number.at != number.end) {
        return false;
    }
    *file = (evprof_span_t){ place.at, colon };
    *line = value > 0 ? value : 0;
    return true;
}

/* Splits what follows an address into function, file and line. */
static int64_t
read_java_symbol(evprof_span_t s, evprof_named_frame_t *out)
{
    static const char stub[] = "STUB";
    int64_t line = 0;
    const char *open = last_parenthesis(s);
    evprof_span_t name = s;
    evprof_span_t file = { NULL, NULL };
    if (open != NULL) {
        evprof_span_t place = { open + 1, s.end - 1 };
        name = evprof_span_trim((evprof_span_t){ s.at, open });
        if (!split_line(place, &file, &line)) {
            const char *slash = memrchr(place.at, '/', evprof_span_len(place));
            file = place;
            file.at = slash == NULL ? file.at : slash + 1;
        }
    } else if (evprof_span_find(s, "generated stub/JIT") != NULL) {
        name = evprof_span(stub, sizeof(stub) - 1);
    }
    *out = (evprof_named_frame_t){ .name = name.at,
                                   .name_len = evprof_span_len(name),
                                   .file = file.at,
                                   .file_len = evprof_span_len(file) };
    return line;
}

static void
name_location(evprof_assembly_t *a, uint32_t row, evprof_span_t symbol)
{
    evprof_named_frame_t frame;
    int64_t number = read_java_symbol(symbol, &frame);
    uint32_t function = evprof_assembly_function(a, &frame);
    evprof_line_t *line =
        a->status != EVPROF_OK
            ? NULL
            : evprof_arena_calloc(&a->profile->arena, 1, sizeof(*line));
    if (line == NULL) {
        a->status = EVPROF_ENOMEM;
        return;
    }
    *line = (evprof_line_t){ .function = function, .line = number };
    a->profile->locations[row].lines = line;
    a->profile->locations[row].line_count = 1;
    a->profile->locations[row].address = 0;
}

int
evprof_legacy_finish_java(evprof_assembly_t *a, evprof_span_t rest,
                          evprof_error_t *err)
{
    evprof_span_t line;
    while (a->status == EVPROF_OK && evprof_span_line(&rest, &line)) {
        evprof_span_t s = evprof_span_trim(line);
        uint64_t address = 0;
        if (!evprof_take(&s, "0x") || !evprof_take_hex(&s, &address) ||
            s.at == s.end || *s.at != ' ') {
            continue;
        }
        uint32_t row = evprof_assembly_find(a, address);
        if (row != EVPROF_INDEX_END) {
            name_location(a, row, evprof_span_trim(s));
        }
    }
    if (a->status == EVPROF_OK) {
        set_frame_lists(a);
    }
    /* An id without a name gets a mapping, like any address. */
    int status = evprof_maps_finish(a, rest, err);
    for (size_t i = 0; status == EVPROF_OK && i < a->profile->location_count;
         i++) {
        a->profile->locations[i].address = 0;
    }
    return status;
}
