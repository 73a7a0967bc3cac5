/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two texts made from the tables of directives: the effective
 * configuration, which is itself a configuration file that gives the same
 * values, and the reference of every directive. Nothing else lists directives,
 * so neither text can be out of date.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/conf/block.h"

/* The column of the comment with the origin, if the line is short enough. */
#define ORIGIN_COLUMN 44

static const char *
indent_of(enum evprof_context context)
{
    switch (context) {
    case EVPROF_CONTEXT_MAIN:
        return "";
    case EVPROF_CONTEXT_PROFILE:
        return "        ";
    default:
        return "    ";
    }
}

/* Writes a word in a form that the lexer reads back. */
static void
add_word(evprof_buf_t *out, const char *text)
{
    if (text[0] != '\0' && text[0] != '#' &&
        strpbrk(text, " \t\r\n;{}\"'\\") == NULL) {
        evprof_buf_puts(out, text);
        return;
    }
    evprof_buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        static const char from[] = "\t\r\n\"\\";
        static const char to[] = "trn\"\\";
        const char *special = strchr(from, *text);
        if (special != NULL) {
            evprof_buf_putc(out, '\\');
            evprof_buf_putc(out, to[special - from]);
        } else {
            evprof_buf_putc(out, *text);
        }
    }
    evprof_buf_putc(out, '"');
}

static void
add_statement(evprof_buf_t *out, const evprof_statement_t *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        evprof_buf_puts(out, i == 0 ? "" : " ");
        add_word(out, s->words[i].text);
    }
}

static void
add_origin(evprof_buf_t *out, size_t line_start, enum evprof_origin origin,
           const evprof_place_t *place)
{
    do {
        evprof_buf_putc(out, ' ');
    } while (out->len - line_start < ORIGIN_COLUMN && !out->failed);
    if (origin == EVPROF_ORIGIN_DEFAULT) {
        evprof_buf_puts(out, "# default\n");
        return;
    }
    evprof_buf_printf(out, "# %s:%u\n",
                      place->file == NULL ? "text" : place->file, place->line);
}

static bool
is_shadowed(const evprof_block_t *block, const evprof_slot_t *slot)
{
    for (const evprof_slot_t *s = block->slots; s != slot; s++) {
        if (strcmp(s->directive->name, slot->directive->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a slot is written. A value that a profile inherits from pprof is only
 * written in pprof. */
static bool
is_shown(const evprof_block_t *block, const evprof_slot_t *slot)
{
    if (slot->first == NULL || is_shadowed(block, slot)) {
        return false;
    }
    return block->context != EVPROF_CONTEXT_PROFILE ||
           block->fills[slot->fill].section == NULL ||
           slot->origin == EVPROF_ORIGIN_FILE;
}

static void
add_line(evprof_buf_t *out, const evprof_block_t *block,
         enum evprof_origin origin, const evprof_statement_t *s)
{
    size_t start = out->len;
    evprof_buf_puts(out, indent_of(block->context));
    add_statement(out, s);
    if (s->has_block) {
        evprof_buf_puts(out, " {");
        for (const evprof_statement_t *c = s->children; c != NULL;
             c = c->next) {
            evprof_buf_putc(out, ' ');
            add_statement(out, c);
            evprof_buf_putc(out, ';');
        }
        evprof_buf_puts(out, " }");
    } else {
        evprof_buf_putc(out, ';');
    }
    add_origin(out, start, origin, &s->place);
}

static bool
is_set_in_file(const evprof_block_t *block, const evprof_statement_t *s)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        if (block->slots[i].origin == EVPROF_ORIGIN_FILE &&
            strcmp(block->slots[i].directive->name, s->words[0].text) == 0) {
            return true;
        }
    }
    return false;
}

/* Writes the file's own statements in their order, which matters for `allow`
 * and `deny`. */
static void
add_block(evprof_buf_t *out, const evprof_block_t *block)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        const evprof_slot_t *slot = &block->slots[i];
        if (is_shown(block, slot) && slot->origin != EVPROF_ORIGIN_FILE) {
            add_line(out, block, slot->origin, slot->first);
        }
    }
    for (const evprof_statement_t *s = block->statements; s != NULL;
         s = s->next) {
        if (is_set_in_file(block, s)) {
            add_line(out, block, EVPROF_ORIGIN_FILE, s);
        }
    }
}

static bool
shows_nothing(const evprof_block_t *block)
{
    for (size_t i = 0; i < block->slot_count; i++) {
        if (is_shown(block, &block->slots[i])) {
            return false;
        }
    }
    return true;
}

static void
add_profile(evprof_buf_t *out, const evprof_profile_block_t *profile)
{
    size_t start = out->len;
    bool is_empty = shows_nothing(&profile->block);
    evprof_buf_puts(out, indent_of(EVPROF_CONTEXT_PPROF));
    evprof_buf_puts(out, "profile ");
    add_word(out, profile->conf.module->name);
    evprof_buf_printf(out, " %s%s", profile->conf.is_enabled ? "on" : "off",
                      is_empty ? ";" : " {");
    add_origin(out, start,
               profile->statement == NULL ? EVPROF_ORIGIN_DEFAULT
                                          : EVPROF_ORIGIN_FILE,
               &profile->block.place);
    if (!is_empty) {
        add_block(out, &profile->block);
        evprof_buf_printf(out, "%s}\n", indent_of(EVPROF_CONTEXT_PPROF));
    }
}

