/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One symbolizer for the process, made by the first profile. A fork may come
 * while the worker is inside it; the child then leaves that memory alone and
 * begins anew.
 */
#include "core/runtime/symbols.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/objects/epoch.h"
#include "core/objects/objects.h"
#include "core/profile/loss.h"
#include "core/sample/hooks.h"
#include "core/symbol/settle_epochs.h"
#include "core/symbol/symbolize.h"

static evprof_symbolizer_t *symbolizer;
static _Atomic bool is_busy;

void
evprof_symbols_configure(bool with_lines, const char *helper)
{
    if (symbolizer == NULL) {
        symbolizer = evprof_symbolizer_new(0);
    }
    if (symbolizer != NULL) {
        evprof_symbolizer_configure(symbolizer, with_lines, helper);
    }
}

/* The loaded objects of now, or NULL. */
static const evprof_objects_t *
look_at_objects(evprof_error_t *err)
{
    if (symbolizer == NULL) {
        symbolizer = evprof_symbolizer_new(0);
    }
    if (symbolizer == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "symbols: out of memory");
        return NULL;
    }
    /* After a failed look the objects of the last one still stand. */
    int status = evprof_objects_refresh();
    const evprof_objects_t *objects = evprof_objects_acquire();
    if (objects == NULL) {
        evprof_fail(err, status, "symbols: cannot list the loaded objects");
    }
    return objects;
}

/* Takes the locations of hooks and marks out of the table; `moved` says where
 * each of the others is now, EVPROF_NO_INDEX for those that went. */
static void
drop_locations(evprof_pprof_t *p, uint32_t *moved)
{
    uint32_t kept = 0;
    for (size_t i = 0; i < p->location_count; i++) {
        moved[i] = EVPROF_NO_INDEX;
        uint64_t address = p->locations[i].address;
        uint32_t epoch;
        if (!evprof_is_hook(address) &&
            !evprof_epoch_marked(address + 1, &epoch)) {
            p->locations[kept] = p->locations[i];
            moved[i] = kept++;
        }
    }
    p->location_count = kept;
}

static void
drop_frames(evprof_sample_t *sample, const uint32_t *moved)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sample->location_count; i++) {
        uint32_t location = moved[sample->locations[i]];
        if (location != EVPROF_NO_INDEX) {
            sample->locations[kept++] = location;
        }
    }
    sample->location_count = kept;
}

/* Takes the frames of our wrappers out of all stacks: what the program called
 * was libc's function, not what stands before it. */
static int
leave_out_hooks(evprof_pprof_t *p, evprof_error_t *err)
{
    uint32_t *moved = malloc((p->location_count + 1) * sizeof(*moved));
    if (moved == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "symbols: out of memory");
    }
    drop_locations(p, moved);
    for (size_t i = 0; i < p->sample_count; i++) {
        drop_frames(&p->samples[i], moved);
    }
    free(moved);
    return EVPROF_OK;
}

/* Has the stacks mean what they meant when they were taken. */
static int
settle(const evprof_objects_t *objects, evprof_pprof_t *p, evprof_error_t *err)
{
    evprof_lost_t lost = { .of = p->sample_count };
    size_t vague = 0;
    int status = evprof_symbol_settle(objects, p, &vague);
    lost.n = vague;
    if (status == EVPROF_OK && vague > 0) {
        status = evprof_loss_note(p, EVPROF_LOSS_OF_SYMBOLS,
                                  EVPROF_LOSS_UNLOADED, &lost);
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "symbols: out of memory");
    }
    return leave_out_hooks(p, err);
}

/* Gives mappings, and maybe names. */
typedef int describe_fn(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                        evprof_pprof_t *p, evprof_error_t *err);

static int
give_mappings(evprof_symbolizer_t *s, const evprof_objects_t *objects,
              evprof_pprof_t *p, evprof_error_t *err)
{
    (void)s;
    return evprof_symbol_mappings(objects, p, err);
}

/* Gives `p` what the snapshot of now knows of its addresses. */
static int
describe(evprof_pprof_t *p, describe_fn *how, evprof_error_t *err)
{
    evprof_error_t why = { .status = EVPROF_OK };
    atomic_store(&is_busy, true);
    const evprof_objects_t *objects = look_at_objects(&why);
    int status = objects != NULL
                     ? settle(objects, p, err)
                     : evprof_fail(err, why.status, "%s", why.message);
    if (status == EVPROF_OK) {
        status = how(symbolizer, objects, p, err);
    }
    evprof_objects_release(objects);
    atomic_store(&is_busy, false);
    return status;
}

int
evprof_symbols_fill(evprof_pprof_t *p, evprof_error_t *err)
{
    return describe(p, evprof_symbolize, err);
}

int
evprof_symbols_map(evprof_pprof_t *p, evprof_error_t *err)
{
    return describe(p, give_mappings, err);
}

int
evprof_symbols_fill_lost(evprof_pprof_t *p, evprof_error_t *err)
{
    return describe(p, evprof_symbolize_lost, err);
}

int
evprof_symbols_finish(evprof_builder_t *builder, evprof_pprof_t **out,
                      evprof_error_t *err)
{
    int status = evprof_builder_finish(builder, out, err);
    return status == EVPROF_OK ? evprof_symbols_fill(*out, err) : status;
}

int
evprof_symbols_prepare(const uintptr_t *pcs, size_t count)
{
    int status = EVPROF_OK;
    atomic_store(&is_busy, true);
    const evprof_objects_t *objects = look_at_objects(NULL);
    if (objects != NULL) {
        status = evprof_symbol_prepare(symbolizer, objects, pcs, count);
        evprof_objects_release(objects);
    }
    atomic_store(&is_busy, false);
    return status;
}

/* The objects that the last look found. To look again for each of a million
 * addresses would take longer than to answer them. */
static const evprof_objects_t *
last_objects(void)
{
    return symbolizer != NULL ? evprof_objects_acquire()
                              : look_at_objects(NULL);
}

const char *
evprof_symbols_name(uintptr_t pc)
{
    const char *name = NULL;
    atomic_store(&is_busy, true);
    const evprof_objects_t *objects = last_objects();
    if (objects != NULL) {
        name = evprof_symbol_name(symbolizer, objects, pc);
        evprof_objects_release(objects);
    }
    atomic_store(&is_busy, false);
    return name;
}

uintptr_t
evprof_symbols_entry(uintptr_t pc)
{
    uintptr_t entry = 0;
    atomic_store(&is_busy, true);
    const evprof_objects_t *objects = last_objects();
    if (objects != NULL) {
        entry = evprof_symbol_entry(symbolizer, objects, pc);
        evprof_objects_release(objects);
    }
    atomic_store(&is_busy, false);
    return entry;
}

bool
evprof_symbols_reap(void)
{
    atomic_store(&is_busy, true);
    bool is_running = symbolizer != NULL && evprof_symbolizer_reap(symbolizer);
    atomic_store(&is_busy, false);
    return is_running;
}

void
evprof_symbols_close(void)
{
    evprof_symbolizer_free(symbolizer);
    symbolizer = NULL;
}

void
evprof_symbols_fork_child(void)
{
    if (symbolizer != NULL) {
        evprof_symbolizer_forget(symbolizer);
    }
    if (atomic_exchange(&is_busy, false)) {
        symbolizer = NULL;
    }
}
