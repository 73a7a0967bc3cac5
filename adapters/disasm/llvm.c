/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LLVM's C interface is stable over its versions, so that any libLLVM serves
 * and none has to be there when we are built. Branch targets are printed
 * relative to the instruction unless a callback names them: ours gives "0x1040
 * <f+0x8>", which LLVM puts in quotes as it does not look like a symbol; the
 * quotes are taken away again.
 */
#include "adapters/disasm/llvm.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

#define MAX_TEXT 1024

/* Values of llvm-c/Disassembler.h and DisassemblerTypes.h. */
enum {
    OPTION_PRINT_IMM_HEX = 2,
    OPTION_ASM_PRINTER_VARIANT = 4,
    OPTION_INSTR_COMMENTS = 8,
    REFERENCE_NONE = 0,
    REFERENCE_IN_BRANCH = 1,
    REFERENCE_IN_LOAD = 2,
};

/* Where llvm-objdump begins comments, behind the text or at this column. */
#define COMMENT_COLUMN 32

typedef int (*op_info_fn)(void *ctx, uint64_t pc, uint64_t offset,
                          uint64_t size, int type, void *out);
/* Since LLVM 15 the callback has one argument more, in a register that this one
 * does not look at. */
typedef const char *(*lookup_fn)(void *ctx, uint64_t value, uint64_t *type,
                                 uint64_t pc, const char **name);

typedef struct api {
    void *(*create)(const char *triple, const char *cpu, const char *features,
                    void *ctx, int tag, op_info_fn op_info, lookup_fn lookup);
    int (*set_options)(void *dc, uint64_t options);
    size_t (*disassemble)(void *dc, uint8_t *bytes, uint64_t size, uint64_t pc,
                          char *out, size_t out_size);
    void (*dispose)(void *dc);
    void (*init[8])(void);
    void (*get_version)(unsigned *major, unsigned *minor, unsigned *patch);
} api_t;

typedef struct opened {
    void *dc;
    const evprof_disassembler_how_t *how;
    uint64_t loaded; /* what the instruction addresses relative to itself, 0 */
} opened_t;

static api_t api;
static unsigned major;
static char name[64] = "LLVM";

/* ---- Finding it ---- */

static void *
open_library(void)
{
    char file[64];
    enum { NEWEST = 30, NEW_SCHEME = 18, OLDEST = 11 };
    for (int version = NEWEST; version >= OLDEST; version--) {
        (void)snprintf(file, sizeof(file),
                       version >= NEW_SCHEME ? "libLLVM.so.%d.1"
                                             : "libLLVM-%d.so.1",
                       version);
        void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
        if (library == NULL && version >= NEW_SCHEME) {
            (void)snprintf(file, sizeof(file), "libLLVM-%d.so.1", version);
            library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
        }
        if (library != NULL) {
            major = (unsigned)version;
            return library;
        }
    }
    return NULL;
}

static bool
find(void *library, const char *symbol, void *out)
{
    void *found = dlsym(library, symbol);
    memcpy(out, &found, sizeof(found));
    return found != NULL;
}

static bool
load(void)
{
    static const char *const inits[] = {
        "LLVMInitializeX86TargetInfo",     "LLVMInitializeX86Target",
        "LLVMInitializeX86TargetMC",       "LLVMInitializeX86Disassembler",
        "LLVMInitializeAArch64TargetInfo", "LLVMInitializeAArch64Target",
        "LLVMInitializeAArch64TargetMC",   "LLVMInitializeAArch64Disassembler",
    };
    void *library = open_library();
    if (library == NULL ||
        !find(library, "LLVMCreateDisasmCPUFeatures", &api.create) ||
        !find(library, "LLVMSetDisasmOptions", &api.set_options) ||
        !find(library, "LLVMDisasmInstruction", &api.disassemble) ||
        !find(library, "LLVMDisasmDispose", &api.dispose)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++) {
        if (find(library, inits[i], &api.init[i])) {
            api.init[i]();
        }
    }
    unsigned version[3] = { major, 0, 0 };
    if (find(library, "LLVMGetVersion", &api.get_version)) {
        api.get_version(&version[0], &version[1], &version[2]);
    }
    (void)snprintf(name, sizeof(name), "LLVM %u", version[0]);
    return true;
}

/* ---- The contract ---- */

static const char *
look_up(void *ctx, uint64_t value, uint64_t *type, uint64_t pc,
        const char **out)
{
    opened_t *o = ctx;
    (void)pc;
    *out = NULL;
    bool is_branch = *type == REFERENCE_IN_BRANCH;
    if (*type == REFERENCE_IN_LOAD) {
        o->loaded = value;
    }
    *type = REFERENCE_NONE;
    return is_branch ? o->how->name_of(o->how->ctx, value) : NULL;
}

static int
no_op_info(void *ctx, uint64_t pc, uint64_t offset, uint64_t size, int type,
           void *out)
{
    (void)ctx;
    (void)pc;
    (void)offset;
    (void)size;
    (void)type;
    (void)out;
    return 0;
}

