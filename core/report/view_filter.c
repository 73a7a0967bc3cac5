/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that choose samples and frames, in the order that pprof applies
 * them: names, show_from, tags, labels, prune_from. All expressions are read
 * before anything is changed, but those of labels, as pprof does.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/prune.h"
#include "core/analysis/sample_filter.h"
#include "core/base/error.h"
#include "core/report/view.h"

typedef struct filters {
    evprof_name_filter_t names;
    evprof_regex_t *show_from;
    evprof_tag_filter_t *tagfocus;
    evprof_tag_filter_t *tagignore;
    evprof_regex_t *prune_from;
    evprof_regex_t *tagshow;
    evprof_regex_t *taghide;
} filters_t;

static void
filters_free(filters_t *f)
{
    evprof_regex_free(f->names.focus);
    evprof_regex_free(f->names.ignore);
    evprof_regex_free(f->names.hide);
    evprof_regex_free(f->names.show);
    evprof_regex_free(f->show_from);
    evprof_tag_filter_free(f->tagfocus);
    evprof_tag_filter_free(f->tagignore);
    evprof_regex_free(f->prune_from);
    evprof_regex_free(f->tagshow);
    evprof_regex_free(f->taghide);
}

static int
compile(const char *name, const char *value, evprof_regex_t **out,
        evprof_error_t *err)
{
    if (value[0] == '\0') {
        return EVPROF_OK;
    }
    evprof_error_t inner;
    int status = evprof_regex_new(value, out, &inner);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "%s is no regular expression: %s", name,
                           inner.message);
    }
    return EVPROF_OK;
}

static int
compile_tag(const evprof_view_t *view, const char *name, const char *value,
            evprof_tag_filter_t **out, evprof_error_t *err)
{
    if (value[0] == '\0') {
        return EVPROF_OK;
    }
    int status =
        evprof_tag_filter_new(name, value, &view->label_units, out, err);
    if (status == EVPROF_OK && evprof_tag_filter_range(*out) != NULL) {
        evprof_view_say(view, "%s: %s is taken as a range of numbers", name,
                        evprof_tag_filter_range(*out));
    }
    return status;
}

static int
compile_all(const evprof_view_t *view, filters_t *f, evprof_error_t *err)
{
    const evprof_options_t *o = &view->options;
    int status = compile("focus", o->focus, &f->names.focus, err);
    if (status == EVPROF_OK) {
        status = compile("ignore", o->ignore, &f->names.ignore, err);
    }
    if (status == EVPROF_OK) {
        status = compile("hide", o->hide, &f->names.hide, err);
    }
    if (status == EVPROF_OK) {
        status = compile("show", o->show, &f->names.show, err);
    }
    if (status == EVPROF_OK) {
        status = compile("show_from", o->show_from, &f->show_from, err);
    }
    if (status == EVPROF_OK) {
        status = compile_tag(view, "tagfocus", o->tagfocus, &f->tagfocus, err);
    }
    if (status == EVPROF_OK) {
        status =
            compile_tag(view, "tagignore", o->tagignore, &f->tagignore, err);
    }
    if (status == EVPROF_OK) {
        status = compile("prune_from", o->prune_from, &f->prune_from, err);
    }
    return status;
}

static void
warn_unmatched(const evprof_view_t *view, bool is_asked, bool is_matched,
               const char *name)
{
    if (is_asked && !is_matched) {
        evprof_view_say(view, "%s: no sample matches", name);
    }
}

static int
filter_names(evprof_view_t *view, filters_t *f)
{
    const evprof_name_filter_t *names = &f->names;
    if (names->focus != NULL || names->ignore != NULL || names->hide != NULL ||
        names->show != NULL) {
        evprof_name_matched_t matched;
        int status = evprof_pprof_filter_names(view->profile, names, &matched);
        if (status != EVPROF_OK) {
            return status;
        }
        warn_unmatched(view, names->focus != NULL, matched.focus, "focus");
        warn_unmatched(view, names->ignore != NULL, matched.ignore, "ignore");
        warn_unmatched(view, names->hide != NULL, matched.hide, "hide");
        warn_unmatched(view, names->show != NULL, matched.show, "show");
    }
    if (f->show_from == NULL) {
        return EVPROF_OK;
    }
    bool is_matched = false;
    int status =
        evprof_pprof_show_from(view->profile, f->show_from, &is_matched);
    if (status == EVPROF_OK) {
        warn_unmatched(view, true, is_matched, "show_from");
    }
    return status;
}

