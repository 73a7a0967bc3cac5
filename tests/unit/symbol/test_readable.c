/* SPDX-License-Identifier: Apache-2.0 */
/* Readable names, and that profiles get them when they should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/symbol/readable.h"

static const char lambda[] = "_ZZ4mainENKUliE0_clEi";
static const char rust_v0[] = "_RINvCs1_1r4workyEB2_";
static const char rust_hash[] = "_ZN1r4main17h0123456789abcdefE";

static void
check(const char *system_name, evprof_readable_how_t how, const char *wanted)
{
    evprof_buf_t name = { 0 };
    evprof_readable_name(&name, system_name, &how);
    assert_string_equal(name.data, wanted);
    evprof_buf_free(&name);
}

static void
test_forms(void **state)
{
    (void)state;
    const evprof_readable_how_t plain = { .form = EVPROF_READABLE_PLAIN };
    const evprof_readable_how_t templates = { .form =
                                                  EVPROF_READABLE_TEMPLATES };
    const evprof_readable_how_t full = { .form = EVPROF_READABLE_FULL };
    const evprof_readable_how_t none = { .form = EVPROF_READABLE_NONE };
    const evprof_readable_how_t strict = { .is_strict = true };
    check("_Z1fIiEvT_", plain, "f");
    check("_Z1fIiEvT_", templates, "f<int>");
    check("_Z1fIiEvT_", full, "void f<int>(int)");
    check("_Z1fIiEvT_", none, "_Z1fIiEvT_");
    check("_Znwm@plt", plain, "operator new@plt");
    check("malloc@plt", plain, "malloc@plt");
    check("clone3@@GLIBC_2.34", plain, "clone3");
    check("user@host", plain, "user@host");
    check("clone3@@GLIBC_2.34", strict, "clone3@@GLIBC_2.34");
    check(lambda, plain, "main::{lambda#2}::operator()");
    check(lambda, strict, "main::{lambda(int)#2}::operator()");
    check(rust_hash, plain, "r::main");
    check(rust_v0, plain, "r::work");
    check(rust_v0, strict, "r::work::<>");
    check("_Z1fv.cold", plain, "f");
    check("f.isra.0", plain, "f");
    check("f.isra.0", strict, "f.isra.0");
    check("main.(*T[...]).f", plain, "main.(*T[...]).f");
    check("a::f(int)", plain, "a::f");
    check("operator()<int>", plain, "operator()");
    check("operator()<int>", strict, "operator");
}

static evprof_pprof_t *
one_function(const char *name, const char *system_name)
{
    evprof_pprof_t *p = evprof_pprof_new();
    p->functions = evprof_arena_calloc(&p->arena, 1, sizeof(*p->functions));
    p->functions[0] = (evprof_function_t){
        .name = evprof_strings_intern(&p->strings, name),
        .system_name = evprof_strings_intern(&p->strings, system_name),
        .filename = evprof_strings_intern(&p->strings, ""),
    };
    p->function_count = 1;
    return p;
}

static void
check_profile(const char *name, const char *system_name,
              evprof_readable_how_t how, const char *wanted, bool is_changed)
{
    evprof_pprof_t *p = one_function(name, system_name);
    bool changed = false;
    assert_int_equal(evprof_readable_names(p, &how, &changed), EVPROF_OK);
    assert_string_equal(p->functions[0].name, wanted);
    assert_string_equal(p->functions[0].system_name, system_name);
    assert_int_equal(changed, is_changed);
    evprof_pprof_free(p);
}

static void
test_profiles(void **state)
{
    (void)state;
    const evprof_readable_how_t plain = { .form = EVPROF_READABLE_PLAIN };
    const evprof_readable_how_t forced = { .form = EVPROF_READABLE_FULL,
                                           .is_forced = true };
    check_profile("_Z1fi", "_Z1fi", plain, "f", true);
    check_profile("", "_Z1fi", plain, "f", true);
    check_profile("main", "main", plain, "main", false);
    check_profile("given", "_Z1fi", plain, "given", false);
    check_profile("given", "_Z1fi", forced, "f(int)", true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