static void *
open_machine(const evprof_disassembler_how_t *how, evprof_error_t *err)
{
    bool is_x86 = how->machine == EM_X86_64;
    if (!is_x86 && how->machine != EM_AARCH64) {
        evprof_fail(err, EVPROF_ENOTSUP,
                    "machine %d is not disassembled: only x86-64 and aarch64 "
                    "are",
                    how->machine);
        return NULL;
    }
    opened_t *o = calloc(1, sizeof(*o));
    if (o == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "disassembler: out of memory");
        return NULL;
    }
    o->how = how;
    o->dc = api.create(is_x86 ? "x86_64-linux-gnu" : "aarch64-linux-gnu", "",
                       is_x86 ? "" : "+all", o, 0, no_op_info, look_up);
    if (o->dc == NULL) {
        free(o);
        evprof_fail(err, EVPROF_ENOTSUP, "%s cannot disassemble this machine",
                    name);
        return NULL;
    }
    /* llvm-objdump prints immediates in hex since LLVM 16. */
    uint64_t options = OPTION_INSTR_COMMENTS;
    options |= major >= 16 ? OPTION_PRINT_IMM_HEX : 0;
    options |= is_x86 && how->is_intel ? OPTION_ASM_PRINTER_VARIANT : 0;
    (void)api.set_options(o->dc, options);
    return o;
}

/* Blanks up to the column of comments, at least one. */
static void
put_gap(evprof_buf_t *out, size_t start)
{
    size_t column = 0;
    for (size_t i = start; i < out->len && !out->failed; i++) {
        column = out->data[i] == '\t' ? (column / 8 + 1) * 8 : column + 1;
    }
    do {
        evprof_buf_putc(out, ' ');
    } while (++column < COMMENT_COLUMN);
}

/* Where a comment begins, with the blanks before it; the end: there is none. */
static const char *
find_comment(const char *text)
{
    const char *at = text;
    while ((at = strpbrk(at, "#/")) != NULL) {
        bool is_apart = at > text + 1 && at[-1] == ' ' && at[-2] == ' ';
        if (is_apart && (at[0] == '#' || at[1] == '/')) {
            while (at > text && at[-1] == ' ') {
                at--;
            }
            return at;
        }
        at++;
    }
    return text + strlen(text);
}

/* Appends without the quotes around names. */
static void
put_text(evprof_buf_t *out, const char *text, const char *end)
{
    for (; text < end; text++) {
        if (*text != '"') {
            evprof_buf_putc(out, (char)(*text == '\n' ? ' ' : *text));
        }
    }
}

/* llvm-objdump prints the page that adrp gives as an address; here it stands in
 * the comment behind a number of pages. */
static bool
put_page(const opened_t *o, evprof_buf_t *out, const char *text,
         const char *comment)
{
    const char *page = strstr(comment, "0x");
    const char *number = strstr(text, ", ");
    if (strncmp(text, "adrp\t", 5) != 0 || page == NULL || number == NULL ||
        number > comment) {
        return false;
    }
    const char *named = o->how->name_of(o->how->ctx, strtoull(page, NULL, 16));
    put_text(out, text, number + 2);
    evprof_buf_puts(out, named == NULL ? page : named);
    return true;
}

static void
put_instruction(const opened_t *o, evprof_buf_t *out, const char *text)
{
    size_t start = out->len;
    text += strspn(text, " \t");
    const char *comment = find_comment(text);
    if (o->how->machine == EM_AARCH64 && put_page(o, out, text, comment)) {
        return;
    }
    put_text(out, text, comment);
    if (*comment != '\0') {
        put_gap(out, start);
        comment += strspn(comment, " ");
        put_text(out, comment, comment + strlen(comment));
    } else if (o->loaded != 0 && o->how->machine == EM_X86_64) {
        const char *target = o->how->name_of(o->how->ctx, o->loaded);
        if (target != NULL) {
            put_gap(out, start);
            evprof_buf_puts(out, "# ");
            evprof_buf_puts(out, target);
        }
    }
}

static size_t
decode(void *opened, const unsigned char *code, size_t len, uint64_t vaddr,
       evprof_buf_t *out)
{
    opened_t *o = opened;
    char text[MAX_TEXT];
    uint8_t bytes[16];
    size_t size = len < sizeof(bytes) ? len : sizeof(bytes);
    memcpy(bytes, code, size);
    o->loaded = 0;
    size_t used =
        api.disassemble(o->dc, bytes, size, vaddr, text, sizeof(text));
    if (used > 0) {
        put_instruction(o, out, text);
    }
    return used;
}

static void
close_machine(void *opened)
{
    opened_t *o = opened;
    api.dispose(o->dc);
    free(o);
}

static const evprof_disassembler_t llvm = {
    .name = name,
    .open = open_machine,
    .decode = decode,
    .close = close_machine,
};

const evprof_disassembler_t *
evprof_disasm_llvm(void)
{
    return load() ? &llvm : NULL;
}
