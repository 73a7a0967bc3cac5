/* SPDX-License-Identifier: Apache-2.0 */
/* Symbolization of this very process, with objects made for the test. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/symbol/symbolize.h"
#include "tests/unit/emulated.h"
#include "tests/unit/symbol/sample_lines.h"

static uintptr_t called_from;

/* Notes where it was called from, as a sampler sees a call site. */
static int
note_caller(void)
{
    called_from = (uintptr_t)__builtin_return_address(0) - 1;
    return 1;
}

typedef int (*sample_fn)(sample_callback_fn);

static void *
must_open(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fail_msg("%s", dlerror());
    }
    return handle;
}

/* Runs a function of an object and gives the address of the call in it. */
static uintptr_t
call_site(void *handle, const char *name)
{
    sample_fn run = NULL;
    void *symbol = dlsym(handle, name);
    assert_non_null(symbol);
    memcpy(&run, &symbol, sizeof(run));
    called_from = 0;
    run(note_caller);
    assert_int_not_equal(called_from, 0);
    return called_from;
}

static evprof_pprof_t *
profile_of(const uintptr_t *addresses, size_t count)
{
    evprof_pprof_t *p = evprof_pprof_new();
    assert_non_null(p);
    p->locations = evprof_arena_calloc(&p->arena, count, sizeof(*p->locations));
    assert_non_null(p->locations);
    p->location_count = count;
    for (size_t i = 0; i < count; i++) {
        p->locations[i] = (evprof_location_t){ .id = i + 1,
                                               .address = addresses[i],
                                               .mapping = EVPROF_NO_INDEX };
    }
    return p;
}

static evprof_pprof_t *
symbolized(evprof_symbolizer_t *s, const uintptr_t *addresses, size_t count)
{
    evprof_error_t err;
    assert_int_equal(evprof_objects_refresh(), 0);
    const evprof_objects_t *objects = evprof_objects_acquire();
    evprof_pprof_t *p = profile_of(addresses, count);
    assert_int_equal(evprof_symbolize(s, objects, p, &err), 0);
    evprof_objects_release(objects);
    return p;
}

static const evprof_function_t *
function_at(const evprof_pprof_t *p, size_t location, size_t line)
{
    assert_true(line < p->locations[location].line_count);
    return &p->functions[p->locations[location].lines[line].function];
}

static const evprof_mapping_t *
mapping_at(const evprof_pprof_t *p, size_t location)
{
    assert_true(p->locations[location].mapping < p->mapping_count);
    return &p->mappings[p->locations[location].mapping];
}

static bool
ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The three frames of sample_outer, with files and lines. */
static void
check_inlined(const evprof_pprof_t *p, const int *lines)
{
    static const char *const names[] = { "sample_inner", "sample_middle",
                                         "sample_outer" };
    assert_int_equal(p->locations[0].line_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const evprof_function_t *f = function_at(p, 0, i);
        assert_string_equal(f->name, names[i]);
        assert_string_equal(f->system_name, names[i]);
        assert_true(ends_with(f->filename, "/symbol/sample_lines.c"));
        assert_int_equal(p->locations[0].lines[i].line, lines[i]);
        /* The name stands two lines above the statement. */
        assert_int_equal(f->start_line, lines[i] - 2);
    }
    const evprof_mapping_t *m = mapping_at(p, 0);
    assert_true(m->has_functions && m->has_filenames && m->has_line_numbers);
    assert_true(m->has_inline_frames);
}

