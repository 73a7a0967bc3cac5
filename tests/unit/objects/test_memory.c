/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a look at the objects fails once: the old snapshot stays
 * then, or the new one is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/objects/objects.h"
#include "evprof/evprof.h"
#include "tests/short_of_memory.h"

/* So many that the list of the loader's objects grows. */
enum { COPIES = 40 };

static char folder[] = "/tmp/evprof-objects-XXXXXX";
static void *copies[COPIES];

static void *
open_copy(int i)
{
    char path[64];
    char command[512];
    (void)snprintf(path, sizeof(path), "%s/%d.so", folder, i);
    (void)snprintf(command, sizeof(command), "cp '%s' '%s'", PLUGIN_B, path);
    assert_int_equal(system(command), 0);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_int_equal(unlink(path), 0);
    assert_non_null(handle);
    return handle;
}

static int
open_copies(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < COPIES; i++) {
        copies[i] = open_copy(i);
    }
    return rmdir(folder);
}

static int
close_copies(void **state)
{
    (void)state;
    for (int i = 0; i < COPIES; i++) {
        dlclose(copies[i]);
    }
    return 0;
}

static void
expect_found(const evprof_objects_t *objects, void *handle)
{
    const evprof_object_t *object =
        evprof_objects_find(objects, (uintptr_t)dlsym(handle, "plugin_name"));
    assert_non_null(object);
    assert_false(object->is_gone);
}

static void
expect_whole(const evprof_objects_t *objects, uintptr_t pc)
{
    const evprof_object_t *plugin = evprof_objects_find(objects, pc);
    assert_non_null(plugin);
    assert_false(plugin->is_gone);
    assert_string_equal(plugin->path, PLUGIN_A);
    assert_string_equal(plugin->build_id, PLUGIN_A_ID);
    const evprof_object_t *own =
        evprof_objects_find(objects, (uintptr_t)expect_whole);
    assert_non_null(own);
    assert_ptr_equal(own, &objects->items[objects->main_index]);
    for (int i = 0; i < COPIES; i++) {
        expect_found(objects, copies[i]);
    }
    const evprof_object_t *libc =
        evprof_objects_find(objects, (uintptr_t)dlsym(RTLD_DEFAULT, "qsort"));
    assert_non_null(libc);
    assert_true(libc->is_permanent);
}

/* Looks with the plugin loaded that was not at the last look. Whether an
 * allocation failed. */
static bool
look(long n)
{
    assert_int_equal(evprof_objects_refresh(), EVPROF_OK);
    const evprof_objects_t *before = evprof_objects_acquire();
    void *handle = dlopen(PLUGIN_A, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    uintptr_t pc = (uintptr_t)dlsym(handle, "plugin_name");
    test_fail_allocation(n);
    int status = evprof_objects_refresh();
    bool has_failed = test_failed_allocation();
    const evprof_objects_t *after = evprof_objects_acquire();
    if (status == EVPROF_OK) {
        expect_whole(after, pc);
    } else {
        assert_int_equal(status, EVPROF_ENOMEM);
        assert_true(has_failed);
        assert_ptr_equal(after, before);
    }
    evprof_objects_release(after);
    evprof_objects_release(before);
    dlclose(handle);
    return has_failed;
}

static void
test_looking(void **state)
{
    (void)state;
    long n = 1;
    while (look(n)) {
        n++;
    }
    assert_true(n > 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_looking) };
    return cmocka_run_group_tests_name("memory", tests, open_copies,
                                       close_copies);
}
