/* SPDX-License-Identifier: Apache-2.0 */
/* What a site answers, and whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/web/guard.h"
#include "adapters/web/web.h"

static const char folded[] = "main;work 60\nmain;rest 40\n";

static evprof_pprof_t *
read_profile(const char *text)
{
    evprof_pprof_t *p = NULL;
    assert_int_equal(
        evprof_format_read(evprof_formats, text, strlen(text), &p, NULL),
        EVPROF_OK);
    return p;
}

static evprof_site_t *
make_site(const char *text, const char *base)
{
    evprof_options_t options;
    evprof_site_t *site = NULL;
    assert_int_equal(evprof_options_init(&options, NULL), EVPROF_OK);
    const evprof_site_setup_t setup = {
        .name = "test & <b>",
        .profile = read_profile(text),
        .base = base != NULL ? read_profile(base) : NULL,
        .is_diff_base = true,
        .options = &options,
        .formats = evprof_formats,
    };
    assert_int_equal(evprof_site_new(&setup, &site, NULL), EVPROF_OK);
    evprof_options_free(&options);
    return site;
}

static evprof_web_answer_t
get(evprof_site_t *site, const char *path, const char *query)
{
    evprof_web_answer_t answer;
    const evprof_web_ask_t ask = { .path = path, .query = query };
    evprof_site_answer(site, &ask, &answer);
    return answer;
}

static void
assert_get(evprof_site_t *site, const char *path, const char *query, int code,
           const char *part)
{
    evprof_web_answer_t answer = get(site, path, query);
    assert_int_equal(answer.code, code);
    if (part != NULL && strstr(answer.body.data, part) == NULL) {
        fail_msg("%s?%s: no %s in %s", path, query, part, answer.body.data);
    }
    evprof_web_answer_free(&answer);
}

static void
test_pages_of_pprof_answer(void **state)
{
    (void)state;
    static const char *const pages[] = { "flamegraph", "top",    "graph",
                                         "peek",       "source", "disasm",
                                         "raw" };
    evprof_site_t *site = make_site(folded, NULL);
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        assert_get(site, pages[i], "f=work", 200,
                   "<title>test &amp; &lt;b&gt; ");
        assert_get(site, pages[i], "f=((", 400, "focus");
        assert_get(site, pages[i], "si=nothing", 400, "\"error\":\"");
    }
    assert_get(site, "nothing", NULL, 404, NULL);
    assert_get(site, "download", NULL, 200, NULL);
    evprof_site_free(site);
}

static void
test_old_names_lead_to_the_flame_graph(void **state)
{
    (void)state;
    static const char *const names[] = { "", "flamegraph2", "flamegraphold" };
    evprof_site_t *site = make_site(folded, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        evprof_web_answer_t answer = get(site, names[i], "f=x");
        assert_int_equal(answer.code, 301);
        assert_string_equal(answer.location.data, "flamegraph?f=x");
        evprof_web_answer_free(&answer);
    }
    evprof_site_free(site);
}

static void
test_options_of_the_url_apply(void **state)
{
    (void)state;
    evprof_site_t *site = make_site(folded, NULL);
    assert_get(site, "data/flame", NULL, 200, "\"more\":100");
    assert_get(site, "data/flame", "f=work", 200, "\"more\":60");
    assert_get(site, "data/flame", "i=work", 200, "\"more\":40");
    assert_get(site, "data/flame", "f=none", 200,
               "focus: no sample matches");
    assert_get(site, "data/table", "h=main", 200, "\"count\":2");
    assert_get(site, "data/search", "q=w.rk", 200,
               "\"found\":{\"count\":1,\"more\":60");
    assert_get(site, "data/search", "q=((", 400, "((");
    evprof_site_free(site);
}

static void
test_comparisons_have_both_sides(void **state)
{
    (void)state;
    evprof_site_t *site = make_site("main;work 60\nmain;new 5\n",
                                    "main;work 50\nmain;gone 7\n");
    assert_get(site, "data/flame", NULL, 200, "\"more\":65,\"less\":57");
    assert_get(site, "data/flame", NULL, 200, "\"compared\":true");
    assert_get(site, "data/flame", "base=-1", 200, "\"compared\":false");
    assert_get(site, "data/flame", "norm=t", 200, "\"less\":57");
    evprof_site_free(site);
}

static void
test_changes_need_the_token(void **state)
{
    (void)state;
    evprof_site_t *site = make_site(folded, NULL);
    evprof_web_answer_t answer;
    evprof_web_ask_t ask = { .method = EVPROF_WEB_POST,
                             .path = "open",
                             .query = "name=other",
                             .body = "a 1\n",
                             .body_len = 4 };
    evprof_site_answer(site, &ask, &answer);
    assert_int_equal(answer.code, 403);
    evprof_web_answer_free(&answer);
    ask.token = evprof_site_token(site);
    evprof_site_answer(site, &ask, &answer);
    assert_int_equal(answer.code, 200);
    assert_string_equal(answer.body.data, "{\"profile\":1}\n");
    evprof_web_answer_free(&answer);
    assert_get(site, "data/flame", "pf=1", 200, "\"more\":1,");
    assert_get(site, "data/flame", "pf=0&base=1", 200, "\"more\":100,\"less\":1");
    assert_get(site, "data/flame", "pf=2", 404, "no such profile");
    assert_get(site, "saveconfig", "config=x", 405, NULL);
    assert_get(site, "open", NULL, 405, NULL);
    evprof_site_free(site);
}

static void
test_bad_files_are_refused(void **state)
{
    (void)state;
    evprof_site_t *site = make_site(folded, NULL);
    evprof_web_answer_t answer;
    const evprof_web_ask_t ask = { .method = EVPROF_WEB_POST,
                                   .path = "open",
                                   .body = "\x1f\x8bnothing",
                                   .body_len = 9,
                                   .token = evprof_site_token(site) };
    evprof_site_answer(site, &ask, &answer);
    assert_int_equal(answer.code, 400);
    evprof_web_answer_free(&answer);
    assert_get(site, "data/flame", NULL, 200, "\"more\":100");
    evprof_site_free(site);
}

static void
test_clients_keep_what_they_have(void **state)
{
    (void)state;
    evprof_site_t *site = make_site(folded, NULL);
    evprof_web_answer_t first = get(site, "flamegraph", NULL);
    assert_true(first.etag[0] == '"');
    for (int i = 0; i < 2; i++) {
        const evprof_web_ask_t ask = { .path = "flamegraph",
                                       .if_none_match = first.etag };
        evprof_web_answer_t answer;
        evprof_site_answer(site, &ask, &answer);
        assert_int_equal(answer.code, 304);
        assert_int_equal(answer.body.len, 0);
        evprof_web_answer_free(&answer);
    }
    const evprof_web_ask_t ask = { .path = "flamegraph",
                                   .accepts_gzip = true };
    evprof_web_answer_t packed;
    evprof_site_answer(site, &ask, &packed);
    assert_true(packed.is_gzip);
    assert_true(packed.body.len < first.body.len);
    evprof_web_answer_free(&packed);
    evprof_web_answer_free(&first);
    evprof_site_free(site);
}

static bool
allows(const evprof_guard_t *guard, const char *host, const char *origin,
       const char *fetch_site, bool is_navigation)
{
    const evprof_guarded_t request = { .host = host,
                                       .origin = origin,
                                       .fetch_site = fetch_site,
                                       .is_navigation = is_navigation };
    return evprof_guard_allows(guard, &request);
}

static void
test_foreign_hosts_and_origins_are_refused(void **state)
{
    (void)state;
    const evprof_guard_t guard = {
        .host = "127.0.0.1", .port = 8080, .is_loopback = true, .token = "t"
    };
    assert_true(allows(&guard, "127.0.0.1:8080", NULL, NULL, false));
    assert_true(allows(&guard, "LOCALHOST:8080", NULL, NULL, false));
    assert_true(allows(&guard, "[::1]:8080", NULL, NULL, false));
    assert_false(allows(&guard, NULL, NULL, NULL, false));
    assert_false(allows(&guard, "", NULL, NULL, false));
    assert_false(allows(&guard, "evil.example:8080", NULL, NULL, false));
    assert_false(allows(&guard, "127.0.0.1", NULL, NULL, false));
    assert_false(allows(&guard, "127.0.0.1:80801", NULL, NULL, false));
    assert_false(allows(&guard, "localhost.evil.example:8080", NULL, NULL, 0));
    assert_false(allows(&guard, "10.0.0.1:8080", NULL, NULL, false));
    assert_false(allows(&guard, "[::1", NULL, NULL, false));
    assert_true(allows(&guard, "localhost:8080", "http://localhost:8080",
                       "same-origin", false));
    assert_false(allows(&guard, "localhost:8080", "http://evil.example", NULL,
                        false));
    assert_false(allows(&guard, "localhost:8080", "null", NULL, false));
    assert_false(allows(&guard, "localhost:8080", "https://localhost:8080",
                        NULL, false));
    assert_false(allows(&guard, "localhost:8080", NULL, "cross-site", false));
    assert_true(allows(&guard, "localhost:8080", NULL, "cross-site", true));
}

static void
test_other_machines_need_the_cookie(void **state)
{
    (void)state;
    const evprof_guard_t guard = { .host = "", .port = 80, .token = "0123" };
    static const struct {
        const char *cookie;
        bool is_known;
    } rows[] = {
        { NULL, false },
        { "", false },
        { "evprof-token=0123", true },
        { "a=b; evprof-token=0123", true },
        { "evprof-token=0123; a=b", true },
        { "evprof-token=01234", false },
        { "evprof-token=012", false },
        { "evprof-token=", false },
        { "xevprof-token=0123", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const evprof_guarded_t request = { .cookie = rows[i].cookie };
        assert_int_equal(evprof_guard_knows(&guard, &request),
                         rows[i].is_known);
    }
    assert_true(allows(&guard, "192.0.2.1", NULL, NULL, false));
    assert_false(allows(&guard, "rebound.example", NULL, NULL, false));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_of_pprof_answer),
        cmocka_unit_test(test_old_names_lead_to_the_flame_graph),
        cmocka_unit_test(test_options_of_the_url_apply),
        cmocka_unit_test(test_comparisons_have_both_sides),
        cmocka_unit_test(test_changes_need_the_token),
        cmocka_unit_test(test_bad_files_are_refused),
        cmocka_unit_test(test_clients_keep_what_they_have),
        cmocka_unit_test(test_foreign_hosts_and_origins_are_refused),
        cmocka_unit_test(test_other_machines_need_the_cookie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