/* Writes a block other than pprof, if the file has it. */
static void
add_plain(evprof_buf_t *out, const char *word, const evprof_block_t *block)
{
    if (block->said != NULL) {
        evprof_buf_printf(out, "%s {\n", word);
        add_block(out, block);
        evprof_buf_puts(out, "}\n");
    }
}

int
evprof_config_dump(const evprof_config_t *config, const evprof_writer_t *out)
{
    evprof_buf_t text = { 0 };
    add_block(&text, &config->main);
    evprof_buf_puts(&text, "pprof {\n");
    add_block(&text, &config->outer[EVPROF_OUTER_PPROF]);
    for (size_t i = 0; i < config->module_count; i++) {
        add_profile(&text, &config->profiles[i]);
    }
    evprof_buf_puts(&text, "}\n");
    add_plain(&text, "push", &config->outer[EVPROF_OUTER_PUSH]);
    add_plain(&text, "watch", &config->outer[EVPROF_OUTER_WATCH]);
    int status = evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return status;
}

/* ---- The reference ---- */

#define WIDTH 76

/* Writes a comment, wrapped between words. */
static void
add_comment(evprof_buf_t *out, const char *indent, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (column == 0 || column + 1 + len > WIDTH) {
            evprof_buf_printf(out, "%s%s#    ", column == 0 ? "" : "\n",
                              indent);
            column = strlen(indent) + 5;
        }
        evprof_buf_putc(out, ' ');
        evprof_buf_add(out, text, len);
        column += 1 + len;
        text += len;
        text += strspn(text, " ");
    }
    evprof_buf_putc(out, '\n');
}

static void
add_directive(evprof_buf_t *out, const char *indent,
              const evprof_directive_t *d)
{
    evprof_buf_printf(out, "\n%s# %s %s;\n", indent, d->name, d->args);
    add_comment(out, indent, d->help);
    if (d->by_default != NULL) {
        evprof_buf_printf(out, "%s%s %s;\n", indent, d->name, d->by_default);
    }
}

typedef struct reference {
    evprof_buf_t *out;
    enum evprof_context context;
} reference_t;

static void
add_section(void *ctx, const evprof_section_t *section)
{
    reference_t *reference = ctx;
    if ((section->contexts & reference->context) == 0) {
        return;
    }
    for (const evprof_directive_t *d = section->directives; d->name != NULL;
         d++) {
        add_directive(reference->out, indent_of(reference->context), d);
    }
}

static void
add_sections(evprof_buf_t *out, const evprof_schema_t *schema,
             enum evprof_context context)
{
    reference_t reference = { .out = out, .context = context };
    evprof_schema_each(schema, add_section, &reference);
}

static void
name_shared(void *ctx, const evprof_section_t *section)
{
    evprof_buf_t *names = ctx;
    if (section->contexts != (EVPROF_CONTEXT_PPROF | EVPROF_CONTEXT_PROFILE)) {
        return;
    }
    for (const evprof_directive_t *d = section->directives; d->name != NULL;
         d++) {
        evprof_buf_printf(names, "%s%s", names->len == 0 ? "" : ", ", d->name);
    }
}

/* Writes which directives of pprof a profile's block may also set. */
static void
add_shared(evprof_buf_t *out, const evprof_schema_t *schema)
{
    evprof_buf_t names = { 0 };
    evprof_buf_t text = { 0 };
    evprof_schema_each(schema, name_shared, &names);
    evprof_buf_printf(&text,
                      "Each profile is switched on or off, or given a block. "
                      "Its block may also set, for this profile alone: %s.",
                      names.data == NULL ? "" : names.data);
    evprof_buf_puts(out, "\n    # profile NAME on|off; or profile NAME { ... }"
                         "\n");
    add_comment(out, "    ", text.data == NULL ? "" : text.data);
    evprof_buf_free(&names);
    evprof_buf_free(&text);
}

static void
add_module(evprof_buf_t *out, const evprof_module_t *module)
{
    const evprof_directive_t *d = module->directives;
    evprof_buf_puts(out, "\n");
    add_comment(out, "    ", module->summary);
    if (d == NULL || d->name == NULL) {
        evprof_buf_printf(out, "    profile %s on;\n", module->name);
        return;
    }
    evprof_buf_printf(out, "    profile %s {", module->name);
    for (; d->name != NULL; d++) {
        add_directive(out, indent_of(EVPROF_CONTEXT_PROFILE), d);
    }
    evprof_buf_puts(out, "    }\n");
}

int
evprof_config_reference(const evprof_schema_t *schema,
                        const evprof_writer_t *out)
{
    evprof_buf_t text = { 0 };
    evprof_buf_puts(&text,
                    "# Every directive: how it is written, what it does, and "
                    "its default, where it\n# has one. `include FILE;` reads "
                    "another file, or all files of a pattern, in\n# its "
                    "place.\n");
    add_sections(&text, schema, EVPROF_CONTEXT_MAIN);
    evprof_buf_puts(&text, "\npprof {");
    add_sections(&text, schema, EVPROF_CONTEXT_PPROF);
    add_shared(&text, schema);
    for (size_t i = 0; schema->modules[i] != NULL; i++) {
        add_module(&text, schema->modules[i]);
    }
    evprof_buf_puts(&text, "}\n");
    evprof_buf_puts(&text, "\npush {");
    add_sections(&text, schema, EVPROF_CONTEXT_PUSH);
    evprof_buf_puts(&text, "}\n\nwatch {");
    add_sections(&text, schema, EVPROF_CONTEXT_WATCH);
    evprof_buf_puts(&text, "}\n");
    int status = evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return status;
}
