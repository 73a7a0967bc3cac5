/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot of loaded objects, against the loader's own answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/objects/epoch.h"
#include "core/objects/objects.h"
#include "tests/unit/emulated.h"

static const evprof_objects_t *
fresh(void)
{
    assert_int_equal(evprof_objects_refresh(), 0);
    const evprof_objects_t *objects = evprof_objects_acquire();
    assert_non_null(objects);
    return objects;
}

static const evprof_object_t *
find(const evprof_objects_t *objects, uintptr_t pc)
{
    const evprof_object_t *object = evprof_objects_find(objects, pc);
    if (object != NULL) {
        assert_true(object->start <= pc && pc < object->limit);
    }
    return object;
}

static uintptr_t
plugin_open(const char *path, void **handle)
{
    assert_null(dlopen(path, RTLD_NOLOAD | RTLD_NOW));
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(*handle);
    void *symbol = dlsym(*handle, "plugin_name");
    assert_non_null(symbol);
    return (uintptr_t)symbol;
}

static void
test_main_program(void **state)
{
    (void)state;
    const evprof_objects_t *objects = fresh();
    const evprof_object_t *own = find(objects, (uintptr_t)test_main_program);
    assert_non_null(own);
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    assert_true(len > 0);
    path[len] = '\0';
    assert_string_equal(own->path, path);
    assert_true(own->is_permanent);
    assert_false(own->is_gone);
    assert_true(own->eh_frame_hdr >= own->eh_low);
    assert_true(own->eh_frame_hdr < own->eh_high);
    assert_ptr_equal(own->path, objects->items[objects->main_index].path);
    evprof_objects_release(objects);
}

static void
test_libraries_are_permanent(void **state)
{
    (void)state;
    const evprof_objects_t *objects = fresh();
    const evprof_object_t *libc =
        find(objects, (uintptr_t)dlsym(RTLD_DEFAULT, "qsort"));
    assert_non_null(libc);
    assert_true(libc->is_permanent);
    assert_int_equal(libc->path[0], '/');
    assert_int_equal(strlen(libc->build_id), 40);
    assert_null(find(objects, (uintptr_t)&objects));
    assert_null(find(objects, 0));
    assert_null(find(objects, UINTPTR_MAX));
    evprof_objects_release(objects);
}

static void
test_vdso(void **state)
{
    (void)state;
    uintptr_t base = getauxval(AT_SYSINFO_EHDR);
    if (base == 0) {
        print_message("skipped: the kernel gave this process no vdso\n");
        skip();
    }
    const evprof_objects_t *objects = fresh();
    const evprof_object_t *vdso = find(objects, base);
    assert_non_null(vdso);
    assert_string_equal(vdso->path, "[vdso]");
    assert_true(vdso->is_permanent);
    assert_true(vdso->eh_frame_hdr != 0);
    evprof_objects_release(objects);
}

/* Whether a segment is listed as the loader has it; `low` is the first address
 * of its object. */
static bool
is_as_loaded(const evprof_objects_t *objects, uintptr_t bias, uintptr_t low,
             const ElfW(Phdr) * ph)
{
    const uintptr_t page = getauxval(AT_PAGESZ);
    const uintptr_t start = bias + ph->p_vaddr;
    const uintptr_t end = start + ph->p_memsz;
    const evprof_object_t *object = evprof_objects_find(objects, start);
    return object != NULL && object->bias == bias &&
           object->low == low / page * page &&
           object->start == start / page * page &&
           object->limit == (end + page - 1) / page * page &&
           object->start - bias - object->offset == ph->p_vaddr - ph->p_offset;
}

/* Ends the walk, as 1, at an object that is not listed so. Nothing fails in
 * here, where the loader's lock is held. */
static int
check_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    uintptr_t low = UINTPTR_MAX;
    bool is_right = true;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + ph->p_vaddr;
        low = ph->p_type == PT_LOAD && start < low ? start : low;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X) != 0) {
            is_right = is_right && is_as_loaded(ctx, info->dlpi_addr, low, ph);
        }
    }
    return is_right ? 0 : 1;
}

static void
test_segments_are_those_of_the_loader(void **state)
{
    (void)state;
    const evprof_objects_t *objects = fresh();
    assert_int_equal(dl_iterate_phdr(check_object, (void *)(uintptr_t)objects),
                     0);
    evprof_objects_release(objects);
}

