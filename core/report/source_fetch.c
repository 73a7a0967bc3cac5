/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source file that is not here, by the build ids of the view's binaries.
 * Which of them it belongs to is not known: each is asked, up to a bound, and
 * the first that has it wins.
 */
#include <string.h>

#include "core/report/source.h"
#include "core/symbol/code.h"

#define MAX_ASKED 8

/* Paths become parts of addresses and of names of files. */
static bool
is_askable(const char *path)
{
    return path[0] == '/' && strstr(path, "/../") == NULL &&
           strpbrk(path, "?#%\\ \n") == NULL;
}

static bool
fetch(const void *ctx, const char *file, evprof_buf_t *path)
{
    const evprof_view_t *view = ctx;
    const evprof_code_source_t *code = evprof_view_request(view)->code;
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_buf_t kind = { 0 };
    size_t asked = 0;
    bool is_found = false;
    if (!is_askable(file)) {
        return false;
    }
    evprof_buf_printf(&kind, "source%s", file);
    for (size_t i = 0; i < p->mapping_count && asked < MAX_ASKED && !is_found;
         i++) {
        if (p->mappings[i].build_id[0] != '\0' && !kind.failed) {
            asked++;
            is_found = code->fetch(code->fetch_ctx, p->mappings[i].build_id,
                                   kind.data, path);
        }
    }
    evprof_buf_free(&kind);
    return is_found;
}

void
evprof_sources_fetch_for(evprof_sources_t *s, const evprof_view_t *view)
{
    const evprof_code_source_t *code = evprof_view_request(view)->code;
    if (code != NULL && code->fetch != NULL) {
        evprof_sources_set_fetch(s, fetch, view);
    }
}
