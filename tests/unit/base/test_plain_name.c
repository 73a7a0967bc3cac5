/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/plain_name.h"

#include <string.h>

#include "tests/unit/base/tests.h"

#define PARAMS EVPROF_NAME_DROP_PARAMS
#define PLAIN (EVPROF_NAME_DROP_PARAMS | EVPROF_NAME_DROP_TEMPLATES)
#define LAMBDA (PLAIN | EVPROF_NAME_DROP_LAMBDA_PARAMS)

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        unsigned drop;
        const char *out;
    } rows[] = {
        { "f", LAMBDA, "f" },
        { "f(int)", PLAIN, "f" },
        { "a::f<int>(long)", PLAIN, "a::f" },
        { "a::f<int>(long)", PARAMS, "a::f<int>" },
        { "f<(1>2), g<3> >::h() const", PLAIN, "f::h" },
        { "f(int) const::local::g", PLAIN, "f::local::g" },
        { "(anonymous namespace)::f(int)", PLAIN, "(anonymous namespace)::f" },
        { "(anonymous namespace)", PLAIN, "(anonymous namespace)" },
        { "(anonymous namespace)(int)", PLAIN, "(anonymous namespace)" },
        { "a::operator()(int)", PLAIN, "a::operator()" },
        { "operator<< <int>", PLAIN, "operator<<" },
        { "operator<=>", PLAIN, "operator<=>" },
        { "a::operator-><b>", PLAIN, "a::operator->" },
        { "my_operator<int>", PLAIN, "my_operator" },
        { "f()::{lambda(int)#2}::operator()", PLAIN,
          "f::{lambda(int)#2}::operator()" },
        { "f()::{lambda(int)#2}::operator()", LAMBDA,
          "f::{lambda#2}::operator()" },
        { "f(int) const::g(int)", PLAIN | EVPROF_NAME_EMPTY_SCOPES, "f()::g" },
        { "<a::T<x> as b::U>::f::<y>", EVPROF_NAME_DROP_TEMPLATES,
          "<a::T as b::U>::f" },
        { "a::f::<(u8, u8)>", EVPROF_NAME_EMPTY_TEMPLATES, "a::f::<>" },
        { "a::{{closure}}", LAMBDA, "a::{{closure}}" },
        /* Brackets that do not match. */
        { "f(int", LAMBDA, "f(int" },
        { "f<int", LAMBDA, "f<int" },
        { "a{b", LAMBDA, "a{b" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t buf = { 0 };
        evprof_plain_name(&buf, rows[i].in, rows[i].drop);
        assert_string_equal(buf.data, rows[i].out);
        evprof_buf_free(&buf);
    }
}

static void
test_it_appends(void **state)
{
    (void)state;
    evprof_buf_t buf = { 0 };
    evprof_buf_puts(&buf, "x ");
    evprof_plain_name(&buf, "a{b", PLAIN);
    assert_string_equal(buf.data, "x a{b");
    evprof_buf_free(&buf);
}

static void
test_symbol_base(void **state)
{
    (void)state;
    static const char *const symbols[] = {
        "f.cold",
        "f.isra.0",
        "f.part.1.isra.0",
        "f.constprop.12",
        "f.lto_priv.0",
        "f.llvm.4711",
        "f",
    };
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        assert_int_equal(evprof_symbol_base_len(symbols[i]), 1);
    }
    assert_int_equal(evprof_symbol_base_len("f.colder"), 8);
    assert_int_equal(evprof_symbol_base_len(".cold"), 5);
    assert_int_equal(evprof_symbol_base_len("main.f"), 6);
}

int
run_plain_name_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_it_appends),
        cmocka_unit_test(test_symbol_base),
    };
    return cmocka_run_group_tests_name("plain_name", tests, NULL, NULL);
}