static void
test_identity(void **state)
{
    (void)state;
    void *with_id = NULL;
    void *without = NULL;
    uintptr_t in_a = plugin_open(PLUGIN_A, &with_id);
    uintptr_t in_c = plugin_open(PLUGIN_C, &without);
    const evprof_objects_t *objects = fresh();
    const evprof_object_t *a = find(objects, in_a);
    const evprof_object_t *c = find(objects, in_c);
    assert_string_equal(a->build_id, PLUGIN_A_ID);
    assert_true(a->id_address > a->low);
    assert_int_equal(a->id_size, strlen(PLUGIN_A_ID) / 2 & ~(size_t)7);
    assert_string_equal(c->build_id, "");
    assert_int_equal(c->id_address, c->low);
    assert_true(c->id_size > 0);
    evprof_objects_release(objects);
    dlclose(with_id);
    dlclose(without);
}

static void
test_sorted_and_apart(void **state)
{
    (void)state;
    const evprof_objects_t *objects = fresh();
    assert_true(objects->count >= 3);
    for (size_t i = 1; i < objects->count; i++) {
        assert_true(objects->items[i - 1].limit <= objects->items[i].start);
    }
    evprof_objects_release(objects);
}

static void
test_plugin_comes_and_goes(void **state)
{
    (void)state;
    void *handle = NULL;
    uintptr_t pc = plugin_open(PLUGIN_A, &handle);
    const evprof_objects_t *objects = fresh();
    const evprof_object_t *plugin = find(objects, pc);
    assert_non_null(plugin);
    assert_string_equal(plugin->path, PLUGIN_A);
    assert_false(plugin->is_permanent);
    assert_false(plugin->is_gone);
    uint64_t generation = plugin->generation;
    assert_int_equal(dlclose(handle), 0);

    const evprof_objects_t *later = fresh();
    const evprof_object_t *gone = find(later, pc);
    assert_non_null(gone);
    assert_true(gone->is_gone);
    assert_string_equal(gone->path, PLUGIN_A);
    assert_int_equal(gone->generation, generation);
    /* What was held is unchanged. */
    assert_false(find(objects, pc)->is_gone);
    evprof_objects_release(objects);
    evprof_objects_release(later);
}

/* Loads one plugin and then another in its place, whose address is returned;
 * `*generation` is that of the first. The test is skipped where the kernel
 * chose another address. */
static uintptr_t
replace_plugin(const char *before, const char *after, void **handle,
               uint64_t *generation)
{
    uintptr_t first = plugin_open(before, handle);
    const evprof_objects_t *objects = fresh();
    *generation = find(objects, first)->generation;
    evprof_objects_release(objects);
    dlclose(*handle);
    uintptr_t second = plugin_open(after, handle);
    if (first != second) {
        print_message("skipped: the kernel chose another address\n");
        dlclose(*handle);
        skip();
    }
    return second;
}

/* Neither has a build id that tells it from the other. */
static void
test_another_plugin_without_id(void **state)
{
    (void)state;
    void *handle = NULL;
    uint64_t generation = 0;
    uintptr_t place = replace_plugin(PLUGIN_C, PLUGIN_D, &handle, &generation);
    const evprof_objects_t *objects = fresh();
    assert_string_equal(find(objects, place)->path, PLUGIN_D);
    assert_true(find(objects, place)->generation != generation);
    evprof_objects_release(objects);
    dlclose(handle);
}

static void
test_another_plugin_at_the_same_place(void **state)
{
    (void)state;
    void *handle = NULL;
    uint64_t generation = 0;
    uintptr_t place = replace_plugin(PLUGIN_A, PLUGIN_B, &handle, &generation);
    const evprof_objects_t *objects = fresh();
    const evprof_object_t *plugin = find(objects, place);
    assert_non_null(plugin);
    assert_string_equal(plugin->path, PLUGIN_B);
    assert_true(plugin->generation != generation);

    /* Code that ran there before has an address of its own now. */
    bool is_vague = false;
    uint32_t epoch = atomic_load(&evprof_unload_epoch);
    assert_int_equal(evprof_objects_place(objects, place, epoch, &is_vague),
                     place);
    assert_false(is_vague);
    uintptr_t moved =
        evprof_objects_place(objects, place, epoch - 1, &is_vague);
    assert_true(moved != place);
    const evprof_object_t *gone = find(objects, moved);
    assert_non_null(gone);
    assert_true(gone->is_gone);
    assert_string_equal(gone->path, PLUGIN_A);
    assert_int_equal(moved - gone->bias, place - plugin->bias);
    /* Nobody said that it went. */
    assert_true(is_vague);
    evprof_objects_release(objects);

    evprof_objects_unloading();
    dlclose(handle);
    evprof_objects_unloaded();
    uintptr_t third = plugin_open(PLUGIN_A, &handle);
    is_vague = false;
    objects = fresh();
    moved = evprof_objects_place(objects, place, epoch, &is_vague);
    assert_string_equal(find(objects, moved)->path, PLUGIN_B);
    assert_false(is_vague);
    assert_string_equal(find(objects, third)->path, PLUGIN_A);
    evprof_objects_release(objects);
    dlclose(handle);
}