static int
filter_tags(evprof_view_t *view, filters_t *f, evprof_error_t *err)
{
    if (f->tagfocus != NULL || f->tagignore != NULL) {
        evprof_tag_matched_t matched;
        evprof_pprof_filter_tags(view->profile, f->tagfocus, f->tagignore,
                                 &matched);
        warn_unmatched(view, f->tagfocus != NULL, matched.focus, "tagfocus");
        warn_unmatched(view, f->tagignore != NULL, matched.ignore, "tagignore");
    }
    int status = compile("tagshow", view->options.tagshow, &f->tagshow, err);
    if (status == EVPROF_OK) {
        status = compile("taghide", view->options.taghide, &f->taghide, err);
    }
    if (status != EVPROF_OK || (f->tagshow == NULL && f->taghide == NULL)) {
        return status;
    }
    evprof_label_matched_t matched;
    status = evprof_pprof_filter_labels(view->profile, f->tagshow, f->taghide,
                                        &matched);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "labels: out of memory");
    }
    warn_unmatched(view, f->tagshow != NULL, matched.show, "tagshow");
    warn_unmatched(view, f->taghide != NULL, matched.hide, "taghide");
    return EVPROF_OK;
}

static int
apply(evprof_view_t *view, filters_t *f, evprof_error_t *err)
{
    if (filter_names(view, f) != EVPROF_OK) {
        return evprof_fail(err, EVPROF_ENOMEM, "filters: out of memory");
    }
    int status = filter_tags(view, f, err);
    if (status == EVPROF_OK && f->prune_from != NULL &&
        evprof_pprof_prune_from(view->profile, f->prune_from) != EVPROF_OK) {
        return evprof_fail(err, EVPROF_ENOMEM, "prune_from: out of memory");
    }
    return status;
}

int
evprof_view_filter(evprof_view_t *view, evprof_error_t *err)
{
    filters_t f = { 0 };
    int status = compile_all(view, &f, err);
    if (status == EVPROF_OK) {
        status = apply(view, &f, err);
    }
    filters_free(&f);
    return status;
}

/* Splits `text` at commas in place, empty parts left out. */
static size_t
split_keys(char *text, const char **out)
{
    size_t count = 0;
    for (char *at = text; at != NULL;) {
        char *comma = strchr(at, ',');
        if (comma != NULL) {
            *comma++ = '\0';
        }
        if (at[0] != '\0') {
            out[count++] = at;
        }
        at = comma;
    }
    return count;
}

int
evprof_view_add_tag_frames(evprof_view_t *view, evprof_error_t *err)
{
    const evprof_options_t *o = &view->options;
    if (o->tagroot[0] == '\0' && o->tagleaf[0] == '\0') {
        return EVPROF_OK;
    }
    char *root = strdup(o->tagroot);
    char *leaf = strdup(o->tagleaf);
    const char **keys =
        calloc(strlen(o->tagroot) + strlen(o->tagleaf) + 2, sizeof(*keys));
    int status = EVPROF_ENOMEM;
    evprof_frames_matched_t matched = { 0 };
    if (root != NULL && leaf != NULL && keys != NULL) {
        evprof_tag_frames_t frames = { .root_keys = keys, .unit = o->unit };
        frames.root_count = split_keys(root, keys);
        frames.leaf_keys = keys + frames.root_count;
        frames.leaf_count = split_keys(leaf, keys + frames.root_count);
        status = evprof_pprof_add_tag_frames(view->profile, &frames, &matched);
    }
    free(root);
    free(leaf);
    free(keys);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "tagroot: out of memory");
    }
    warn_unmatched(view, o->tagroot[0] != '\0', matched.root, "tagroot");
    warn_unmatched(view, o->tagleaf[0] != '\0', matched.leaf, "tagleaf");
    return EVPROF_OK;
}
