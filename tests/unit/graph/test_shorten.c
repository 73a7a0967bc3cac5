/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/graph/tests.h"

static void
test_shorten(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *out;
    } rows[] = {
        { "", "" },
        { "plain", "plain" },
        { "example.com/a/b/pkg.Func", "pkg.Func" },
        { "example.com/a/pkg/v2.(*T).M", "pkg.(*T).M" },
        { "example.com/a/v1.F", "v1.F" },
        { "example.com/a/v10/sub.F", "sub.F" },
        { "pkg.Func", "pkg.Func" },
        { "a/b/", "a/b/" },
        { "org.example.Thing.run(int, long)", "Thing.run" },
        { "org.example.Outer$Inner.<init>", "Outer$Inner.<init>" },
        { "org.example.lower.run", "org.example.lower.run" },
        { "ns::inner::Class::method", "Class::method" },
        { "ns::Class::~Class", "Class::~Class" },
        { "ns::Class::map<int, ns::X>", "Class::map<int, ns::X>" },
        { "ns::function", "ns::function" },
        { "(anonymous namespace)::Class::method", "Class::method" },
        { "Class::method", "Class::method" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t out = { 0 };
        evprof_name_shorten(&out, rows[i].name);
        assert_string_equal(out.data == NULL ? "" : out.data, rows[i].out);
        evprof_buf_free(&out);
    }
}

int
run_shorten_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_shorten) };
    return cmocka_run_group_tests_name("shorten", tests, NULL, NULL);
}
