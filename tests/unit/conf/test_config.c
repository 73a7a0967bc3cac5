/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/conf/tests.h"

static void
test_defaults(void **state)
{
    (void)state;
    evprof_config_t *config = NULL;
    assert_int_equal(evprof_config_load(NULL, &test_schema, &config, NULL), 0);
    const evprof_pprof_conf_t *pprof = evprof_config_pprof(config);
    assert_string_equal(pprof->prefix, "/debug/pprof/");
    assert_int_equal(pprof->max_profiles, 16);
    assert_true(pprof->labels && pprof->status);
    assert_null(pprof->log_file);
    assert_null(evprof_config_main(config)->listen);
    assert_int_equal(evprof_config_main(config)->reload_signal, 0);
    assert_int_equal(evprof_config_limits(config)->max_seconds, 300);
    assert_int_equal(evprof_config_profile_count(config), 2);
    assert_true(evprof_config_profile(config, "heap")->is_enabled);
    assert_null(evprof_config_profile(config, "none"));
    evprof_config_unref(config);
}

static void
test_values(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *file = test_path(folder, "l.txt");
    evprof_config_t *config = test_load_in(
        folder,
        "reload_signal HUP; listen unix:/x; listen *:1;\n"
        "pprof { prefix /p/; labels off; log l.txt info; max_reply 1m;\n"
        "  profile heap off; profile cpu on { max_seconds 9; rate 5; } }");
    const evprof_pprof_conf_t *pprof = evprof_config_pprof(config);
    assert_string_equal(pprof->prefix, "/p/");
    assert_false(pprof->labels);
    assert_string_equal(pprof->log_file, file);
    assert_int_equal(pprof->log_level, EVPROF_LOG_INFO);
    assert_int_equal(pprof->max_reply_bytes, 1 << 20);
    assert_int_equal(evprof_config_main(config)->reload_signal, SIGHUP);
    assert_string_equal(evprof_config_main(config)->listen->next->address,
                        "*:1");
    assert_false(evprof_config_profile(config, "heap")->is_enabled);
    const evprof_profile_conf_t *cpu = evprof_config_profile(config, "cpu");
    assert_true(cpu->is_enabled);
    assert_int_equal(cpu->limits.max_seconds, 9);
    assert_int_equal(evprof_config_limits(config)->max_seconds, 300);
    evprof_config_unref(config);
    free(file);
    test_folder_remove(folder);
}

/* What a port is without a block, and what it may hold. */
static void
test_ports(void **state)
{
    (void)state;
    evprof_config_t *config =
        test_load("listen unix:/x; listen *:1 { max_connections 3; }");
    const evprof_listen_conf_t *port = evprof_config_main(config)->listen;
    assert_int_equal(port->max_connections, 64);
    assert_true(port->request_timeout_ns > 0);
    assert_true(port->send_timeout_ns > 0);
    assert_int_equal(port->next->max_connections, 3);
    assert_null(port->next->next);
    evprof_config_unref(config);
    test_expect("listen *:1 { max_connections; }",
                "t:1:14: \"max_connections\" takes 1 argument and no block\n");
    test_expect("listen *:1 { max_connections 1 { } }",
                "t:1:14: \"max_connections\" takes 1 argument and no block\n");
}

static void
test_names(void **state)
{
    (void)state;
    evprof_config_t *config = test_load("only a b c;");
    const evprof_text_list_t *only = evprof_config_preload(config)->only;
    const char *const names[] = { "a", "b", "c" };
    for (size_t i = 0; i < 3; i++, only = only->next) {
        assert_string_equal(only->text, names[i]);
    }
    assert_null(only);
    evprof_config_unref(config);
}

/* Problems of one place keep their order, others have that of the file. */
static void
test_order(void **state)
{
    (void)state;
    test_expect("b;\na;\nb;\na;", "t:1:1: \"b\" is unknown\n"
                                  "t:2:1: \"a\" is unknown\n"
                                  "t:3:1: \"b\" is unknown\n"
                                  "t:4:1: \"a\" is unknown\n");
}

static const char *
rules_of(const evprof_config_t *config, const char *profile)
{
    const test_rules_conf_t *rules =
        evprof_config_section(config, &test_rules_section, profile);
    return rules->seen;
}

/* What fills one field is inherited whole, in order, or not at all. */
static void
test_inheritance(void **state)
{
    (void)state;
    evprof_config_t *config =
        test_load("pprof { max_seconds 60; plus a; minus b; plus c; half x;\n"
                  "  profile cpu { minus z; } }");
    assert_string_equal(rules_of(config, NULL), "+a-b+c");
    assert_string_equal(rules_of(config, "heap"), "+a-b+c");
    assert_string_equal(rules_of(config, "own-profile"), "+a-b+c");
    assert_string_equal(rules_of(config, "cpu"), "-z");
    const test_rules_conf_t *cpu =
        evprof_config_section(config, &test_rules_section, "cpu");
    assert_string_equal(cpu->half, "x");
    assert_int_equal(evprof_config_profile(config, "cpu")->limits.max_seconds,
                     60);
    evprof_config_unref(config);
}