static void
test_unchanged_is_the_same_snapshot(void **state)
{
    (void)state;
    const evprof_objects_t *a = fresh();
    const evprof_objects_t *b = fresh();
    assert_ptr_equal(a, b);
    evprof_objects_release(a);
    evprof_objects_release(b);
    evprof_objects_release(NULL);
}

static atomic_bool is_over;

static void *
refresh_loop(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_over)) {
        const evprof_objects_t *objects = evprof_objects_acquire();
        if (objects == NULL ||
            evprof_objects_find(objects, (uintptr_t)refresh_loop) == NULL ||
            evprof_objects_refresh() != 0) {
            abort();
        }
        evprof_objects_release(objects);
    }
    return NULL;
}

static int
begin_looking(void **state)
{
    static pthread_t thread;
    *state = &thread;
    atomic_store(&is_over, false);
    return pthread_create(&thread, NULL, refresh_loop, NULL);
}

static int
end_looking(void **state)
{
    atomic_store(&is_over, true);
    return pthread_join(*(pthread_t *)*state, NULL);
}

/* Another thread's look does not keep an unload from being seen. */
static void
test_unloading_while_others_look(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        void *handle = NULL;
        uintptr_t pc = plugin_open(PLUGIN_A, &handle);
        evprof_objects_release(fresh());
        evprof_objects_unloading();
        assert_int_equal(dlclose(handle), 0);
        evprof_objects_unloaded();
        const evprof_objects_t *objects = evprof_objects_acquire();
        const evprof_object_t *plugin = find(objects, pc);
        assert_non_null(plugin);
        assert_true(plugin->is_gone);
        assert_false(plugin->is_vague);
        evprof_objects_release(objects);
    }
}

static int
take_time(struct dl_phdr_info *info, size_t size, void *walks)
{
    (void)info;
    (void)size;
    sched_yield();
    atomic_fetch_add((atomic_int *)walks, 1);
    return 0;
}

static void *
walk_loop(void *walks)
{
    while (!atomic_load(&is_over)) {
        (void)evprof_objects_walk(take_time, walks);
    }
    return NULL;
}

static int
stop_at_first(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)info;
    (void)size;
    (void)unused;
    return 1;
}

/* The loader's lock is not made new in the child, who needs it to load. */
static void
test_a_walk_and_a_fork(void **state)
{
    (void)state;
    SKIP_EMULATED("dependable fork beside threads");
    pthread_t thread;
    atomic_int walks = 0;
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&thread, NULL, walk_loop, &walks), 0);
    while (atomic_load(&walks) == 0) {
        sched_yield();
    }
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(10); /* ends a child that waits for the lock */
            _exit(dl_iterate_phdr(stop_at_first, NULL) == 1 ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
}

static void
test_many_threads_and_forks(void **state)
{
    (void)state;
    pthread_t threads[2];
    atomic_store(&is_over, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, refresh_loop, NULL),
                         0);
    }
    for (int i = 0; i < 30; i++) {
        void *handle = dlopen(PLUGIN_A, RTLD_NOW | RTLD_LOCAL);
        assert_non_null(handle);
        pid_t child = fork();
        if (child == 0) {
            _exit(evprof_objects_refresh());
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        dlclose(handle);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_main_program),
        cmocka_unit_test(test_libraries_are_permanent),
        cmocka_unit_test(test_vdso),
        cmocka_unit_test(test_segments_are_those_of_the_loader),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_sorted_and_apart),
        cmocka_unit_test(test_plugin_comes_and_goes),
        cmocka_unit_test(test_another_plugin_at_the_same_place),
        cmocka_unit_test(test_another_plugin_without_id),
        cmocka_unit_test(test_unchanged_is_the_same_snapshot),
        cmocka_unit_test_setup_teardown(test_unloading_while_others_look,
                                        begin_looking, end_looking),
        cmocka_unit_test(test_a_walk_and_a_fork),
        cmocka_unit_test(test_many_threads_and_forks),
    };
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
