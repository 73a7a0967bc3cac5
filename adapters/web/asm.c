/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine code of function= with the weight of each instruction, in
 * columns. For a function that was inlined everywhere it is the code of the
 * functions it was inlined into.
 */
#include "adapters/web/call.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/report/annotated.h"

#define MAX_ROUTINES 20

static const evprof_report_t asm_report = {
    .name = "asm",
    .summary = "",
    .flags = EVPROF_REPORT_PARAM | EVPROF_REPORT_ADDRESSES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS,
    .suffix = "",
};

/* Appends a regular expression that matches that name only. */
static void
put_pattern(evprof_buf_t *out, const char *name)
{
    evprof_buf_putc(out, '^');
    for (; *name != '\0'; name++) {
        if (strchr("\\^$.*+?()[]{}|", *name) != NULL) {
            evprof_buf_putc(out, '\\');
        }
        evprof_buf_putc(out, *name);
    }
    evprof_buf_putc(out, '$');
}

/* ---- The source of an instruction ---- */

typedef struct origin {
    const char *function;
    const char *file;
    int64_t line;
} origin_t;

static origin_t
origin_of(const evprof_view_t *view, const evprof_assembly_line_t *line)
{
    const evprof_symbol_t *known = line->instruction->places;
    if (known != NULL && known->frames[0].line != 0) {
        const evprof_symbol_frame_t *frame = &known->frames[0];
        return (origin_t){ frame->function->name, frame->function->file,
                           frame->line };
    }
    const evprof_pprof_t *p = evprof_view_profile(view);
    const evprof_location_t *l = line->location;
    if (l != NULL && l->line_count > 0 &&
        l->lines[0].function != EVPROF_NO_INDEX) {
        const evprof_function_t *f = &p->functions[l->lines[0].function];
        return (origin_t){ f->name, f->filename, l->lines[0].line };
    }
    return (origin_t){ "", "", 0 };
}

static void
put_instruction(evprof_buf_t *out, const evprof_view_t *view,
                const evprof_assembly_line_t *line, bool is_hot)
{
    origin_t from = origin_of(view, line);
    evprof_buf_printf(out, "[\"%llx\",%lld,%lld,",
                      (unsigned long long)line->instruction->vaddr,
                      (long long)line->flat, (long long)line->cum);
    evprof_json_string(out, line->instruction->text);
    evprof_buf_putc(out, ',');
    evprof_json_string(out, from.function);
    evprof_buf_putc(out, ',');
    evprof_json_string(out, from.file);
    evprof_buf_printf(out, ",%lld,%d]", (long long)from.line, is_hot);
}

static void
put_routine(evprof_buf_t *out, const evprof_view_t *view,
            const evprof_disassembly_t *routine)
{
    uint64_t first = 1;
    uint64_t last = 0;
    evprof_hot_loop(routine, &first, &last);
    evprof_buf_putc(out, '{');
    evprof_json_member(out, "name", routine->name);
    evprof_buf_printf(out, ",\"flat\":%lld,\"cum\":%lld,",
                      (long long)routine->flat, (long long)routine->cum);
    evprof_json_member(out, "problem",
                       routine->problem != NULL ? routine->problem : "");
    evprof_buf_puts(out, ",\"code\":[");
    for (size_t i = 0; i < routine->line_count; i++) {
        uint64_t vaddr = routine->lines[i].instruction->vaddr;
        evprof_buf_puts(out, i > 0 ? ",\n" : "");
        put_instruction(out, view, &routine->lines[i],
                        vaddr >= first && vaddr <= last);
    }
    evprof_buf_puts(out, "]}");
}

static int
put_routines(evprof_buf_t *out, evprof_view_t *view, evprof_error_t *err)
{
    evprof_assemblies_t *all;
    int status = evprof_assemblies_read(view, EVPROF_MATCH_SYMBOLS, &all, err);
    if (status == EVPROF_ENOENT) {
        status = evprof_assemblies_read(view, EVPROF_MATCH_FRAMES, &all, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    size_t count;
    const evprof_disassembly_t *items = evprof_assemblies_items(all, &count);
    const char *name = evprof_assemblies_disassembler(all);
    evprof_buf_putc(out, '{');
    evprof_json_member(out, "disassembler", name != NULL ? name : "");
    evprof_buf_puts(out, ",\"routines\":[");
    for (size_t i = 0; i < count && i < MAX_ROUTINES; i++) {
        evprof_buf_puts(out, i > 0 ? ",\n" : "");
        put_routine(out, view, &items[i]);
    }
    evprof_buf_puts(out, "]");
    evprof_assemblies_free(all);
    return EVPROF_OK;
}

/* Collects remarks, which say why there is no code. */
static void
add_line(void *ctx, const char *line)
{
    evprof_buf_t *notes = ctx;
    evprof_buf_printf(notes, "%s%s", notes->len > 0 ? "; " : "", line);
}

static int
put_code(evprof_web_call_t *call, const evprof_seen_t *seen,
         const char *pattern, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_buf_t notes = { 0 };
    const evprof_notice_t notice = { .say = add_line, .ctx = &notes };
    const evprof_request_t request = {
        .report = &asm_report,
        .notice = &notice,
        .param = pattern,
        .options = &call->options,
        .code = evprof_site_setup(call->site)->hooks.code,
    };
    evprof_pprof_t *copy = evprof_pprof_copy(seen->profile);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    evprof_view_t *view;
    int status = evprof_view_new(copy, &request, &view, err);
    if (status == EVPROF_OK) {
        status = put_routines(out, view, err);
        evprof_view_free(view);
    }
    if (status == EVPROF_OK) {
        evprof_buf_putc(out, ',');
        evprof_json_member(out, "note", notes.len > 0 ? notes.data : "");
        evprof_buf_puts(out, "}\n");
    } else if (notes.len > 0 && !notes.failed) {
        evprof_fail(err, status, "%s", notes.data);
    }
    evprof_buf_free(&notes);
    evprof_pprof_free(copy);
    return status;
}

int
evprof_web_asm(evprof_web_call_t *call, evprof_buf_t *out, evprof_error_t *err)
{
    const char *name = evprof_param(&call->params, "function");
    if (name == NULL || evprof_site_setup(call->site)->hooks.code == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "machine code is not shown here");
    }
    const evprof_seen_t *seen;
    evprof_buf_t pattern = { 0 };
    put_pattern(&pattern, name);
    int status = evprof_web_stacks(call, &seen, err);
    if (status == EVPROF_OK) {
        status = pattern.failed
                     ? evprof_fail(err, EVPROF_ENOMEM, "out of memory")
                     : put_code(call, seen, pattern.data, out, err);
    }
    evprof_buf_free(&pattern);
    return status;
}
