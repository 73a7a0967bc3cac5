/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libiberty demangles, core/base/plain_name.h shortens. A name that is not
 * mangled but looks like demangled C++ is shortened too, since some writers of
 * profiles demangle.
 */
#include "core/symbol/readable.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/plain_name.h"

/* Demanglers use stack in proportion to the length of the name. */
#define MAX_NAME_LEN ((size_t)8192)

static unsigned
parts_to_drop(const evprof_readable_how_t *how, bool is_rust)
{
    unsigned drop = 0;
    if (is_rust) {
        /* In Rust's names parentheses enclose types, not parameters. */
        return how->form != EVPROF_READABLE_PLAIN ? 0
               : how->is_strict                   ? EVPROF_NAME_EMPTY_TEMPLATES
                                                  : EVPROF_NAME_DROP_TEMPLATES;
    }
    if (how->form == EVPROF_READABLE_PLAIN ||
        how->form == EVPROF_READABLE_TEMPLATES) {
        drop |= EVPROF_NAME_DROP_PARAMS;
        drop |= how->is_strict ? EVPROF_NAME_EMPTY_SCOPES
                               : EVPROF_NAME_DROP_LAMBDA_PARAMS;
    }
    if (how->form == EVPROF_READABLE_PLAIN) {
        drop |= EVPROF_NAME_DROP_TEMPLATES;
    }
    return drop;
}

/* The demangled form of `len` bytes, to be freed; NULL: they are not
 * mangled. */
static char *
demangle(const char *name, size_t len, const evprof_readable_how_t *how)
{
    bool is_full = how->form == EVPROF_READABLE_FULL;
    bool is_mangled = len > 2 && name[0] == '_' &&
                      (name[1] == 'Z' || name[1] == 'R' || name[1] == '_');
    if (!is_mangled || len >= MAX_NAME_LEN) {
        return NULL;
    }
    char *copy = strndup(name, len);
    if (copy == NULL) {
        return NULL;
    }
    int style = DMGL_AUTO | (is_full ? DMGL_PARAMS | DMGL_ANSI : 0);
    char *decoded = cplus_demangle(copy, style);
    if (decoded == NULL && name[1] == '_') {
        /* Some systems prefix every name with one more underscore. */
        decoded = cplus_demangle(copy + 1, style);
    }
    free(copy);
    return decoded;
}

/* Whether the name is in Rust's legacy mangling, which ends in "17h" and a hash
 * of sixteen digits. Its type arguments are in the path and are kept, as in
 * pprof. */
static bool
is_rust_path(const char *name, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const size_t tail = 20;
    return len > tail && name[len - 1] == 'E' &&
           strncmp(name + len - tail, "17h", 3) == 0 &&
           strspn(name + len - tail + 3, digits) == 16;
}

/* Names of Java and Go have such brackets too, and are left alone. */
static bool
looks_demangled(const char *name)
{
    if (strstr(name, ".<") != NULL || strstr(name, "]).") != NULL) {
        return false;
    }
    return strpbrk(name, "<>[]") != NULL || strstr(name, "::") != NULL;
}

/* Appends `text` without what the two brackets enclose, whatever it means, as
 * pprof does; appends all of it when the brackets do not match. */
static void
put_without(evprof_buf_t *out, const char *text, char open, char close)
{
    size_t before = out->len;
    size_t depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == close && depth == 0) {
            break;
        }
        depth += *at == open;
        if (depth == 0) {
            evprof_buf_putc(out, *at);
        }
        depth -= *at == close;
        if (at[1] == '\0' && depth == 0) {
            return;
        }
    }
    if (!out->failed && out->data != NULL) {
        out->len = before;
    }
    evprof_buf_puts(out, text);
}

static void
put_strictly(evprof_buf_t *out, const char *name,
             const evprof_readable_how_t *how)
{
    evprof_buf_t first = { 0 };
    if (how->form == EVPROF_READABLE_FULL) {
        evprof_buf_puts(out, name);
        return;
    }
    put_without(&first, name, '(', ')');
    if (first.failed || first.data == NULL) {
        evprof_buf_puts(out, name);
    } else if (how->form == EVPROF_READABLE_TEMPLATES) {
        evprof_buf_puts(out, first.data);
    } else {
        put_without(out, first.data, '<', '>');
    }
    evprof_buf_free(&first);
}

/* The length of the name without "@plt" or a symbol version, "@@GLIBC_2.34". */
static size_t
bare_len(const char *name)
{
    size_t len = strlen(name);
    const char *version = strstr(name, "@@");
    if (version != NULL) {
        return (size_t)(version - name);
    }
    return len > 4 && strcmp(name + len - 4, "@plt") == 0 ? len - 4 : len;
}

void
evprof_readable_name(evprof_buf_t *out, const char *system_name,
                     const evprof_readable_how_t *how)
{
    size_t len = bare_len(system_name);
    const char *at = strcmp(system_name + len, "@plt") == 0 || how->is_strict
                         ? system_name + len
                         : NULL;
    if (how->form == EVPROF_READABLE_NONE) {
        evprof_buf_puts(out, system_name);
        return;
    }
    if (!how->is_strict && at == NULL && system_name[len] == '\0') {
        len = evprof_symbol_base_len(system_name);
    }
    char *decoded = demangle(system_name, len, how);
    if (decoded != NULL) {
        unsigned drop = parts_to_drop(how, system_name[1] == 'R');
        evprof_plain_name(out, decoded,
                          is_rust_path(system_name, len) ? 0 : drop);
        evprof_buf_puts(out, at == NULL ? "" : at);
        free(decoded);
    } else if (looks_demangled(system_name) && how->is_strict) {
        put_strictly(out, system_name, how);
    } else if (looks_demangled(system_name)) {
        evprof_plain_name(out, system_name, parts_to_drop(how, false));
    } else {
        evprof_buf_add(out, system_name,
                       at == NULL ? len : strlen(system_name));
    }
}

/* The readable name of a function: the present one if it has one and is not to
 * be remade. NULL: no memory. */
static const char *
readable_of(evprof_pprof_t *p, const evprof_function_t *f,
            const evprof_readable_how_t *how, evprof_buf_t *scratch)
{
    bool is_readable = f->name[0] != '\0' && f->name != f->system_name;
    if (how->is_forced && f->name[0] != '\0' && f->system_name[0] != '\0') {
        is_readable = false;
    }
    if (is_readable) {
        return f->name;
    }
    evprof_buf_clear(scratch);
    evprof_readable_name(scratch, f->system_name, how);
    if (scratch->failed) {
        return NULL;
    }
    return scratch->len == 0
               ? f->system_name
               : evprof_strings_intern(&p->strings, scratch->data);
}

int
evprof_readable_names(evprof_pprof_t *p, const evprof_readable_how_t *how,
                      bool *is_changed)
{
    evprof_buf_t scratch = { 0 };
    bool is_complete = true;
    for (size_t i = 0; i < p->function_count && is_complete; i++) {
        evprof_function_t *f = &p->functions[i];
        const char *name = readable_of(p, f, how, &scratch);
        is_complete = name != NULL;
        if (is_complete && name != f->name) {
            f->name = name;
            *is_changed = true;
        }
    }
    evprof_buf_free(&scratch);
    return is_complete ? EVPROF_OK : EVPROF_ENOMEM;
}
