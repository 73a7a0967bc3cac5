/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports by lines have no addresses. An address on the command line stands for
 * the functions of its location, or, where no location has it, of all locations
 * in the same function of the binary.
 */
#include "core/report/names_of_address.h"

#include <string.h>

#include "core/base/parse.h"
#include "core/symbol/code.h"
#include "core/symbol/local_names.h"

bool
evprof_report_is_address(const char *param, uint64_t *address)
{
    return strncmp(param, "0x", 2) == 0 && evprof_parse_hex64(param, address);
}

/* Adds the function of the outermost frame, as text that matches itself only.
 */
static void
put_function(evprof_buf_t *out, const evprof_pprof_t *p,
             const evprof_location_t *l)
{
    if (l->line_count == 0 ||
        l->lines[l->line_count - 1].function == EVPROF_NO_INDEX) {
        return;
    }
    const char *name = p->functions[l->lines[l->line_count - 1].function].name;
    evprof_buf_puts(out, out->len == 0 ? "^(?:" : "|");
    for (; *name != '\0'; name++) {
        if (strchr("\\^$.|?*+()[]{}", *name) != NULL) {
            evprof_buf_putc(out, '\\');
        }
        evprof_buf_putc(out, *name);
    }
}

static void
put_exact(evprof_buf_t *out, const evprof_pprof_t *p, uint64_t address)
{
    for (size_t i = 0; i < p->location_count; i++) {
        if (p->locations[i].address == address) {
            put_function(out, p, &p->locations[i]);
        }
    }
}

/* The locations of one mapping in the function that holds the address, by
 * either way of counting. */
static void
put_around(evprof_buf_t *out, const evprof_pprof_t *p, uint32_t mapping,
           const evprof_code_t *code, uint64_t address)
{
    const evprof_mapping_t *m = &p->mappings[mapping];
    const evprof_routine_t *r = evprof_code_routine(
        code, evprof_binary_vaddr(&code->binary, m, address));
    r = r != NULL ? r : evprof_code_routine(code, address);
    for (size_t i = 0; r != NULL && i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        uint64_t vaddr = evprof_binary_vaddr(&code->binary, m, l->address);
        if (l->mapping == mapping && vaddr >= r->start && vaddr < r->end) {
            put_function(out, p, l);
            return;
        }
    }
}

void
evprof_report_put_functions(evprof_buf_t *out, const evprof_pprof_t *p,
                            const struct evprof_code_source *code,
                            uint64_t address)
{
    put_exact(out, p, address);
    for (size_t i = 0; i < p->mapping_count && code != NULL && out->len == 0;
         i++) {
        const evprof_mapping_t *m = &p->mappings[i];
        evprof_code_t opened;
        if (m->file[0] != '\0' && !evprof_mapping_is_special(m)) {
            if (evprof_code_open(m, code, &opened, NULL) == EVPROF_OK) {
                put_around(out, p, (uint32_t)i, &opened, address);
            }
            evprof_code_close(&opened);
        }
    }
    evprof_buf_puts(out, out->len == 0 ? "" : ")$");
}
