/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus' file_sd format, so that the list of targets that a fleet keeps
 * for its scraper serves the tool as well:
 *
 *     [{"targets": ["a:8080", "b:8080"], "labels": {"service_name": "shop"}}]
 *
 * As with scrapers, __scheme__ and __profile_path__ say how a target is
 * reached, other labels that begin with two underscores are dropped, and
 * `instance` is the target unless the file gives one.
 */
#include "adapters/fetch/file_sd.h"

#include <jansson.h>
#include <string.h>

#include "core/base/error.h"

typedef struct reader {
    const char *path;
    evprof_arena_t *arena;
    evprof_source_line_t *lines;
    size_t count;
    evprof_error_t *err;
} reader_t;

bool
evprof_file_sd_is(const char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    if (*text != '[') {
        return false;
    }
    text++;
    text += strspn(text, blanks);
    return *text == '{' || *text == ']';
}

static int
fail_memory(reader_t *r)
{
    return evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
}

static const char *
copy(reader_t *r, const char *text)
{
    return evprof_arena_strndup(r->arena, text, strlen(text));
}

static int
add_label(reader_t *r, evprof_source_line_t *line, const char *key,
          const char *value)
{
    evprof_source_label_t *label =
        evprof_arena_calloc(r->arena, 1, sizeof(*label));
    if (label == NULL) {
        return fail_memory(r);
    }
    label->key = copy(r, key);
    label->value = copy(r, value);
    label->next = line->labels;
    line->labels = label;
    return label->key == NULL || label->value == NULL ? fail_memory(r)
                                                      : EVPROF_OK;
}

/* The value of label `key`, or `otherwise`. */
static const char *
label_or(const json_t *labels, const char *key, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(labels, key));
    return value == NULL ? otherwise : value;
}

static int
set_address(reader_t *r, evprof_source_line_t *line, const char *target,
            const json_t *labels)
{
    const char *scheme = label_or(labels, "__scheme__", "http");
    const char *path = label_or(labels, "__profile_path__", "");
    size_t size = strlen(scheme) + strlen(target) + strlen(path) + 4;
    char *url = evprof_arena_calloc(r->arena, 1, size);
    if (url == NULL) {
        return fail_memory(r);
    }
    char *end = stpcpy(stpcpy(stpcpy(url, scheme), "://"), target);
    stpcpy(end, path);
    line->source.url = url;
    return EVPROF_OK;
}

static int
add_target(reader_t *r, const char *target, json_t *labels)
{
    const char *key;
    json_t *value;
    evprof_source_line_t *line = &r->lines[r->count];
    int status = set_address(r, line, target, labels);
    if (status == EVPROF_OK && json_object_get(labels, "instance") == NULL) {
        status = add_label(r, line, "instance", target);
    }
    json_object_foreach(labels, key, value)
    {
        if (!json_is_string(value)) {
            return evprof_fail(r->err, EVPROF_EPARSE,
                               "%s: label %s of %s is not text", r->path, key,
                               target);
        }
        if (status == EVPROF_OK && strncmp(key, "__", 2) != 0) {
            status = add_label(r, line, key, json_string_value(value));
        }
    }
    r->count += status == EVPROF_OK;
    return status;
}

static int
add_group(reader_t *r, size_t at, json_t *group)
{
    size_t i;
    json_t *target;
    json_t *targets = json_object_get(group, "targets");
    json_t *labels = json_object_get(group, "labels");
    if (!json_is_array(targets) ||
        (labels != NULL && !json_is_object(labels))) {
        return evprof_fail(r->err, EVPROF_EPARSE,
                           "%s: group %zu is not {\"targets\": [...], "
                           "\"labels\": {...}}",
                           r->path, at + 1);
    }
    json_array_foreach(targets, i, target)
    {
        if (!json_is_string(target)) {
            return evprof_fail(r->err, EVPROF_EPARSE,
                               "%s: target %zu of group %zu is not text",
                               r->path, i + 1, at + 1);
        }
        int status = add_target(r, json_string_value(target), labels);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

static int
add_groups(reader_t *r, json_t *groups)
{
    size_t total = 0;
    size_t i;
    json_t *group;
    json_array_foreach(groups, i, group)
    {
        total += json_array_size(json_object_get(group, "targets"));
    }
    r->lines = evprof_arena_calloc(r->arena, total + 1, sizeof(*r->lines));
    if (r->lines == NULL) {
        return fail_memory(r);
    }
    json_array_foreach(groups, i, group)
    {
        int status = add_group(r, i, group);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

int
evprof_file_sd_read(const char *path, const char *text, evprof_arena_t *arena,
                    evprof_source_line_t **out, size_t *count,
                    evprof_error_t *err)
{
    reader_t r = { .path = path, .arena = arena, .err = err };
    json_error_t wrong;
    json_t *groups = json_loads(text, JSON_REJECT_DUPLICATES, &wrong);
    if (groups == NULL) {
        return evprof_fail(err, EVPROF_EPARSE, "%s:%d: %s", path, wrong.line,
                           wrong.text);
    }
    int status = add_groups(&r, groups);
    json_decref(groups);
    *out = r.lines;
    *count = r.count;
    return status;
}
