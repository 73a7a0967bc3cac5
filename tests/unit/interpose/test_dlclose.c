/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever unloads an object is noticed, and gets what libc answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/objects/epoch.h"
#include "core/objects/objects.h"

static void *
open_plugin(void)
{
    void *handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    return handle;
}

static void
test_it_is_ours(void **state)
{
    (void)state;
    void *libc = dlsym(RTLD_NEXT, "dlclose");
    void *bound = dlsym(RTLD_DEFAULT, "dlclose");
    int (*called)(void *) = dlclose;
    assert_non_null(libc);
    assert_true(bound == NULL || bound != libc);
    assert_memory_not_equal(&called, &libc, sizeof(libc));
}

/* The epoch counts unloadings, not calls; from the first look on. */
static void
test_only_the_last_unloads(void **state)
{
    (void)state;
    void *first = open_plugin();
    void *second = open_plugin();
    assert_ptr_equal(first, second);
    uint32_t before = atomic_load(&evprof_unload_epoch);
    assert_int_equal(dlclose(first), 0);
    assert_int_equal(atomic_load(&evprof_unload_epoch), before);
    assert_int_equal(dlclose(second), 0);
    assert_int_equal(atomic_load(&evprof_unload_epoch), before + 1);
}

/* The plugin under a name that nobody has seen. */
static void
copy_plugin(char *path)
{
    int from = open(PLUGIN, O_RDONLY | O_CLOEXEC);
    int to = mkstemp(path);
    assert_true(from >= 0 && to >= 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0) {
    }
    close(from);
    assert_int_equal(close(to), 0);
}

/* An object that nobody has looked at before keeps its names too. */
static void
test_what_goes_is_known(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof_plugin.XXXXXX";
    copy_plugin(path);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    void *symbol = dlsym(handle, "plugin_name");
    assert_non_null(symbol);
    uint32_t before = atomic_load(&evprof_unload_epoch);
    assert_int_equal(dlclose(handle), 0);

    bool is_vague = false;
    const evprof_objects_t *objects = evprof_objects_acquire();
    assert_non_null(objects);
    uintptr_t place =
        evprof_objects_place(objects, (uintptr_t)symbol, before, &is_vague);
    const evprof_object_t *gone = evprof_objects_find(objects, place);
    assert_non_null(gone);
    assert_true(gone->is_gone);
    assert_false(is_vague);
    assert_string_equal(gone->path, path);
    evprof_objects_release(objects);
    assert_int_equal(unlink(path), 0);
}

/* Nothing is looked at before somebody wants to know of objects. */
static void
test_nobody_asks(void **state)
{
    (void)state;
    assert_int_equal(dlclose(open_plugin()), 0);
    assert_int_equal(atomic_load(&evprof_unload_epoch), 0);
    assert_int_equal(evprof_objects_refresh(), EVPROF_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_ours),
        cmocka_unit_test(test_nobody_asks),
        cmocka_unit_test(test_only_the_last_unloads),
        cmocka_unit_test(test_what_goes_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
