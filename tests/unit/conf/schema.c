/* SPDX-License-Identifier: Apache-2.0 */
/* A small schema of the tests' own, and files to load with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "tests/unit/conf/tests.h"

#define FOLDER "/tmp/evprof-conf-XXXXXX"

static const char *const unwinders[] = { "auto", "fp", "libunwind", NULL };

#define FIELD(type, field) .offset = offsetof(type, field)
#define ONE .min_args = 1, .max_args = 1

static const char *
set_odd(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    test_cpu_conf_t *cpu = conf;
    (void)d;
    cpu->odd = evprof_conf_strdup(cf, evprof_conf_arg(cf, 0));
    return cpu->odd == NULL ? "is out of memory" : NULL;
}

static const evprof_directive_t cpu_directives[] = {
    { .name = "rate",
      .args = "HZ",
      .help = "how often",
      .by_default = "100",
      ONE,
      FIELD(test_cpu_conf_t, rate),
      .min = 1,
      .max = 1000,
      .set = evprof_set_number },
    { .name = "unwinder",
      .args = "NAME",
      .help = "how",
      .by_default = "auto",
      ONE,
      FIELD(test_cpu_conf_t, unwinder),
      .data = unwinders,
      .set = evprof_set_choice },
    { .name = "interval",
      .args = "TIME",
      .help = "when",
      .by_default = "10us",
      ONE,
      FIELD(test_cpu_conf_t, interval_ns),
      .min = 1000,
      .max = 3600000000000,
      .set = evprof_set_time_ns },
    { .name = "room",
      .args = "SIZE",
      .help = "where",
      .by_default = "512k",
      ONE,
      FIELD(test_cpu_conf_t, room_bytes),
      .min = 1024,
      .max = 1 << 30,
      .set = evprof_set_size },
    { .name = "deep",
      .args = "on|off",
      .help = "whether",
      .by_default = "off",
      ONE,
      FIELD(test_cpu_conf_t, deep),
      .set = evprof_set_flag },
    { .name = "title",
      .args = "TEXT",
      .help = "what",
      ONE,
      FIELD(test_cpu_conf_t, title),
      .set = evprof_set_string },
    { .name = "file",
      .args = "FILE",
      .help = "which",
      ONE,
      FIELD(test_cpu_conf_t, file),
      .set = evprof_set_path },
    { .name = "odd",
      .args = "WORD",
      .help = "names no offset",
      .by_default = "even",
      .min_args = 1,
      .max_args = 1,
      .set = set_odd },
    EVPROF_DIRECTIVE_END
};

static const evprof_module_t cpu = { .abi = EVPROF_MODULE_ABI,
                                     .name = "cpu",
                                     .summary = "where time goes",
                                     .directives = cpu_directives,
                                     .conf_size = sizeof(test_cpu_conf_t) };
static const evprof_module_t heap = { .abi = EVPROF_MODULE_ABI,
                                      .name = "heap",
                                      .summary = "where memory is" };
static const evprof_module_t *const modules[] = { &cpu, &heap, NULL };

static const char *
set_rule(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    char *seen = ((test_rules_conf_t *)conf)->seen;
    const char *word = evprof_conf_arg(cf, 0);
    if (strlen(seen) + strlen(word) + 2 > 64) {
        return "is one too many";
    }
    strcat(seen, strcmp(d->name, "plus") == 0 ? "+" : "-");
    strcat(seen, word);
    return NULL;
}

static const evprof_directive_t rules_directives[] = {
    { .name = "plus",
      .args = "WORD",
      .help = "adds",
      ONE,
      FIELD(test_rules_conf_t, seen),
      .flags = EVPROF_DIRECTIVE_MANY,
      .set = set_rule },
    { .name = "minus",
      .args = "WORD",
      .help = "takes",
      ONE,
      FIELD(test_rules_conf_t, seen),
      .flags = EVPROF_DIRECTIVE_MANY,
      .set = set_rule },
    { .name = "half",
      .args = "TEXT",
      .help = "needs plus",
      ONE,
      FIELD(test_rules_conf_t, half),
      .set = evprof_set_string },
    { .name = "wants",
      .args = "NAME",
      .help = "needs the directive of that name",
      ONE,
      FIELD(test_rules_conf_t, wants),
      .set = evprof_set_string },
    EVPROF_DIRECTIVE_END
};

static const char *
finish_rules(evprof_conf_t *cf, void *conf, const char **culprit)
{
    const test_rules_conf_t *rules = conf;
    (void)cf;
    if (rules->wants != NULL) {
        *culprit = rules->wants;
        return "is wanted";
    }
    *culprit = "half";
    return rules->half != NULL && rules->seen[0] == '\0'
               ? "needs \"plus\" as well"
               : NULL;
}

const evprof_section_t test_rules_section = {
    .name = "rules",
    .contexts = EVPROF_CONTEXT_PPROF | EVPROF_CONTEXT_PROFILE,
    .directives = rules_directives,
    .conf_size = sizeof(test_rules_conf_t),
    .finish = finish_rules,
};

static const evprof_section_t *const sections[] = { &test_rules_section, NULL };

const evprof_schema_t test_schema = { .modules = modules,
                                      .sections = sections };

evprof_config_t *
test_load(const char *text)
{
    char *folder = test_folder();
    evprof_config_t *config = test_load_in(folder, text);
    test_folder_remove(folder);
    return config;
}

evprof_config_t *
test_load_in(const char *folder, const char *text)
{
    evprof_error_t err = { 0 };
    evprof_config_t *config = NULL;
    char *path = test_path(folder, "t");
    test_write_file(folder, "t", text, strlen(text));
    if (evprof_config_load(path, &test_schema, &config, &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    free(path);
    return config;
}

char *
test_folder(void)
{
    char *folder = strdup(FOLDER);
    assert_non_null(mkdtemp(folder));
    return folder;
}

void
test_folder_remove(char *folder)
{
    evprof_buf_t command = { 0 };
    evprof_buf_printf(&command, "rm -rf '%s'", folder);
    assert_int_equal(system(command.data), 0);
    evprof_buf_free(&command);
    free(folder);
}

char *
test_path(const char *folder, const char *name)
{
    evprof_buf_t path = { 0 };
    evprof_buf_printf(&path, "%s/%s", folder, name);
    return path.data;
}

void
test_write_file(const char *folder, const char *name, const char *text,
                size_t len)
{
    char *path = test_path(folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    free(path);
}

char *
test_without_folders(const char *text)
{
    static const char folder[] = FOLDER;
    size_t fixed = strlen(folder) - strlen("XXXXXX");
    evprof_buf_t out = { 0 };
    for (const char *hit; (hit = strchr(text, folder[0])) != NULL;) {
        bool is_folder = strncmp(hit, folder, fixed) == 0;
        evprof_buf_add(&out, text, (size_t)(hit - text) + !is_folder);
        text = hit + (is_folder ? sizeof(folder) : 1);
    }
    evprof_buf_puts(&out, text);
    return out.data;
}

char *
test_problems(const char *text)
{
    char *folder = test_folder();
    test_write_file(folder, "t", text, strlen(text));
    char *path = test_path(folder, "t");
    evprof_buf_t lines = { 0 };
    evprof_writer_t out = evprof_writer_buf(&lines);
    evprof_config_check(path, &test_schema, &out, NULL);
    char *result = test_without_folders(
        lines.failed || lines.data == NULL ? "" : lines.data);
    evprof_buf_free(&lines);
    free(path);
    test_folder_remove(folder);
    return result;
}

void
test_expect(const char *text, const char *expected)
{
    char *problems = test_problems(text);
    assert_string_equal(problems == NULL ? "" : problems, expected);
    free(problems);
}
