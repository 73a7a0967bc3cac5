/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/evhttp/page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <evprof/version.h>

#include "core/base/html.h"

static void
make_nonce(char out[EVPROF_NONCE_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[(EVPROF_NONCE_SIZE - 1) / 2] = { 0 };
    /* If there is no nonce, the page works without its scripts. */
    bool is_random = getrandom(random, sizeof(random), GRND_NONBLOCK) ==
                     (ssize_t)sizeof(random);
    for (size_t i = 0; is_random && i < sizeof(random); i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[is_random ? 2 * sizeof(random) : 0] = '\0';
}

void
evprof_page_begin(evprof_page_t *page, evprof_t *prof)
{
    page->prof = prof;
    evprof_program_read(&page->program);
    make_nonce(page->nonce);
}

static void
fill_build(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    (void)name;
    (void)len;
    evprof_html_escape(out, ctx);
}

bool
evprof_page_fill(const evprof_page_t *page, const char *name, size_t len,
                 evprof_buf_t *out)
{
    char build[sizeof(page->program.build_id)];
    if (evprof_template_is(name, len, "PROGRAM")) {
        evprof_html_escape(out, page->program.name);
    } else if (evprof_template_is(name, len, "PID")) {
        evprof_buf_put_int(out, page->program.pid);
    } else if (evprof_template_is(name, len, "UPTIME")) {
        evprof_program_put_uptime(out, page->program.uptime);
    } else if (evprof_template_is(name, len, "VERSION")) {
        evprof_buf_puts(out, EVPROF_VERSION);
    } else if (evprof_template_is(name, len, "PREFIX")) {
        evprof_html_escape(out, evprof_prefix(page->prof));
    } else if (evprof_template_is(name, len, "NONCE")) {
        evprof_buf_puts(out, page->nonce);
    } else if (evprof_template_is(name, len, "STYLE")) {
        evprof_buf_puts(out, evprof_page_style);
    } else if (evprof_template_is(name, len, "SCRIPT")) {
        evprof_buf_puts(out, evprof_page_script);
    } else if (evprof_template_is(name, len, "BUILD_ID")) {
        memcpy(build, page->program.build_id, sizeof(build));
        if (build[0] != '\0') {
            evprof_template_fill(out, evprof_page_build_id, fill_build, build);
        }
    } else {
        return false;
    }
    return true;
}

static int
by_leaf(const void *a, const void *b)
{
    const evprof_entry_t *one = a;
    const evprof_entry_t *other = b;
    return strcmp(one->leaf, other->leaf);
}

evprof_entry_t *
evprof_page_entries(evprof_t *prof, size_t *count)
{
    size_t max = evprof_catalog_size(prof);
    evprof_entry_t *entries = calloc(max + 1, sizeof(*entries));
    if (entries == NULL) {
        return NULL;
    }
    *count = evprof_catalog_list(prof, entries, max);
    qsort(entries, *count, sizeof(*entries), by_leaf);
    return entries;
}