static void
test_mistakes(void **state)
{
    (void)state;
    test_expect("prefix /x/;",
                "t:1:1: \"prefix\" is not allowed here, only in pprof { }\n");
    test_expect("pprof { listen x; }", "t:1:9: \"listen\" is not allowed here, "
                                       "only outside of pprof { }\n");
    test_expect("pprof { rate 5; }", "t:1:9: \"rate\" is not allowed here, "
                                     "only in profile cpu { }\n");
    test_expect("profile cpu off;", "t:1:1: \"profile\" is not allowed here, "
                                    "only in pprof { }\n");
    test_expect("pprof;", "t:1:1: \"pprof\" must be followed by { ... }\n");
    test_expect("pprof { }\npprof { }",
                "t:2:1: \"pprof\" is duplicate: line 1 has it already\n");
    test_expect("pprof { prefix /a/;\n prefix /b/; }",
                "t:2:2: \"prefix\" is duplicate: line 1 has it already\n");
    test_expect("listen a:1;\nlisten a:1;",
                "t:2:1: \"listen\" is duplicate: this "
                "address is listed already\n");
    test_expect("pprof { max_seconds 5\nlabels on; }",
                "t:1:9: \"max_seconds\" takes 1 argument, not 3: a ; is "
                "missing in line 1\n");
    test_expect("pprof { half x; }",
                "t:1:9: \"half\" needs \"plus\" as well\n");
    test_expect("reload_signal KILL;", "t:1:1: \"reload_signal\" must be HUP, "
                                       "USR1, USR2, WINCH or off, not KILL\n");
    test_expect("pprof { log x loud; }", "t:1:9: \"log\" has the level loud, "
                                         "but there are error, warn and "
                                         "info\n");
}

/* What a struct is found to lack is said where it stands, or else where its
 * block begins. */
static void
test_missing_directives(void **state)
{
    (void)state;
    test_expect("\n pprof {\n wants plus; }", "t:2:2: \"plus\" is wanted\n");
    test_expect("pprof { wants plus;\n plus a; }",
                "t:2:2: \"plus\" is wanted\n");
    test_expect("pprof {\n  profile cpu { wants plus; } }",
                "t:2:3: \"plus\" is wanted\n");
}

static void
test_profile_mistakes(void **state)
{
    (void)state;
    test_expect("pprof { profile cpuu off; }",
                "t:1:9: \"profile\" cpuu is unknown; did you mean \"cpu\"?\n");
    test_expect("pprof { profile elephants off; }",
                "t:1:9: \"profile\" elephants is unknown; there are cpu and "
                "heap\n");
    test_expect("pprof { profile cpu maybe; }",
                "t:1:9: \"profile\" cpu must be on or off, not maybe\n");
    test_expect("pprof { profile cpu; }",
                "t:1:9: \"profile\" must be written as profile NAME on; "
                "profile NAME off; or profile NAME { ... }\n");
    test_expect("pprof {\n profile cpu on\n profile heap off;\n}",
                "t:2:2: \"profile\" takes a name and on or off: a ; is "
                "missing in line 2\n");
    test_expect("pprof { profile cpu on off cpu; }",
                "t:1:9: \"profile\" must be written as profile NAME on; "
                "profile NAME off; or profile NAME { ... }\n");
    test_expect("pprof { profile cpu off;\n profile cpu { } }",
                "t:2:2: \"profile\" cpu is duplicate: line 1 has it already\n");
}

static void
test_prefixes(void **state)
{
    static const char *const bad[] = { "x",      "/",       "/x",     "x/",
                                       "/a//b/", "'/a b/'", "/a/../", "/a?/" };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[64] = "pprof { prefix ";
        strcat(strcat(text, bad[i]), "; }");
        char *problems = test_problems(text);
        assert_non_null(strstr(problems, "t:1:9: \"prefix\" must be"));
        free(problems);
    }
}

/* The error of a load has the first problem and says how many there are. */
static void
test_load_error(void **state)
{
    (void)state;
    evprof_config_t *config = NULL;
    evprof_error_t err;
    char *folder = test_folder();
    char *path = test_path(folder, "t");
    char *message = test_path(folder, "t:1:1: \"a\" is unknown (and 2 more)");
    test_write_file(folder, "t", "a;\nb;\nc;", 8);
    assert_int_equal(evprof_config_load(path, &test_schema, &config, &err),
                     EVPROF_EPARSE);
    assert_string_equal(err.message, message);
    free(message);
    free(path);
    test_folder_remove(folder);
    assert_int_equal(err.status, EVPROF_EPARSE);
    assert_null(config);
}

static void
test_comparison(void **state)
{
    (void)state;
    evprof_config_t *a = test_load("pprof { profile cpu { rate 5; } }");
    evprof_config_t *b = test_load("pprof { labels off;\n"
                                   " profile cpu { rate 5; deep off; } }");
    evprof_config_t *c = test_load("pprof { profile cpu { rate 6; } }");
    evprof_config_t *d = test_load("pprof { prefix /x/; }");
    evprof_error_t err;
    assert_true(evprof_config_profile_equal(a, b, "cpu"));
    assert_false(evprof_config_profile_equal(a, c, "cpu"));
    assert_true(evprof_config_profile_equal(a, c, "heap"));
    assert_true(evprof_config_profile_equal(a, c, "none"));
    assert_int_equal(evprof_config_check_switch(a, b, &err), 0);
    assert_int_equal(evprof_config_check_switch(a, d, &err), EVPROF_ESTATE);
    assert_string_equal(err.message,
                        "reload: \"prefix\" cannot change while the server "
                        "runs: restart it, or take the change back");
    evprof_config_unref(a);
    evprof_config_unref(b);
    evprof_config_unref(c);
    evprof_config_unref(d);
}

static void
test_references(void **state)
{
    (void)state;
    evprof_config_t *config = test_load("");
    assert_ptr_equal(evprof_config_ref(config), config);
    evprof_config_unref(config);
    assert_non_null(evprof_config_pprof(config));
    evprof_config_unref(config);
    evprof_config_unref(NULL);
}

int
run_config_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_inheritance),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_missing_directives),
        cmocka_unit_test(test_profile_mistakes),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_load_error),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
