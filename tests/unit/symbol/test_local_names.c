/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles without names, and the objects they were made from. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/folder.h"
#include "core/elf/reader.h"
#include "core/symbol/binary.h"
#include "core/symbol/local_names.h"
#include "tests/unit/symbol/find_symbol.h"

#define START UINT64_C(0x7f0000000000)
#define PAGE UINT64_C(4096)

/* Where a function of a sample stands, and the segment around it. */
typedef struct spot {
    uint64_t vaddr;
    uint64_t segment; /* its first address in the file's own space */
    uint64_t offset;
    const char *path;
    char build_id[128];
} spot_t;

static void
read_build_id(spot_t *spot)
{
    evprof_elf_file_t file;
    evprof_buf_t id = { 0 };
    assert_true(evprof_elf_open_path(spot->path, &file));
    evprof_elf_build_id(file.elf, &id);
    assert_true(id.len > 0 && id.len < sizeof(spot->build_id));
    memcpy(spot->build_id, id.data, id.len + 1);
    evprof_buf_free(&id);
    evprof_elf_close(&file);
}

static int
find_segment(struct dl_phdr_info *info, size_t size, void *ctx)
{
    spot_t *spot = ctx;
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uint64_t vaddr = spot->vaddr - info->dlpi_addr;
        if (p->p_type == PT_LOAD && vaddr >= p->p_vaddr &&
            vaddr - p->p_vaddr < p->p_memsz) {
            spot->vaddr = vaddr;
            spot->segment = p->p_vaddr & ~(PAGE - 1);
            spot->offset = p->p_offset & ~(PAGE - 1);
            return 1;
        }
    }
    return 0;
}

static spot_t
spot_of(const char *path, const char *name)
{
    spot_t spot = { .path = path };
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle == NULL ? NULL : dlsym(handle, name);
    assert_non_null(symbol);
    spot.vaddr = (uintptr_t)symbol;
    assert_int_equal(dl_iterate_phdr(find_segment, &spot), 1);
    dlclose(handle);
    read_build_id(&spot);
    return spot;
}

/* A profile with one address, mapped at START, without any name. */
static evprof_pprof_t *
profile_of(const spot_t *spot, const char *file, const char *build_id)
{
    evprof_pprof_t *p = evprof_pprof_new();
    p->mappings = evprof_arena_calloc(&p->arena, 1, sizeof(*p->mappings));
    p->locations = evprof_arena_calloc(&p->arena, 1, sizeof(*p->locations));
    p->mappings[0] = (evprof_mapping_t){
        .id = 1,
        .start = START,
        .limit = START + 16 * PAGE,
        .offset = spot->offset,
        .file = evprof_strings_intern(&p->strings, file),
        .build_id = evprof_strings_intern(&p->strings, build_id),
    };
    p->locations[0] =
        (evprof_location_t){ .id = 1,
                             .address = START + spot->vaddr - spot->segment };
    p->mapping_count = p->location_count = 1;
    return p;
}

typedef struct said {
    char text[512];
    size_t lines;
} said_t;

static void
note(void *ctx, const char *line)
{
    said_t *said = ctx;
    snprintf(said->text, sizeof(said->text), "%s", line);
    said->lines++;
}

static bool
symbolize(evprof_pprof_t *p, const char *search_path, said_t *said)
{
    evprof_local_how_t how = { .search_path = search_path,
                               .say = note,
                               .ctx = said };
    bool is_changed = false;
    evprof_error_t err;
    assert_int_equal(evprof_symbolize_local(p, &how, &is_changed, &err),
                     EVPROF_OK);
    return is_changed;
}

static void
check_named(const evprof_pprof_t *p, const char *name)
{
    assert_true(p->locations[0].line_count > 0);
    uint32_t last = p->locations[0].line_count - 1;
    const evprof_function_t *f =
        &p->functions[p->locations[0].lines[last].function];
    assert_string_equal(f->system_name, name);
    assert_true(f->filename[0] == '/');
    assert_true(p->mappings[0].has_functions);
    assert_true(p->mappings[0].has_line_numbers);
}

