/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of allocators and profilers are noise below the call that entered
 * them. Each function is judged once, then each location: it may be cut as a
 * whole or lose the lines below (inlined into) the one that matched, then every
 * stack is cut at such a location.
 */
#include "core/analysis/prune.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

enum cut {
    CUT_NOT = 0,
    CUT_BELOW = 1, /* the location stays, what is below goes */
    CUT_ALL = 2,   /* the location goes, too */
};

/* The length of a name's part with a parenthesis that begins no argument list,
 * or 0. */
static size_t
reserved_length(const char *at)
{
    static const char *const reserved[] = { "(anonymous namespace)",
                                            "operator()" };
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        size_t len = strlen(reserved[i]);
        if (strncmp(at, reserved[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

const char *
evprof_simplify_name(const char *name, size_t *len)
{
    name += name[0] == '.'; /* code symbols of the PPC ELF v1 ABI */
    const char *at = name;
    for (;;) {
        at += strcspn(at, "(o");
        size_t skip = reserved_length(at);
        if (*at == '\0' || (*at == '(' && skip == 0)) {
            break;
        }
        at += skip > 0 ? skip : 1;
    }
    *len = (size_t)(at - name);
    return name;
}

static bool
match_simplified(evprof_regex_t *re, const char *name)
{
    size_t len = 0;
    const char *simple = evprof_simplify_name(name, &len);
    return evprof_regex_match_len(re, simple, len);
}

/* One byte a function: whether it is to be cut. NULL: out of memory. */
static unsigned char *
judge_functions(const evprof_pprof_t *p, evprof_regex_t *drop,
                evprof_regex_t *keep)
{
    unsigned char *out = calloc(p->function_count + 1, 1);
    for (size_t i = 0; out != NULL && i < p->function_count; i++) {
        const char *name = p->functions[i].name;
        out[i] = name[0] != '\0' && match_simplified(drop, name) &&
                 !(keep != NULL && match_simplified(keep, name));
    }
    return out;
}

static bool
is_judged(const unsigned char *functions, const evprof_line_t *line)
{
    return line->function != EVPROF_NO_INDEX && functions[line->function] != 0;
}

/* The outermost line that matches decides. */
static enum cut
cut_location(const unsigned char *functions, evprof_location_t *l)
{
    for (uint32_t i = l->line_count; i-- > 0;) {
        if (!is_judged(functions, &l->lines[i])) {
            continue;
        }
        if (i + 1 == l->line_count) {
            return CUT_ALL;
        }
        l->lines += i + 1;
        l->line_count -= i + 1;
        return CUT_BELOW;
    }
    return CUT_NOT;
}

static void
cut_leaves(evprof_sample_t *s, uint32_t count)
{
    s->locations += count;
    s->location_count -= count;
}

/* From the root; frames before the first kept one stay, so that no stack is
 * cut to nothing. */
static void
cut_stack(const unsigned char *cuts, evprof_sample_t *s)
{
    bool found_user = false;
    for (uint32_t i = s->location_count; i-- > 0;) {
        unsigned cut = cuts[s->locations[i]];
        if (cut == CUT_NOT) {
            found_user = true;
        } else if (found_user) {
            cut_leaves(s, cut == CUT_ALL ? i + 1 : i);
            return;
        }
    }
}

/*
 * Cuts every frame whose simplified name matches `drop` but not `keep` (may be
 * NULL), with all it called; never before the first frame that is kept, seen
 * from the root. EVPROF_ENOMEM.
 */
static int
prune_frames(evprof_pprof_t *p, evprof_regex_t *drop, evprof_regex_t *keep)
{
    unsigned char *functions = judge_functions(p, drop, keep);
    unsigned char *cuts = calloc(p->location_count + 1, 1);
    int status = EVPROF_ENOMEM;
    if (functions != NULL && cuts != NULL) {
        for (size_t i = 0; i < p->location_count; i++) {
            cuts[i] = (unsigned char)cut_location(functions, &p->locations[i]);
        }
        for (size_t i = 0; i < p->sample_count; i++) {
            cut_stack(cuts, &p->samples[i]);
        }
        status = EVPROF_OK;
    }
    free(functions);
    free(cuts);
    return status;
}

static int
compile_anchored(const char *pattern, evprof_regex_t **out, evprof_error_t *err)
{
    evprof_buf_t anchored = { 0 };
    evprof_buf_printf(&anchored, "^(%s)$", pattern);
    if (anchored.failed) {
        return evprof_fail(err, EVPROF_ENOMEM, "prune: out of memory");
    }
    evprof_error_t why = { 0 };
    int status = evprof_regex_new(anchored.data, out, &why);
    evprof_buf_free(&anchored);
    if (status != EVPROF_OK) {
        evprof_fail(
            err, status,
            "the profile's expression for frames to drop, %s, is bad: %s",
            pattern, why.message);
    }
    return status;
}

int
evprof_pprof_remove_uninteresting(evprof_pprof_t *p, evprof_error_t *err)
{
    evprof_regex_t *drop = NULL;
    evprof_regex_t *keep = NULL;
    if (p->drop_frames[0] == '\0') {
        return EVPROF_OK;
    }
    int status = compile_anchored(p->drop_frames, &drop, err);
    if (status == EVPROF_OK && p->keep_frames[0] != '\0') {
        status = compile_anchored(p->keep_frames, &keep, err);
    }
    if (status == EVPROF_OK && prune_frames(p, drop, keep) != EVPROF_OK) {
        status = evprof_fail(err, EVPROF_ENOMEM, "prune: out of memory");
    }
    evprof_regex_free(drop);
    evprof_regex_free(keep);
    return status;
}

/* The innermost line that matches decides, and stays. */
static bool
cut_location_from(const unsigned char *functions, evprof_location_t *l)
{
    for (uint32_t i = 0; i < l->line_count; i++) {
        if (is_judged(functions, &l->lines[i])) {
            l->lines += i;
            l->line_count -= i;
            return true;
        }
    }
    return false;
}

int
evprof_pprof_prune_from(evprof_pprof_t *p, evprof_regex_t *from)
{
    unsigned char *functions = judge_functions(p, from, NULL);
    unsigned char *cuts = calloc(p->location_count + 1, 1);
    if (functions == NULL || cuts == NULL) {
        free(functions);
        free(cuts);
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->location_count; i++) {
        cuts[i] = cut_location_from(functions, &p->locations[i]);
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        evprof_sample_t *s = &p->samples[i];
        uint32_t first = 0;
        while (first < s->location_count && cuts[s->locations[first]] == 0) {
            first++;
        }
        if (first < s->location_count) {
            cut_leaves(s, first);
        }
    }
    free(functions);
    free(cuts);
    return EVPROF_OK;
}
