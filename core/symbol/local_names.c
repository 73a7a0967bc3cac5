/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations to be named are sorted by file: all mappings of one file are
 * answered together, so that it is opened and read once. Names from the server
 * are kept, unless they came without a line and the binary here has one.
 */
#include "core/symbol/local_names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/elf/fdes.h"
#include "core/symbol/binary.h"
#include "core/symbol/debian_package.h"
#include "core/symbol/name_store.h"
#include "core/symbol/query.h"
#include "core/symbol/resolve_halves.h"
#include "core/symbol/symbol_fill.h"

typedef struct row {
    uint32_t group; /* the first mapping of the same file */
    uint32_t location;
    uint64_t vaddr;
} row_t;

typedef struct local {
    evprof_pprof_t *p;
    const evprof_local_how_t *how;
    evprof_symbol_fill_t fill;
    evprof_symbol_cache_t cache;
    evprof_buf_t debug_path; /* of the current file, fetched from elsewhere */
    evprof_elf_reader_t elf;
    evprof_elf_fdes_t fdes;
    uint32_t *group_of; /* by mapping */
    row_t *rows;
    size_t row_count;
    evprof_buf_t missing; /* messages to be given at the end */
    evprof_buf_t unnamed;
    bool is_changed;
} local_t;

/* ---- Which locations ---- */