static void
test_own_file(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    evprof_pprof_t *p = profile_of(&spot, spot.path, spot.build_id);
    assert_true(symbolize(p, "", &said));
    check_named(p, "sample_outer");
    assert_int_equal(said.lines, 0);
    /* A second time there is nothing to do. */
    assert_false(symbolize(p, "", &said));
    evprof_pprof_free(p);
}

/* An address that the file says nothing of is counted, unless it has a name. */
static void
test_unnamed(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_stripped.so", "sample_outer");
    spot.vaddr = 16; /* in the file's header, where no function is */
    spot.segment = spot.offset = 0;
    evprof_pprof_t *p = profile_of(&spot, spot.path, spot.build_id);
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 1);
    assert_non_null(strstr(said.text, "sample_stripped.so (1 of 1"));
    evprof_line_t line = { .function = EVPROF_NO_INDEX, .line = 1 };
    p->locations[0].lines = &line;
    p->locations[0].line_count = 1;
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 1);
    evprof_pprof_free(p);
}

/* A file that was removed while it ran, and is back with the same build id. */
static void
test_file_that_is_back(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    static const char removed[] = SAMPLE_OBJECTS "/sample_lines.so (deleted)";
    evprof_pprof_t *p = profile_of(&spot, removed, spot.build_id);
    assert_true(symbolize(p, "", &said));
    check_named(p, "sample_outer");
    evprof_pprof_free(p);
    /* Without a build id it may be another one. */
    p = profile_of(&spot, removed, "");
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 1);
    evprof_pprof_free(p);
}

static void
test_packed_by_zstd(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_zstd.so", "sample_outer");
    evprof_pprof_t *p = profile_of(&spot, spot.path, spot.build_id);
    assert_true(symbolize(p, "", &said));
    check_named(p, "sample_outer");
    assert_int_equal(p->locations[0].line_count > 0, 1);
    evprof_pprof_free(p);
}

static void
test_packed_by_xz(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_mini.so", "sample_outer");
    /* No other table of that file has this one. */
    spot.vaddr = find_symbol(SAMPLE_OBJECTS "/sample_lines.so", SHT_SYMTAB,
                             "frame_dummy");
    assert_int_not_equal(spot.vaddr, 0);
    evprof_pprof_t *p = profile_of(&spot, spot.path, spot.build_id);
    assert_true(symbolize(p, "", &said));
    assert_int_equal(p->locations[0].line_count, 1);
    assert_string_equal(
        p->functions[p->locations[0].lines[0].function].system_name,
        "frame_dummy");
    evprof_pprof_free(p);
}

static void
test_another_build_id_is_told(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    evprof_pprof_t *p = profile_of(&spot, spot.path, "00112233445566778899");
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 1);
    assert_non_null(strstr(said.text, spot.build_id));
    assert_non_null(strstr(said.text, "00112233445566778899"));
    assert_int_equal(p->locations[0].line_count, 0);
    evprof_pprof_free(p);
}

static void
test_missing_is_said_once(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    evprof_pprof_t *p = profile_of(&spot, "/nowhere/server", "");
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 1);
    assert_non_null(strstr(said.text, "server"));
    assert_non_null(strstr(said.text, "PPROF_BINARY_PATH"));
    evprof_pprof_free(p);
}

/* ---- The layouts of PPROF_BINARY_PATH ---- */

static void
copy_to(const char *from, const char *to)
{
    char bytes[1 << 16];
    assert_true(evprof_folder_make_parent(to, 0700));
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, bytes, sizeof(bytes))) > 0;) {
        assert_int_equal(write(out, bytes, (size_t)n), n);
    }
    close(in);
    close(out);
}

