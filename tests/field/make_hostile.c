/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a profile in which everything that has a name has one that does harm
 * where it is shown raw: escape sequences, newlines that begin a line of their
 * own, a change of the direction of writing, quotes, tags, NULs, and bytes that
 * are no UTF-8 for the old readers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/utf8.h"
#include "core/profile/pprof.h"

static void *
need(void *memory)
{
    if (memory == NULL) {
        fputs("make_hostile: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static const char *
text(evprof_pprof_t *p, const char *s)
{
    return need((void *)(uintptr_t)evprof_strings_intern(&p->strings, s));
}

static const char *const names[] = {
    "plain",
    "red\033[31m\033]0;title\007",
    "two\nFile: forged\nType: forged",
    "left\xe2\x80\xaethgir\xe2\x81\xa6",
    "quote\"] x [image=\"/etc/passwd\" URL=\"javascript:alert(1)\"; }",
    "</title><script>alert(1)</script>&amp;'",
    "nul" EVPROF_UTF8_NUL "inside",
    "tab\there\rback\b\b\x7f\xc2\x9b",
    "]]>--%s%n\\l\\N{x|y}<b>",
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static void
fill_tables(evprof_pprof_t *p)
{
    p->types = need(evprof_arena_calloc(&p->arena, 1, sizeof(*p->types)));
    p->types[p->type_count++] =
        (evprof_value_type_t){ text(p, "co\033st\n"), text(p, "u\"ni\nt") };
    p->mappings = need(evprof_arena_calloc(&p->arena, 1, sizeof(*p->mappings)));
    p->mappings[p->mapping_count++] =
        (evprof_mapping_t){ .id = 1,
                            .start = 0x1000,
                            .limit = 0x9000,
                            .file = text(p, "/bin/pro\033[2Jg\"\nram"),
                            .build_id = text(p, "ab\ncd"),
                            .has_functions = true };
    p->functions = need(
        evprof_arena_calloc(&p->arena, NAME_COUNT, sizeof(*p->functions)));
    p->locations = need(
        evprof_arena_calloc(&p->arena, NAME_COUNT, sizeof(*p->locations)));
    for (size_t i = 0; i < NAME_COUNT; i++) {
        evprof_line_t *line =
            need(evprof_arena_calloc(&p->arena, 1, sizeof(*line)));
        line->function = (uint32_t)i;
        line->line = (int64_t)i + 1;
        p->functions[p->function_count++] = (evprof_function_t){
            .id = i + 1,
            .name = text(p, names[i]),
            .system_name = text(p, names[i]),
            .filename = text(p, names[NAME_COUNT - 1 - i]),
        };
        p->locations[p->location_count++] =
            (evprof_location_t){ .id = i + 1,
                                 .address = 0x1000 + i * 16,
                                 .lines = line,
                                 .line_count = 1,
                                 .mapping = 0 };
    }
}

static void
fill_samples(evprof_pprof_t *p)
{
    p->samples =
        need(evprof_arena_calloc(&p->arena, NAME_COUNT, sizeof(*p->samples)));
    for (uint32_t i = 0; i < NAME_COUNT; i++) {
        evprof_sample_t *s = &p->samples[p->sample_count++];
        s->values = need(evprof_arena_calloc(&p->arena, 1, sizeof(int64_t)));
        s->values[0] = 10 + (int64_t)i;
        s->locations =
            need(evprof_arena_calloc(&p->arena, 2, sizeof(uint32_t)));
        s->locations[0] = i;
        s->locations[1] = 0;
        s->location_count = i == 0 ? 1 : 2;
        s->labels = need(evprof_arena_calloc(&p->arena, 2, sizeof(*s->labels)));
        s->label_count = 2;
        s->labels[0] = (evprof_label_t){ .key = text(p, names[i]),
                                         .text = text(p, names[i]),
                                         .unit = text(p, "") };
        s->labels[1] = (evprof_label_t){ .key = text(p, "bytes"),
                                         .number = 64 << i,
                                         .unit = text(p, "by\033tes") };
    }
}

int
main(void)
{
    evprof_pprof_t *p = need(evprof_pprof_new());
    evprof_writer_t out = evprof_writer_file(stdout);
    fill_tables(p);
    fill_samples(p);
    p->comments = need(evprof_arena_calloc(&p->arena, 1, sizeof(*p->comments)));
    p->comments[p->comment_count++] = text(p, "com\033ment\nFile: forged");
    p->doc_url = text(p, "javascript:alert(1)\n\033[1m");
    int status = evprof_pprof_encode(p, 0, &out, NULL);
    evprof_pprof_free(p);
    return status == EVPROF_OK && fflush(stdout) == 0 ? 0 : 1;
}
