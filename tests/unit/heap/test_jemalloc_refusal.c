/* SPDX-License-Identifier: Apache-2.0 */
/* One sentence for each reason why there are no heap profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/heap/jemalloc_refusal.h"
#include "core/heap/malloc_conf.h"

#define CONF "prof:true,prof_active:false,prof_accum:true"

/* A process in which everything is right. */
static evprof_jemalloc_facts_t
good_facts(void)
{
    return (evprof_jemalloc_facts_t){ .prefix = "",
                                      .has_mallctl = true,
                                      .mallctl_file = "libjemalloc.so.2",
                                      .malloc_file = "libjemalloc.so.2",
                                      .is_malloc_theirs = true,
                                      .calls_malloc = true,
                                      .can_profile = true,
                                      .is_prepared = true,
                                      .is_conf_ours = true,
                                      .conf_file = "libevprof.so.0",
                                      .environment = "",
                                      .system_conf = "",
                                      .preload = "" };
}

static void
expect(const evprof_jemalloc_facts_t *facts, const char *sentence)
{
    evprof_error_t err;
    assert_int_equal(evprof_jemalloc_judge(facts, &err), EVPROF_ENOTSUP);
    assert_string_equal(err.message, sentence);
}

static void
test_good(void **state)
{
    (void)state;
    evprof_jemalloc_facts_t facts = good_facts();
    evprof_error_t err;
    assert_int_equal(evprof_jemalloc_judge(&facts, &err), EVPROF_OK);
    /* A bundled one need not own malloc. */
    facts.prefix = "_rjem_";
    facts.is_malloc_theirs = false;
    assert_int_equal(evprof_jemalloc_judge(&facts, &err), EVPROF_OK);
}

static void
test_absent(void **state)
{
    (void)state;
    evprof_jemalloc_facts_t facts = good_facts();
    facts.has_mallctl = false;
    expect(&facts, "heap: malloc is not jemalloc's: install libjemalloc-dev "
                   "and link with -levprof -ljemalloc, in this order");
    facts.calls_malloc = false;
    expect(&facts, "heap: jemalloc is not loaded, and as the executable itself "
                   "never calls malloc, --as-needed drops it: install "
                   "libjemalloc-dev and link with -levprof "
                   "-Wl,--no-as-needed -ljemalloc");
    facts.prefix = "_rjem_";
    expect(&facts, "heap: there is no _rjem_mallctl in the process: set "
                   "mallctl_prefix to the prefix of the jemalloc that the "
                   "program bundles, and link with -rdynamic");
}

static void
test_not_the_allocator(void **state)
{
    (void)state;
    evprof_jemalloc_facts_t facts = good_facts();
    facts.is_malloc_theirs = false;
    facts.malloc_file = "libtcmalloc.so.4";
    expect(&facts, "heap: jemalloc is loaded, but malloc is that of "
                   "libtcmalloc.so.4: link with -ljemalloc before it");
}

static void
test_built_without(void **state)
{
    (void)state;
    evprof_jemalloc_facts_t facts = good_facts();
    facts.can_profile = false;
    facts.is_prepared = false;
    expect(&facts, "heap: the jemalloc in libjemalloc.so.2 was built without "
                   "profiling: use one built with --enable-prof, such as "
                   "Debian's libjemalloc2");
}

static void
test_switched_off_outside(void **state)
{
    (void)state;
    evprof_jemalloc_facts_t facts = good_facts();
    facts.is_prepared = false;
    facts.environment = "background_thread:true,prof:false";
    expect(&facts, "heap: MALLOC_CONF in the environment says prof:false: take "
                   "that out and start again");
    facts.environment = "";
    facts.system_conf = "prof:false";
    expect(&facts, "heap: /etc/malloc.conf says prof:false: take that out and "
                   "start again");
}

static void
test_conf_not_seen(void **state)
{
    (void)state;
    evprof_jemalloc_facts_t facts = good_facts();
    facts.is_prepared = false;
    expect(&facts, "heap: jemalloc was started without profiling: start the "
                   "program with MALLOC_CONF=" CONF);
    facts.is_conf_ours = false;
    facts.conf_file = "server";
    expect(&facts,
           "heap: server has a malloc_conf of its own: add " CONF " to it");
    facts.conf_file = "libjemalloc.so.2";
    expect(&facts, "heap: jemalloc comes before libevprof in the link order: "
                   "link with -levprof -ljemalloc, or start the program with "
                   "MALLOC_CONF=" CONF);
    facts.conf_file = "server";
    facts.mallctl_file = "server";
    facts.is_inside = true;
    expect(&facts, "heap: jemalloc is part of server and does not see the "
                   "malloc_conf in libevprof.so: link libevprof.a before it, "
                   "or start the program with MALLOC_CONF=" CONF);
    facts.is_inside = false;
    facts.mallctl_file = "libjemalloc.so.2";
    facts.preload = "/usr/lib/libjemalloc.so.2";
    expect(&facts, "heap: a preloaded jemalloc takes its settings from the "
                   "environment only: start the program with "
                   "MALLOC_CONF=" CONF);
    facts.prefix = "_rjem_";
    expect(&facts, "heap: the bundled jemalloc was started without profiling: "
                   "start the program with _RJEM_MALLOC_CONF=" CONF);
}

static void
test_own_symbol(void **state)
{
    (void)state;
    assert_true(evprof_malloc_conf_is_ours());
    assert_string_equal(malloc_conf, CONF);
    assert_true(evprof_executable_calls_malloc());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_not_the_allocator),
        cmocka_unit_test(test_built_without),
        cmocka_unit_test(test_switched_off_outside),
        cmocka_unit_test(test_conf_not_seen),
        cmocka_unit_test(test_own_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