static void
remove_with_parents(const char *top, char *path)
{
    assert_int_equal(unlink(path), 0);
    for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
        *slash = '\0';
        if (strlen(path) <= strlen(top) || rmdir(path) != 0) {
            break;
        }
    }
}

static void
test_layouts(void **state)
{
    (void)state;
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    const char *id = spot.build_id;
    char tree[160];
    snprintf(tree, sizeof(tree), "%.2s/%s.debug", id, id + 2);
    char by_id[3][160];
    snprintf(by_id[0], sizeof(by_id[0]), "%s/server", id);
    snprintf(by_id[1], sizeof(by_id[1]), "%s/any.name", id);
    snprintf(by_id[2], sizeof(by_id[2]), "opt/x/server/%s", id);
    const char *const layouts[] = { by_id[0],
                                    by_id[1],
                                    by_id[2],
                                    tree,
                                    "server",
                                    "opt/x/server",
                                    "opt/x/server.debug",
                                    "opt/x/.debug/server.debug",
                                    "usr/lib/debug/opt/x/server.debug" };
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        char top[] = "/tmp/evprof-local-XXXXXX";
        char path[PATH_MAX];
        char search[PATH_MAX];
        said_t said = { .lines = 0 };
        assert_non_null(mkdtemp(top));
        snprintf(path, sizeof(path), "%s/%s", top, layouts[i]);
        snprintf(search, sizeof(search), "/nowhere::%s", top);
        copy_to(spot.path, path);
        evprof_pprof_t *p = profile_of(&spot, "/opt/x/server", id);
        assert_true(symbolize(p, search, &said));
        check_named(p, "sample_outer");
        evprof_pprof_free(p);
        remove_with_parents(top, path);
        assert_int_equal(rmdir(top), 0);
    }
}

/* ---- What the profile says already ---- */

static void
test_named_locations_stay(void **state)
{
    (void)state;
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    evprof_pprof_t *p = profile_of(&spot, spot.path, "00112233445566778899");
    p->mappings[0].has_functions = true;
    p->functions = evprof_arena_calloc(&p->arena, 1, sizeof(*p->functions));
    p->functions[0] = (evprof_function_t){
        .name = evprof_strings_intern(&p->strings, "server_says"),
        .system_name = evprof_strings_intern(&p->strings, "server_says"),
        .filename = evprof_strings_intern(&p->strings, ""),
    };
    p->function_count = 1;
    p->locations[0].lines =
        evprof_arena_calloc(&p->arena, 1, sizeof(*p->locations[0].lines));
    p->locations[0].line_count = 1;
    /* The binary is another one: nothing changes, and nothing is missed. */
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 0);
    /* The right one knows the line too. */
    p->mappings[0].build_id = evprof_strings_intern(&p->strings, spot.build_id);
    assert_true(symbolize(p, "", &said));
    check_named(p, "sample_outer");
    evprof_pprof_free(p);
}

static void
test_pipes_are_left_alone(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof-local-XXXXXX";
    char fifo[PATH_MAX];
    said_t said = { .lines = 0 };
    spot_t spot = spot_of(SAMPLE_OBJECTS "/sample_lines.so", "sample_outer");
    assert_non_null(mkdtemp(path));
    snprintf(fifo, sizeof(fifo), "%s/fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    evprof_pprof_t *p = profile_of(&spot, fifo, "");
    assert_false(symbolize(p, "", &said));
    assert_int_equal(said.lines, 1);
    evprof_pprof_free(p);
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_file),
        cmocka_unit_test(test_unnamed),
        cmocka_unit_test(test_file_that_is_back),
        cmocka_unit_test(test_packed_by_zstd),
        cmocka_unit_test(test_packed_by_xz),
        cmocka_unit_test(test_another_build_id_is_told),
        cmocka_unit_test(test_missing_is_said_once),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_named_locations_stay),
        cmocka_unit_test(test_pipes_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
