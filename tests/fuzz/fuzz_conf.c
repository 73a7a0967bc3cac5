/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole loader, from a file to a configuration: any bytes give one or the
 * other end, memory stays bounded, and what was loaded is written to a file
 * that loads to the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/access/access.h"
#include "core/base/buf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/memory_file.h"

typedef struct demo_conf {
    long rate;
    long long interval_ns;
    long long room_bytes;
    const char *title;
} demo_conf_t;

static const evprof_directive_t directives[] = {
    { .name = "rate",
      .args = "HZ",
      .help = "how often",
      .by_default = "100",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(demo_conf_t, rate),
      .min = 1,
      .max = 1000,
      .set = evprof_set_number },
    { .name = "interval",
      .args = "TIME",
      .help = "when",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(demo_conf_t, interval_ns),
      .set = evprof_set_time_ns },
    { .name = "room",
      .args = "SIZE",
      .help = "where",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(demo_conf_t, room_bytes),
      .set = evprof_set_size },
    { .name = "title",
      .args = "TEXT",
      .help = "what",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(demo_conf_t, title),
      .set = evprof_set_string },
    EVPROF_DIRECTIVE_END
};

static const evprof_module_t cpu = { .abi = EVPROF_MODULE_ABI,
                                     .name = "cpu",
                                     .summary = "an example",
                                     .directives = directives,
                                     .conf_size = sizeof(demo_conf_t) };
static const evprof_module_t *const modules[] = { &cpu, NULL };
static const evprof_section_t *const sections[] = { &evprof_access_section,
                                                    NULL };
static const evprof_schema_t schema = { .modules = modules,
                                        .sections = sections };

/* The dump of a text's configuration; it must load, as a dump itself. */
static void
dump_again(const evprof_buf_t *text, evprof_buf_t *out)
{
    evprof_config_t *config = NULL;
    evprof_error_t err;
    evprof_writer_t writer = evprof_writer_buf(out);
    char path[MEMORY_FILE_PATH];
    int fd = memory_file(text->data, text->len, path);
    if (evprof_config_load(path, &schema, &config, &err) != EVPROF_OK) {
        fprintf(stderr, "%s\n%s", err.message, text->data);
        abort();
    }
    if (evprof_config_dump(config, &writer) != EVPROF_OK) {
        abort();
    }
    evprof_config_unref(config);
    close(fd);
}

static void
check_round_trip(const evprof_config_t *config)
{
    evprof_buf_t dumps[3] = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&dumps[0]);
    if (evprof_config_dump(config, &writer) != EVPROF_OK) {
        abort();
    }
    dump_again(&dumps[0], &dumps[1]);
    dump_again(&dumps[1], &dumps[2]);
    if (strcmp(dumps[1].data, dumps[2].data) != 0) {
        abort();
    }
    for (size_t i = 0; i < 3; i++) {
        evprof_buf_free(&dumps[i]);
    }
}

/* Every problem is one line that begins with the file. */
static void
check_problems(const char *path, const evprof_buf_t *lines)
{
    const char *line = lines->data;
    while (line != NULL && *line != '\0') {
        if (strncmp(line, path, strlen(path)) != 0 &&
            strncmp(line, "and ", 4) != 0 && strchr(line, ':') == NULL) {
            abort();
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[MEMORY_FILE_PATH];
    int fd = memory_file(data, len, path);
    evprof_buf_t lines = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&lines);
    evprof_error_t err;
    evprof_config_t *config = NULL;
    int checked = evprof_config_check(path, &schema, &writer, &err);
    int loaded = evprof_config_load(path, &schema, &config, &err);
    if (checked != loaded || (loaded == EVPROF_OK) != (config != NULL)) {
        abort();
    }
    check_problems(path, &lines);
    if (config != NULL) {
        check_round_trip(config);
    }
    evprof_config_unref(config);
    evprof_buf_free(&lines);
    close(fd);
    return 0;
}