bool
evprof_mapping_is_special(const evprof_mapping_t *m)
{
    static const char *const starts[] = { "[", "linux-vdso", "/dev/dri/",
                                          "//anon", "/memfd:" };
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (strncmp(m->file, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool
claims_anything(const evprof_mapping_t *m)
{
    return m->has_functions || m->has_filenames || m->has_line_numbers;
}

static bool
has_line(const evprof_location_t *l)
{
    for (uint32_t i = 0; i < l->line_count; i++) {
        if (l->lines[i].line != 0) {
            return true;
        }
    }
    return false;
}

static bool
is_wanted(const local_t *w, const evprof_location_t *l)
{
    if (l->mapping == EVPROF_NO_INDEX || l->address == 0) {
        return false;
    }
    const evprof_mapping_t *m = &w->p->mappings[l->mapping];
    bool has_name = m->file[0] != '\0' || m->build_id[0] != '\0';
    if (!has_name || evprof_mapping_is_special(m)) {
        return false;
    }
    if (w->how->is_forced || !claims_anything(m)) {
        return true;
    }
    /* A binary without a build id may not be the one that ran. */
    return !w->how->is_strict && m->build_id[0] != '\0' &&
           (l->line_count == 0 || (!m->has_line_numbers && !has_line(l)));
}

static void
group_mappings(local_t *w)
{
    for (size_t i = 0; i < w->p->mapping_count; i++) {
        const evprof_mapping_t *m = &w->p->mappings[i];
        size_t first = 0;
        while (first < i && (w->p->mappings[first].file != m->file ||
                             w->p->mappings[first].build_id != m->build_id)) {
            first++;
        }
        w->group_of[i] = (uint32_t)first;
    }
}

static int
compare_rows(const void *left, const void *right)
{
    const row_t *a = left;
    const row_t *b = right;
    if (a->group != b->group) {
        return a->group < b->group ? -1 : 1;
    }
    if (a->vaddr != b->vaddr) {
        return a->vaddr < b->vaddr ? -1 : 1;
    }
    return (a->location > b->location) - (a->location < b->location);
}

static void
collect(local_t *w)
{
    for (size_t i = 0; i < w->p->location_count; i++) {
        if (is_wanted(w, &w->p->locations[i])) {
            w->rows[w->row_count++] =
                (row_t){ .group = w->group_of[w->p->locations[i].mapping],
                         .location = (uint32_t)i };
        }
    }
    qsort(w->rows, w->row_count, sizeof(*w->rows), compare_rows);
}

/* ---- One file ---- */

/* Appends what identifies a file and its present contents. */
static void
put_state(evprof_buf_t *out, int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0) {
        evprof_buf_printf(out, "%llu:%lld.%09ld ",
                          (unsigned long long)st.st_size,
                          (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    }
}

/* Appends the states of the files that answers about a binary come from. */
static void
put_origin(const local_t *w, evprof_buf_t *out, const evprof_binary_t *binary)
{
    evprof_elf_file_t debug;
    put_state(out, binary->file.fd);
    if (evprof_elf_open_debug(&binary->file, binary->path.data, &debug) ||
        (w->debug_path.len > 0 &&
         evprof_elf_open_path(w->debug_path.data, &debug))) {
        put_state(out, debug.fd);
        evprof_elf_close(&debug);
    }
}

/* Fetches the debug file of a binary that has none on this machine. */
static void
find_debug_file(local_t *w, const evprof_binary_t *binary, const char *id)
{
    evprof_elf_file_t debug;
    evprof_buf_clear(&w->debug_path);
    if (w->how->fetch == NULL || w->how->is_fast || id == NULL ||
        evprof_elf_has_section(binary->file.elf, ".debug_info")) {
        return;
    }
    if (evprof_elf_open_debug(&binary->file, binary->path.data, &debug)) {
        evprof_elf_close(&debug);
    } else if (!w->how->fetch(w->how->fetch_ctx, id, "debuginfo",
                              &w->debug_path)) {
        evprof_buf_clear(&w->debug_path);
    }
}

/* Looks up in the binary the addresses that `file` has no answer for. */
static int
ask_binary(const local_t *w, const evprof_binary_t *binary, const row_t *rows,
           size_t count, evprof_symbol_file_t *file, size_t *asked)
{
    evprof_query_t *queries = malloc(count * sizeof(*queries));
    int status = EVPROF_OK;
    *asked = 0;
    if (queries == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_new = i == 0 || rows[i].vaddr != rows[i - 1].vaddr;
        if (is_new && evprof_symbol_file_find(file, rows[i].vaddr) == NULL) {
            queries[(*asked)++] = (evprof_query_t){ .vaddr = rows[i].vaddr };
        }
    }
    if (*asked > 0) {
        status = evprof_symbol_resolve_halves(
            &binary->file, binary->path.data,
            w->debug_path.len == 0 ? NULL : w->debug_path.data,
            !w->how->is_fast, queries, *asked, file);
    }
    free(queries);
    return status;
}

static int
ask(local_t *w, const evprof_binary_t *binary, const row_t *rows, size_t count,
    evprof_symbol_file_t *file)
{
    evprof_buf_t origin = { 0 };
    evprof_buf_t id = { 0 };
    size_t asked;
    int status = EVPROF_OK;
    evprof_elf_build_id(binary->file.elf, &id);
    find_debug_file(w, binary, id.failed || id.len == 0 ? NULL : id.data);
    bool is_kept = w->how->store != NULL && !w->how->is_fast && id.len > 0;
    if (is_kept) {
        put_origin(w, &origin, binary);
        is_kept = origin.len > 0 && !origin.failed && !id.failed;
    }
    if (is_kept) {
        status =
            evprof_name_store_load(w->how->store, id.data, origin.data, file);
    }
    if (status == EVPROF_OK) {
        status = ask_binary(w, binary, rows, count, file, &asked);
    }
    if (status == EVPROF_OK && is_kept && asked > 0) {
        evprof_name_store_save(w->how->store, id.data, origin.data, file);
    }
    evprof_buf_free(&origin);
    evprof_buf_free(&id);
    return status;
}

static void
claim(evprof_mapping_t *m, const evprof_symbol_t *symbol)
{
    for (uint32_t i = 0; i < symbol->count; i++) {
        m->has_functions = true;
        m->has_filenames |= symbol->frames[i].function->file[0] != '\0';
        m->has_line_numbers |= symbol->frames[i].line != 0;
    }
    m->has_inline_frames = true;
}

/* Writes the answers to the profile and counts the locations without one. */
static int
write_answers(local_t *w, const row_t *rows, size_t count,
              const evprof_symbol_file_t *file, size_t *unnamed)
{
    for (size_t i = 0; i < count; i++) {
        evprof_location_t *l = &w->p->locations[rows[i].location];
        const evprof_symbol_t *symbol =
            evprof_symbol_file_find(file, rows[i].vaddr);
        if (symbol == NULL || symbol->count == 0) {
            *unnamed += l->line_count == 0;
            if (l->line_count == 0 && !w->how->is_strict) {
                l->entry =
                    evprof_elf_fdes_find(&w->fdes, &w->elf, rows[i].vaddr);
            }
            continue;
        }
        if (l->line_count > 0 && !symbol->is_from_dwarf && !w->how->is_forced) {
            continue;
        }
        int status = evprof_symbol_fill(&w->fill, rows[i].location, symbol);
        if (status != EVPROF_OK) {
            return status;
        }
        l->is_folded = false;
        claim(&w->p->mappings[l->mapping], symbol);
        w->is_changed = true;
    }
    return EVPROF_OK;
}

static void
note_missing(local_t *w, const evprof_mapping_t *m, const char *why)
{
    evprof_buf_puts(&w->missing, w->missing.len == 0 ? "" : ", ");
    if (m->file[0] != '\0') {
        evprof_path_base(&w->missing, m->file);
    } else {
        evprof_buf_printf(&w->missing, "build id %s", m->build_id);
    }
    if (why[0] != '\0') {
        evprof_buf_printf(&w->missing, " (%s)", why);
    }
}

static void
note_unnamed(local_t *w, const char *path, size_t unnamed, size_t count)
{
    evprof_buf_t package = { 0 };
    evprof_buf_puts(&w->unnamed, w->unnamed.len == 0 ? "" : ", ");
    evprof_path_base(&w->unnamed, path);
    evprof_buf_printf(&w->unnamed, " (%zu of %zu", unnamed, count);
    if (evprof_debug_package(path, &package) && !package.failed) {
        evprof_buf_printf(&w->unnamed, "; the package %s names them",
                          package.data);
    }
    evprof_buf_puts(&w->unnamed, ")");
    evprof_buf_free(&package);
}

static int
answer_found(local_t *w, const evprof_binary_t *binary, row_t *rows,
             size_t count)
{
    const evprof_mapping_t *mappings = w->p->mappings;
    for (size_t i = 0; i < count; i++) {
        const evprof_location_t *l = &w->p->locations[rows[i].location];
        rows[i].vaddr =
            evprof_binary_vaddr(binary, &mappings[l->mapping], l->address);
    }
    qsort(rows, count, sizeof(*rows), compare_rows);
    evprof_symbol_file_t *file =
        evprof_symbol_cache_file(&w->cache, binary->path.data);
    size_t unnamed = 0;
    int status =
        file == NULL ? EVPROF_ENOMEM : ask(w, binary, rows, count, file);
    if (status == EVPROF_OK &&
        evprof_elf_reader_attach(&w->elf, binary->file.fd)) {
        status = evprof_elf_fdes_read(&w->elf, &w->fdes);
    }
    if (status == EVPROF_OK) {
        status = write_answers(w, rows, count, file, &unnamed);
    }
    if (status == EVPROF_OK && unnamed > 0) {
        note_unnamed(w, binary->path.data, unnamed, count);
    }
    evprof_elf_fdes_free(&w->fdes);
    evprof_elf_reader_close(&w->elf);
    evprof_symbol_cache_free(&w->cache);
    return status;
}

/* Whether one of the locations has no name. */
static bool
lacks_names(const local_t *w, const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (w->p->locations[rows[i].location].line_count == 0) {
            return true;
        }
    }
    return false;
}

/* Fetches a binary that is not on this machine. */
static bool
fetch_binary(const local_t *w, const evprof_mapping_t *m,
             evprof_binary_t *binary)
{
    evprof_buf_t path = { 0 };
    bool is_open =
        w->how->fetch != NULL && m->build_id[0] != '\0' &&
        w->how->fetch(w->how->fetch_ctx, m->build_id, "debuginfo", &path) &&
        evprof_binary_open_path(m, path.data, binary);
    evprof_buf_free(&path);
    return is_open;
}

static int
answer_group(local_t *w, row_t *rows, size_t count)
{
    const evprof_mapping_t *m = &w->p->mappings[rows[0].group];
    evprof_binary_t binary;
    evprof_buf_t other = { 0 };
    int status = EVPROF_OK;
    bool is_given =
        w->how->binary != NULL && strcmp(m->file, w->how->binary) == 0;
    enum evprof_binary_found found =
        evprof_binary_open(m, w->how->search_path, is_given, &binary, &other);
    if (found != EVPROF_BINARY_FOUND && fetch_binary(w, m, &binary)) {
        found = EVPROF_BINARY_FOUND;
    }
    if (found == EVPROF_BINARY_FOUND) {
        status = answer_found(w, &binary, rows, count);
    } else if (lacks_names(w, rows, count)) {
        note_missing(w, m, other.failed || other.len == 0 ? "" : other.data);
    }
    evprof_binary_close(&binary);
    evprof_buf_free(&other);
    return status;
}

/* ---- All files ---- */

static int
answer_all(local_t *w)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < w->row_count && status == EVPROF_OK;) {
        size_t end = i + 1;
        while (end < w->row_count && w->rows[end].group == w->rows[i].group) {
            end++;
        }
        status = answer_group(w, w->rows + i, end - i);
        i = end;
    }
    return status;
}

static void
say(const local_t *w, const evprof_buf_t *what, const char *before,
    const char *after)
{
    evprof_buf_t line = { 0 };
    if (what->len == 0 || what->failed || w->how->say == NULL) {
        return;
    }
    evprof_buf_printf(&line, "%s%s%s", before, what->data, after);
    if (!line.failed) {
        w->how->say(w->how->ctx, line.data);
    }
    evprof_buf_free(&line);
}

static void
say_what_is_missing(const local_t *w)
{
    say(w, &w->missing, "No binary was found to name addresses in: ",
        ". Name the folders that hold them in PPROF_BINARY_PATH, or name the "
        "program before the profile.");
    say(w, &w->unnamed, "Addresses without a symbol remain in: ",
        ". Binaries with debug information name them.");
}

static int
run(local_t *w)
{
    if (w->group_of == NULL || w->rows == NULL) {
        return EVPROF_ENOMEM;
    }
    group_mappings(w);
    collect(w);
    evprof_symbol_fill_start(&w->fill, w->how->is_strict, w->p);
    int status = answer_all(w);
    int ended = evprof_symbol_fill_end(&w->fill);
    say_what_is_missing(w);
    return status == EVPROF_OK ? ended : status;
}

int
evprof_symbolize_local(evprof_pprof_t *p, const evprof_local_how_t *how,
                       bool *is_changed, evprof_error_t *err)
{
    local_t w = { .p = p,
                  .how = how,
                  .cache = { .max_bytes = SIZE_MAX },
                  .elf = { .fd = -1 },
                  .group_of = calloc(p->mapping_count + 1, sizeof(uint32_t)),
                  .rows = calloc(p->location_count + 1, sizeof(row_t)) };
    int status = run(&w);
    *is_changed = w.is_changed;
    evprof_symbol_fill_free(&w.fill);
    evprof_symbol_cache_free(&w.cache);
    evprof_buf_free(&w.missing);
    evprof_buf_free(&w.unnamed);
    evprof_buf_free(&w.debug_path);
    free(w.group_of);
    free(w.rows);
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status, "symbols: out of memory");
}
