/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the most basic reason to the least: no jemalloc, not the one that
 * allocates, one that cannot profile, one that was not told to at its start.
 * What it was told comes, later ones winning, from malloc_conf,
 * /etc/malloc.conf and the environment.
 */
#include "core/heap/jemalloc_refusal.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/self.h"
#include "core/elf/reader.h"
#include "core/heap/malloc_conf.h"

/* The setting that the program needs where jemalloc does not see our symbol. */
#define WANTED EVPROF_MALLOC_CONF

static int
judge_absence(const evprof_jemalloc_facts_t *facts, evprof_error_t *err)
{
    if (facts->prefix[0] != '\0') {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: there is no %smallctl in the process: set "
                           "mallctl_prefix to the prefix of the jemalloc that "
                           "the program bundles, and link with -rdynamic",
                           facts->prefix);
    }
    if (!facts->calls_malloc) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: jemalloc is not loaded, and as the "
                           "executable itself never calls malloc, --as-needed "
                           "drops it: install libjemalloc-dev and link with "
                           "-levprof -Wl,--no-as-needed -ljemalloc");
    }
    return evprof_fail(err, EVPROF_ENOTSUP,
                       "heap: malloc is not jemalloc's: install "
                       "libjemalloc-dev and link with -levprof -ljemalloc, in "
                       "this order");
}

/* A jemalloc with a prefix reads PREFIX_MALLOC_CONF, in capitals. */
static int
judge_prefixed(const evprof_jemalloc_facts_t *facts, evprof_error_t *err)
{
    char upper[64];
    size_t len = 0;
    for (; facts->prefix[len] != '\0' && len + 1 < sizeof(upper); len++) {
        upper[len] = (char)toupper((unsigned char)facts->prefix[len]);
    }
    upper[len] = '\0';
    return evprof_fail(
        err, EVPROF_ENOTSUP,
        "heap: the bundled jemalloc was started without "
        "profiling: start the program with %sMALLOC_CONF=" WANTED,
        upper);
}

static int
judge_unprepared(const evprof_jemalloc_facts_t *facts, evprof_error_t *err)
{
    if (facts->prefix[0] != '\0') {
        return judge_prefixed(facts, err);
    }
    if (strstr(facts->environment, "prof:false") != NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: MALLOC_CONF in the environment says "
                           "prof:false: take that out and start again");
    }
    if (strstr(facts->system_conf, "prof:false") != NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: /etc/malloc.conf says prof:false: take that "
                           "out and start again");
    }
    if (facts->preload[0] != '\0' &&
        strstr(facts->preload, facts->mallctl_file) != NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: a preloaded jemalloc takes its settings from "
                           "the environment only: start the program with "
                           "MALLOC_CONF=" WANTED);
    }
    if (!facts->is_conf_ours && facts->is_inside &&
        strcmp(facts->conf_file, facts->mallctl_file) == 0) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: jemalloc is part of %s and does not see the "
                           "malloc_conf in libevprof.so: link libevprof.a "
                           "before it, or start the program with "
                           "MALLOC_CONF=" WANTED,
                           facts->mallctl_file);
    }
    if (!facts->is_conf_ours &&
        strcmp(facts->conf_file, facts->mallctl_file) == 0) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: jemalloc comes before libevprof in the link "
                           "order: link with -levprof -ljemalloc, or start the "
                           "program with MALLOC_CONF=" WANTED);
    }
    if (!facts->is_conf_ours) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: %s has a malloc_conf of its own: add " WANTED
                           " to it",
                           facts->conf_file);
    }
    return evprof_fail(err, EVPROF_ENOTSUP,
                       "heap: jemalloc was started without profiling: start "
                       "the program with MALLOC_CONF=" WANTED);
}

int
evprof_jemalloc_judge(const evprof_jemalloc_facts_t *facts, evprof_error_t *err)
{
    if (!facts->has_mallctl) {
        return judge_absence(facts, err);
    }
    if (facts->prefix[0] == '\0' && !facts->is_malloc_theirs) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: jemalloc is loaded, but malloc is that of "
                           "%s: link with -ljemalloc before it",
                           facts->malloc_file);
    }
    if (!facts->can_profile) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "heap: the jemalloc in %s was built without "
                           "profiling: use one built with --enable-prof, such "
                           "as Debian's libjemalloc2",
                           facts->mallctl_file);
    }
    return facts->is_prepared ? EVPROF_OK : judge_unprepared(facts, err);
}

static bool
is_malloc_name(const char *name)
{
    static const char *const names[] = { "malloc",         "calloc",
                                         "realloc",        "free",
                                         "posix_memalign", "aligned_alloc" };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (name != NULL && strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
imports_malloc(evprof_elf_reader_t *elf, const Elf64_Shdr *symbols)
{
    const Elf64_Shdr *strings = evprof_elf_reader_linked(elf, symbols);
    uint64_t count = symbols->sh_size / sizeof(Elf64_Sym);
    evprof_buf_t name = { 0 };
    bool is_imported = false;
    for (uint64_t i = 1; i < count && strings != NULL && !is_imported; i++) {
        Elf64_Sym sym;
        if (!evprof_elf_reader_get(elf, symbols->sh_offset + i * sizeof(sym),
                                   &sym, sizeof(sym))) {
            break;
        }
        is_imported =
            sym.st_shndx == SHN_UNDEF &&
            evprof_elf_reader_text(elf, strings, sym.st_name, &name) &&
            is_malloc_name(name.data);
    }
    evprof_buf_free(&name);
    return is_imported;
}

bool
evprof_executable_calls_malloc(void)
{
    evprof_elf_reader_t elf;
    if (!evprof_elf_reader_open(&elf, EVPROF_SELF("exe"))) {
        return false;
    }
    const Elf64_Shdr *symbols = evprof_elf_reader_typed(&elf, SHT_DYNSYM);
    bool calls = symbols != NULL && imports_malloc(&elf, symbols);
    evprof_elf_reader_close(&elf);
    return calls;
}
