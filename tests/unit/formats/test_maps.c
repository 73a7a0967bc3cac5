/* SPDX-License-Identifier: Apache-2.0 */
/* Memory maps behind a text profile, with what old writers get wrong. */
#include <string.h>

#include "core/base/buf.h"

#include "tests/unit/formats/tests.h"

/* A profile of one stack at these addresses, and a map. */
static void
assert_map_read(const char *addresses, const char *map, const char *expected)
{
    evprof_buf_t text = { 0 };
    evprof_buf_printf(&text, "work profile: total 1\n1 @ %s\n", addresses);
    evprof_buf_puts(&text, "\n--- Memory map: ---\n");
    evprof_buf_puts(&text, map);
    evprof_pprof_t *p = read_bytes(text.data, text.len);
    evprof_buf_t got = { 0 };
    for (size_t i = 0; i < p->mapping_count; i++) {
        const evprof_mapping_t *m = &p->mappings[i];
        evprof_buf_printf(
            &got, "%llu: %llx-%llx+%llx %s %s\n", (unsigned long long)m->id,
            (unsigned long long)m->start, (unsigned long long)m->limit,
            (unsigned long long)m->offset, m->file, m->build_id);
    }
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        evprof_buf_printf(&got, "%llx M=%u\n", (unsigned long long)l->address,
                          l->mapping + 1);
    }
    assert_string_equal(got.data, expected);
    evprof_buf_free(&got);
    evprof_buf_free(&text);
    evprof_pprof_free(p);
}

static void
test_lines_of_proc(void **state)
{
    (void)state;
    assert_map_read("0x10001 0x20001",
                    "00010000-00011000 r-xp 00003000 fd:01 1234   /bin/a\n"
                    "00012000-00013000 rw-p 00004000 fd:01 1234   /bin/a\n"
                    "00020000-00021000 r-xp 00000000 00:00 0      [vdso]\n",
                    "1: 10000-11000+3000 /bin/a \n"
                    "2: 20000-21000+0 [vdso] \n"
                    "10000 M=1\n20000 M=2\n");
}

static void
test_brief_lines(void **state)
{
    (void)state;
    assert_map_read("0x10001",
                    "  0x10000-0x11000: /bin/a (@3f00) abc123\n"
                    "  40000-41000 r-xp /lib/libb.so 77\n"
                    "  50000-51000 /lib/libc.so.6\n"
                    "nonsense\n",
                    "1: 10000-11000+3f00 /bin/a abc123\n"
                    "2: 40000-41000+0 /lib/libb.so 77\n"
                    "3: 50000-51000+0 /lib/libc.so.6 \n"
                    "10000 M=1\n");
}

static void
test_definitions_and_log_prefixes(void **state)
{
    (void)state;
    assert_map_read("0x10001",
                    "I0101 server.cc:12] root = /srv\n"
                    "I0101 server.cc:13] 10000-11000 r-xp 0 08:01 1 "
                    "$root/bin/a\n",
                    "1: 10000-11000+0 /srv/bin/a \n10000 M=1\n");
}

static void
test_adjacent_parts_are_joined(void **state)
{
    (void)state;
    assert_map_read("0x10001",
                    "10000-11000 r-xp 1000 08:01 1 /bin/a\n"
                    "11000-12000 r-xp 2000 08:01 1 /bin/a\n"
                    "12000-13000 r-xp 9000 08:01 1 /bin/a\n",
                    "1: 10000-12000+1000 /bin/a \n"
                    "2: 12000-13000+9000 /bin/a \n"
                    "10000 M=1\n");
}

static void
test_the_program_comes_first(void **state)
{
    (void)state;
    assert_map_read("0x90001",
                    "10000-11000 r-xp 0 08:01 1 [heap]\n"
                    "20000-21000 r-xp 0 08:01 1 /lib/libx.so.1\n"
                    "90000-91000 r-xp 0 08:01 1 /bin/a.socket\n",
                    "1: 90000-91000+0 /bin/a.socket \n"
                    "2: 20000-21000+0 /lib/libx.so.1 \n"
                    "3: 10000-11000+0 [heap] \n"
                    "90000 M=1\n");
}

static void
test_starts_are_mended(void **state)
{
    (void)state;
    /* Huge pages in front, and a program known to be linked to 0x400000. */
    assert_map_read("0x400101 0x500001",
                    "3fe000-401000 r-xp 0 08:01 1 /anon_hugepage (deleted)\n"
                    "401000-500000 r-xp 1000 08:01 1 /bin/a\n",
                    "1: 400000-500000+0 /bin/a \n"
                    "2: 0-ffffffffffffffff+0  \n"
                    "400100 M=1\n500000 M=2\n");
    /* The offset is the program's own, and not that of what follows. */
    assert_map_read("0x401101",
                    "401000-500000 r-xp 1000 08:01 1 /bin/a\n"
                    "702000-703000 r-xp 2000 08:01 1 /lib/b.so\n",
                    "1: 400000-500000+0 /bin/a \n"
                    "2: 702000-703000+2000 /lib/b.so \n"
                    "401100 M=1\n");
    /* The first part of a split mapping is missing. */
    assert_map_read("0x701001",
                    "10000-11000 r-xp 0 08:01 1 /bin/a\n"
                    "702000-703000 r-xp 2000 08:01 1 /lib/b.so\n",
                    "1: 10000-11000+0 /bin/a \n"
                    "2: 700000-703000+0 /lib/b.so \n"
                    "701000 M=2\n");
}

int
run_maps_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_of_proc),
        cmocka_unit_test(test_brief_lines),
        cmocka_unit_test(test_definitions_and_log_prefixes),
        cmocka_unit_test(test_adjacent_parts_are_joined),
        cmocka_unit_test(test_the_program_comes_first),
        cmocka_unit_test(test_starts_are_mended),
    };
    return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