static void
test_inlined_frames(void **state)
{
    (void)state;
    SKIP_EMULATED("clone that shares memory");
    void *handle = must_open(SAMPLE_OBJECTS "/sample_lines.so");
    uintptr_t pc = call_site(handle, "sample_outer");
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    check_inlined(p, dlsym(handle, "sample_lines"));
    assert_true(ends_with(mapping_at(p, 0)->file, "/sample_lines.so"));
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

static void
test_cache_gives_the_same(void **state)
{
    (void)state;
    SKIP_EMULATED("clone that shares memory");
    void *handle = must_open(SAMPLE_OBJECTS "/sample_lines.so");
    uintptr_t pc = call_site(handle, "sample_outer");
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_free(symbolized(s, &pc, 1));
    size_t bytes = evprof_symbolizer_bytes(s);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    check_inlined(p, dlsym(handle, "sample_lines"));
    assert_int_equal(evprof_symbolizer_bytes(s), bytes);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

/* The frames of an object whose DWARF stands elsewhere. */
static void
check_object(const char *path)
{
    void *handle = must_open(path);
    uintptr_t pc = call_site(handle, "sample_outer");
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    check_inlined(p, dlsym(handle, "sample_lines"));
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

static void
test_separate_debug_file(void **state)
{
    (void)state;
    SKIP_EMULATED("clone that shares memory");
    check_object(SAMPLE_OBJECTS "/sample_linked.so");
}

static void
test_split_dwarf(void **state)
{
    (void)state;
    SKIP_EMULATED("clone that shares memory");
    check_object(SAMPLE_OBJECTS "/sample_split.so");
}

static void
copy_file(const char *from, const char *to)
{
    char bytes[4096];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_true(in != NULL && out != NULL);
    size_t len;
    while ((len = fread(bytes, 1, sizeof(bytes), in)) > 0) {
        assert_int_equal(fwrite(bytes, 1, len, out), len);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* A private copy of an object, so that it can be removed under the process. */
static void
make_copy(const char *from, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/copyXXXXXX", SAMPLE_OBJECTS);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    copy_file(from, path);
}

static void
test_stripped_object_keeps_names(void **state)
{
    (void)state;
    /* A copy elsewhere: no debug file stands beside it, its cache key is its
     * build id though, so the symbolizer is a new one. */
    void *handle = must_open(SAMPLE_OBJECTS "/sample_stripped.so");
    uintptr_t pc = call_site(handle, "sample_outer");
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    assert_int_equal(p->locations[0].line_count, 1);
    assert_string_equal(function_at(p, 0, 0)->name, "sample_outer");
    assert_string_equal(function_at(p, 0, 0)->filename, "");
    const evprof_mapping_t *m = mapping_at(p, 0);
    assert_true(m->has_functions);
    assert_false(m->has_filenames || m->has_line_numbers ||
                 m->has_inline_frames);
    assert_int_equal(strlen(m->build_id), 40);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

static void
test_missing_file(void **state)
{
    (void)state;
    SKIP_EMULATED("clone that shares memory");
    char path[PATH_MAX];
    make_copy(SAMPLE_OBJECTS "/sample_lines.so", path);
    void *handle = must_open(path);
    uintptr_t pc = call_site(handle, "sample_outer");
    assert_int_equal(unlink(path), 0);
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    /* Its exported symbols are still in memory; and the privileged get at the
     * file itself. */
    assert_true(p->locations[0].line_count >= 1);
    assert_string_equal(function_at(p, 0, p->locations[0].line_count - 1)->name,
                        "sample_outer");
    assert_string_equal(mapping_at(p, 0)->file, path);
    assert_int_equal(strlen(mapping_at(p, 0)->build_id), 40);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

/* Another library under the same name must not lend its names. */
static void
test_replaced_file(void **state)
{
    (void)state;
    SKIP_EMULATED("clone that shares memory");
    char path[PATH_MAX];
    make_copy(SAMPLE_OBJECTS "/sample_lines.so", path);
    void *handle = must_open(path);
    uintptr_t pc = call_site(handle, "sample_outer");
    assert_int_equal(unlink(path), 0);
    copy_file(SAMPLE_OBJECTS "/sample_names.so", path);
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    assert_true(p->locations[0].line_count >= 1);
    assert_string_equal(function_at(p, 0, p->locations[0].line_count - 1)->name,
                        "sample_outer");
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
    unlink(path);
}

static void
test_cpp_names(void **state)
{
    (void)state;
    void *handle = must_open(SAMPLE_OBJECTS "/sample_names.so");
    uintptr_t pc = call_site(handle, "sample_open_box");
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    const evprof_function_t *f = function_at(p, 0, 0);
    assert_string_equal(f->name, "demo::Box::open");
    assert_string_equal(f->system_name, "_ZN4demo3Box4openEiPFivE");
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

static void
test_bare_labels(void **state)
{
    (void)state;
    void *handle = must_open(SAMPLE_OBJECTS "/sample_stripped.so");
    uintptr_t at = (uintptr_t)dlsym(handle, "sample_bare_label");
    uintptr_t end = (uintptr_t)dlsym(handle, "sample_bare_end");
    assert_true(at != 0 && end > at + 1);
    uintptr_t pcs[] = { at, end - 1, end };
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, pcs, 3);
    assert_string_equal(function_at(p, 0, 0)->name, "sample_bare_label");
    assert_string_equal(function_at(p, 1, 0)->name, "sample_bare_label");
    assert_string_equal(function_at(p, 2, 0)->name, "sample_bare_end");
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

/* The stub through which this program calls into libc has no symbol. */
static void
test_linkage_stubs(void **state)
{
    (void)state;
    uintptr_t stub = 0;
    const unsigned char *text = (const unsigned char *)(uintptr_t)must_open;
    /* A call (e8) whose target is a jump through a slot is one to a stub. */
    for (size_t i = 0; stub == 0 && i < 200; i++) {
        int32_t offset;
        memcpy(&offset, text + i + 1, sizeof(offset));
        const unsigned char *target = text + i + 5 + offset;
        if (text[i] == 0xe8 && offset > -0x10000 && offset < 0x10000 &&
            (memcmp(target, "\xff\x25", 2) == 0 ||
             memcmp(target, "\xf3\x0f\x1e\xfa", 4) == 0)) {
            stub = (uintptr_t)target;
        }
    }
    if (stub == 0) {
        print_message("skipped: this build calls without stubs\n");
        skip();
    }
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &stub, 1);
    assert_true(ends_with(function_at(p, 0, 0)->name, "@plt"));
    assert_true(mapping_at(p, 0)->has_functions);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
}

static void
test_claims_need_all_locations(void **state)
{
    (void)state;
    void *handle = must_open(SAMPLE_OBJECTS "/sample_lines.so");
    uintptr_t pcs[] = { call_site(handle, "sample_plain"), 0 };
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, pcs, 1);
    assert_true(mapping_at(p, 0)->has_functions);
    /* The first byte of the executable segment is in no function. */
    pcs[1] = (uintptr_t)mapping_at(p, 0)->start;
    evprof_pprof_free(p);
    p = symbolized(s, pcs, 2);
    assert_ptr_equal(mapping_at(p, 0), mapping_at(p, 1));
    assert_int_equal(p->locations[0].line_count, 1);
    if (p->locations[1].line_count == 0) {
        assert_false(mapping_at(p, 0)->has_functions);
    } else {
        /* Some linkers put _init there: then it has a name but no line. */
        assert_false(mapping_at(p, 0)->has_line_numbers);
    }
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    dlclose(handle);
}

static void
test_main_program_is_first(void **state)
{
    (void)state;
    char exe[PATH_MAX] = "";
    assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    uintptr_t pc = (uintptr_t)&note_caller;
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    assert_string_equal(p->mappings[0].file, exe);
    assert_int_equal(p->locations[0].mapping, 0);
    assert_string_equal(function_at(p, 0, 0)->name, "note_caller");
    for (size_t i = 0; i < p->mapping_count; i++) {
        assert_int_equal(p->mappings[i].id, i + 1);
        assert_true(p->mappings[i].start < p->mappings[i].limit);
    }
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
}

static void
test_vdso(void **state)
{
    (void)state;
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    if (vdso == 0) {
        print_message("no vdso on this machine\n");
        skip();
    }
    void *handle = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
    uintptr_t pc =
        handle == NULL ? 0 : (uintptr_t)dlsym(handle, "__vdso_gettimeofday");
    if (pc == 0) {
        print_message("the loader does not show the vdso\n");
        skip();
    }
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    assert_string_equal(mapping_at(p, 0)->file, "[vdso]");
    assert_true(mapping_at(p, 0)->has_functions);
    assert_true(strstr(function_at(p, 0, 0)->name, "gettimeofday") != NULL);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
}

/* Samples of an unloaded object keep its mapping and its names. */
static void
test_unloaded_object(void **state)
{
    (void)state;
    char path[PATH_MAX];
    make_copy(SAMPLE_OBJECTS "/sample_lines.so", path);
    void *handle = must_open(path);
    uintptr_t pc = call_site(handle, "sample_plain");
    assert_int_equal(evprof_objects_refresh(), 0);
    dlclose(handle);
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    assert_string_equal(mapping_at(p, 0)->file, path);
    assert_string_equal(function_at(p, 0, 0)->name, "sample_plain");
    evprof_pprof_free(p);
    /* A profile that has no samples there does not name it. */
    uintptr_t other = (uintptr_t)&note_caller;
    p = symbolized(s, &other, 1);
    for (size_t i = 0; i < p->mapping_count; i++) {
        assert_string_not_equal(p->mappings[i].file, path);
    }
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    unlink(path);
}

/* Addresses all over the C library, more than one batch of them. */
static size_t
many_addresses(uintptr_t *out, size_t max)
{
    const evprof_objects_t *objects = evprof_objects_acquire();
    const evprof_object_t *libc =
        evprof_objects_find(objects, (uintptr_t)dlsym(RTLD_DEFAULT, "qsort"));
    assert_non_null(libc);
    size_t step = (libc->limit - libc->start) / max;
    for (size_t i = 0; i < max; i++) {
        out[i] = libc->start + i * step;
    }
    evprof_objects_release(objects);
    return max;
}

static void
test_memory_bound(void **state)
{
    (void)state;
    static uintptr_t pcs[4500];
    size_t count = many_addresses(pcs, sizeof(pcs) / sizeof(*pcs));
    const size_t bound = (size_t)64 << 10;
    evprof_symbolizer_t *small = evprof_symbolizer_new(bound);
    evprof_symbolizer_t *large = evprof_symbolizer_new(0);
    evprof_pprof_t *a = symbolized(small, pcs, count);
    evprof_pprof_t *b = symbolized(large, pcs, count);
    assert_true(evprof_symbolizer_bytes(small) <= bound);
    assert_true(evprof_symbolizer_bytes(large) > bound);
    size_t named = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a->locations[i].line_count,
                         b->locations[i].line_count);
        if (a->locations[i].line_count > 0) {
            assert_string_equal(function_at(a, i, 0)->name,
                                function_at(b, i, 0)->name);
            named++;
        }
    }
    assert_true(named > count / 10);
    evprof_pprof_free(a);
    evprof_pprof_free(b);
    evprof_symbolizer_free(small);
    evprof_symbolizer_free(large);
}

static void
test_names_alone(void **state)
{
    (void)state;
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    const evprof_objects_t *objects = evprof_objects_acquire();
    uintptr_t pcs[] = { (uintptr_t)&note_caller, (uintptr_t)&make_copy, 16 };
    assert_int_equal(evprof_symbol_prepare(s, objects, pcs, 3), 0);
    assert_string_equal(evprof_symbol_name(s, objects, pcs[0]), "note_caller");
    assert_string_equal(evprof_symbol_name(s, objects, pcs[1]), "make_copy");
    assert_null(evprof_symbol_name(s, objects, pcs[2]));
    uintptr_t inside = pcs[0] + 3;
    assert_int_equal(evprof_symbol_entry(s, objects, inside), 0);
    assert_int_equal(evprof_symbol_prepare(s, objects, &inside, 1), 0);
    assert_int_equal(evprof_symbol_entry(s, objects, inside), pcs[0]);
    assert_int_equal(evprof_symbol_entry(s, objects, pcs[2]), 0);
    evprof_objects_release(objects);
    evprof_symbolizer_free(s);
}

static void
test_known_lines_stay(void **state)
{
    (void)state;
    uintptr_t pc = (uintptr_t)&note_caller;
    evprof_error_t err;
    const evprof_objects_t *objects = evprof_objects_acquire();
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_pprof_t *p = symbolized(s, &pc, 1);
    size_t functions = p->function_count;
    assert_int_equal(evprof_symbolize(s, objects, p, &err), 0);
    assert_int_equal(p->function_count, functions);
    assert_int_equal(p->locations[0].mapping, 0);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    evprof_objects_release(objects);
}

static void
test_missing_lines_are_told(void **state)
{
    (void)state;
    uintptr_t pc = (uintptr_t)&note_caller;
    evprof_error_t err;
    const evprof_objects_t *objects = evprof_objects_acquire();
    evprof_symbolizer_t *s = evprof_symbolizer_new(0);
    evprof_symbolizer_configure(s, true, "off");
    evprof_pprof_t *p;
    /* Also by a profile whose names are known from the one before. */
    for (int i = 0; i < 2; i++) {
        p = profile_of(&pc, 1);
        assert_int_equal(evprof_symbolize(s, objects, p, &err), 0);
        assert_string_equal(function_at(p, 0, 0)->name, "note_caller");
        assert_int_equal(p->comment_count, 1);
        assert_string_equal(
            p->comments[0],
            "symbols: lines are missing: symbolize_helper is off");
        evprof_pprof_free(p);
    }
    /* Whoever wants no lines misses none. */
    evprof_symbolizer_configure(s, false, "off");
    p = profile_of(&pc, 1);
    assert_int_equal(evprof_symbolize(s, objects, p, &err), 0);
    assert_string_equal(function_at(p, 0, 0)->name, "note_caller");
    assert_int_equal(p->comment_count, 0);
    evprof_pprof_free(p);
    evprof_symbolizer_free(s);
    evprof_objects_release(objects);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inlined_frames),
        cmocka_unit_test(test_cache_gives_the_same),
        cmocka_unit_test(test_separate_debug_file),
        cmocka_unit_test(test_split_dwarf),
        cmocka_unit_test(test_stripped_object_keeps_names),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_replaced_file),
        cmocka_unit_test(test_cpp_names),
        cmocka_unit_test(test_bare_labels),
        cmocka_unit_test(test_linkage_stubs),
        cmocka_unit_test(test_claims_need_all_locations),
        cmocka_unit_test(test_main_program_is_first),
        cmocka_unit_test(test_vdso),
        cmocka_unit_test(test_unloaded_object),
        cmocka_unit_test(test_memory_bound),
        cmocka_unit_test(test_names_alone),
        cmocka_unit_test(test_known_lines_stay),
        cmocka_unit_test(test_missing_lines_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
