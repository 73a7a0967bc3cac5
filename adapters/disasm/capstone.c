/* SPDX-License-Identifier: Apache-2.0 */
/* Capstone prints branch targets as numbers; what we know of them follows in
 * angle brackets, as disassemblers have it. */
#include "adapters/disasm/capstone.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/parse.h"

typedef struct opened {
    csh handle;
    cs_insn *instruction;
    const evprof_disassembler_how_t *how;
} opened_t;

static void
close_machine(void *opened)
{
    opened_t *o = opened;
    if (o->instruction != NULL) {
        cs_free(o->instruction, 1);
    }
    (void)cs_close(&o->handle);
    free(o);
}

static void *
open_machine(const evprof_disassembler_how_t *how, evprof_error_t *err)
{
    bool is_x86 = how->machine == EM_X86_64;
    opened_t *o = calloc(1, sizeof(*o));
    if (o == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "disassembler: out of memory");
        return NULL;
    }
    o->how = how;
    if ((!is_x86 && how->machine != EM_AARCH64) ||
        cs_open(is_x86 ? CS_ARCH_X86 : CS_ARCH_ARM64,
                is_x86 ? CS_MODE_64 : CS_MODE_ARM, &o->handle) != CS_ERR_OK) {
        free(o);
        evprof_fail(err, EVPROF_ENOTSUP,
                    "machine %d is not disassembled: only x86-64 and aarch64 "
                    "are",
                    how->machine);
        return NULL;
    }
    if (is_x86) {
        (void)cs_option(o->handle, CS_OPT_SYNTAX,
                        how->is_intel ? CS_OPT_SYNTAX_INTEL
                                      : CS_OPT_SYNTAX_ATT);
    }
    (void)cs_option(o->handle, CS_OPT_DETAIL, CS_OPT_ON);
    o->instruction = cs_malloc(o->handle);
    if (o->instruction == NULL) {
        close_machine(o);
        evprof_fail(err, EVPROF_ENOMEM, "disassembler: out of memory");
        return NULL;
    }
    return o;
}

/* The operands; a branch's target with its name. */
static void
put_operands(const opened_t *o, evprof_buf_t *out)
{
    const char *operands = o->instruction->op_str;
    uint64_t target;
    bool is_branch = cs_insn_group(o->handle, o->instruction, CS_GRP_JUMP) ||
                     cs_insn_group(o->handle, o->instruction, CS_GRP_CALL);
    const char *number = operands + (operands[0] == '#');
    const char *named = is_branch && evprof_parse_hex64(number, &target)
                            ? o->how->name_of(o->how->ctx, target)
                            : NULL;
    evprof_buf_puts(out, named != NULL ? named : operands);
}

static size_t
decode(void *opened, const unsigned char *code, size_t len, uint64_t vaddr,
       evprof_buf_t *out)
{
    opened_t *o = opened;
    if (!cs_disasm_iter(o->handle, &code, &len, &vaddr, o->instruction)) {
        return 0;
    }
    evprof_buf_puts(out, o->instruction->mnemonic);
    if (o->instruction->op_str[0] != '\0') {
        evprof_buf_putc(out, '\t');
        put_operands(o, out);
    }
    return o->instruction->size;
}

const evprof_disassembler_t evprof_disasm_capstone = {
    .name = "Capstone",
    .open = open_machine,
    .decode = decode,
    .close = close_machine,
};
