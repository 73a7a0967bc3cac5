/* SPDX-License-Identifier: Apache-2.0 */
/* Which stacks say when they were taken, since their code may be unloaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/objects/epoch.h"
#include "core/unwind/sig_epoch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/unwind.h"

/* No code is there. */
#define NOWHERE ((uintptr_t)0x1000)

static void *handle;
static uintptr_t permanent;
static uintptr_t plugin;
static uint32_t born; /* the epoch in which the plugin was loaded */

/* An epoch ends when an object is found to be gone. */
static void
pass_epoch(void)
{
    const uint32_t before = atomic_load(&evprof_unload_epoch);
    void *other = dlopen(OTHER_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(other);
    assert_int_equal(evprof_unwind_refresh(), 0);
    dlclose(other);
    assert_int_equal(evprof_unwind_refresh(), 0);
    assert_int_equal(atomic_load(&evprof_unload_epoch), before + 1);
}

static int
load(void **state)
{
    (void)state;
    assert_int_equal(evprof_unwind_refresh(), 0);
    pass_epoch();
    pass_epoch();
    handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    assert_int_equal(evprof_unwind_refresh(), 0);
    born = atomic_load(&evprof_unload_epoch);
    plugin = (uintptr_t)dlsym(handle, "plugin_name");
    permanent = (uintptr_t)load;
    pass_epoch();
    pass_epoch();
    return 0;
}

static int
unload(void **state)
{
    (void)state;
    return dlclose(handle);
}

/* The mark of a stack of one address that was taken in `epoch`, 0: none. */
static uint32_t
mark_of(uintptr_t pc, uint32_t epoch)
{
    uintptr_t pcs[4] = { pc };
    uint32_t marked = 0;
    const size_t count = evprof_unwind_mark(pcs, 1, 4, epoch);
    assert_int_equal(pcs[0], pc);
    assert_true(count == 1 ||
                (count == 2 && evprof_epoch_marked(pcs[1], &marked)));
    return marked;
}

/* Code that stays means the same in every epoch, a plugin's since it was
 * loaded. Of what is not known the stack's own epoch is told. */
static void
test_marks(void **state)
{
    (void)state;
    for (uint32_t epoch = 0; epoch <= born + 2; epoch++) {
        assert_int_equal(mark_of(permanent, epoch), 0);
        assert_int_equal(mark_of(NOWHERE, epoch), epoch);
        assert_int_equal(mark_of(plugin, epoch), epoch < born ? epoch : born);
    }
    /* One that the map knows nothing of yet. */
    assert_int_equal(mark_of(plugin, born + 3), born + 3);
}

/* The latest of all addresses decides. */
static void
test_several(void **state)
{
    (void)state;
    uintptr_t pcs[5] = { permanent, plugin, permanent };
    assert_int_equal(evprof_unwind_mark(pcs, 3, 5, born + 1), 4);
    assert_int_equal(pcs[3], evprof_epoch_mark(born));
    pcs[2] = NOWHERE;
    assert_int_equal(evprof_unwind_mark(pcs, 3, 5, born + 1), 4);
    assert_int_equal(pcs[3], evprof_epoch_mark(born + 1));
    pcs[1] = permanent;
    assert_int_equal(evprof_unwind_mark(pcs, 2, 5, born + 1), 2);
}

/* The mark takes the place of the outermost frame where there is no other. */
static void
test_room(void **state)
{
    (void)state;
    for (size_t max = 0; max < 6; max++) {
        for (size_t count = 0; count <= max; count++) {
            uintptr_t pcs[6] = { plugin, plugin, plugin, plugin, plugin };
            const size_t marked = evprof_unwind_mark(pcs, count, max, born + 1);
            const bool has_mark = count > 0 && max >= 2;
            assert_int_equal(marked,
                             has_mark && count < max ? count + 1 : count);
            assert_true(!has_mark ||
                        pcs[marked - 1] == evprof_epoch_mark(born));
        }
    }
}

/* A thread's own stack keeps its objects loaded: they are the ones that the map
 * has, if they say which they are. */
static void
test_own(void **state)
{
    (void)state;
    uintptr_t pcs[4] = { plugin };
    assert_int_equal(evprof_unwind_mark_own(pcs, 1, 4), 2);
    assert_int_equal(pcs[1], evprof_epoch_mark(born));
    pcs[0] = permanent;
    assert_int_equal(evprof_unwind_mark_own(pcs, 1, 4), 1);
}

/* ---- When memory that readers may hold can be freed ---- */

static void
test_epochs(void **state)
{
    (void)state;
    evprof_epoch_t epoch = { 0 };
    unsigned early = evprof_epoch_enter(&epoch);
    uint64_t stamp = evprof_epoch_stamp(&epoch);
    for (int i = 0; i < 5; i++) {
        evprof_epoch_advance(&epoch);
        assert_false(evprof_epoch_passed(&epoch, stamp));
    }
    /* Who comes later holds up nothing but what is retired later. */
    unsigned late = evprof_epoch_enter(&epoch);
    evprof_epoch_leave(&epoch, early);
    evprof_epoch_advance(&epoch);
    evprof_epoch_leave(&epoch, late);
    evprof_epoch_advance(&epoch);
    assert_true(evprof_epoch_passed(&epoch, stamp));
}

/* Maps that were replaced while a reader held one are freed after it. */
static void
test_held_map(void **state)
{
    (void)state;
    evprof_pinned_t pinned = evprof_map_pin();
    const size_t count = pinned.map->count;
    assert_true(count > 0);
    for (int i = 0; i < 3; i++) {
        pass_epoch();
        assert_int_equal(pinned.map->count, count);
        assert_non_null(evprof_map_find(pinned.map, permanent));
    }
    evprof_map_unpin(pinned);
    for (int i = 0; i < 3; i++) {
        pass_epoch();
    }
}

/* Readers that were in other threads are not in the child of a fork: it can
 * free what they held, and map what it loads. */
static void
test_forked(void **state)
{
    (void)state;
    int status = 0;
    assert_int_equal(evprof_unwind_refresh(), 0);
    const unsigned early = evprof_epoch_enter(&evprof_map_epoch);
    evprof_epoch_advance(&evprof_map_epoch);
    const unsigned late = evprof_epoch_enter(&evprof_map_epoch);
    assert_int_not_equal(early, late);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool is_free = atomic_load(&evprof_map_epoch.readers[0]) == 0 &&
                       atomic_load(&evprof_map_epoch.readers[1]) == 0;
        _exit(is_free && evprof_unwind_refresh() == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    evprof_epoch_leave(&evprof_map_epoch, early);
    evprof_epoch_leave(&evprof_map_epoch, late);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),  cmocka_unit_test(test_several),
        cmocka_unit_test(test_room),   cmocka_unit_test(test_own),
        cmocka_unit_test(test_epochs), cmocka_unit_test(test_held_map),
        cmocka_unit_test(test_forked),
    };
    return cmocka_run_group_tests_name("unwind epoch", tests, load, unload);
}
