/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The length of an instruction follows from its prefixes, its opcode map, and
 * whether the opcode has a ModRM byte and an immediate. All of that is regular
 * enough for two short tables of exceptions. An instruction that changes rsp in
 * a way that compilers do not use for frames of a fixed size loses it
 * (EVPROF_INSN_SP_LOST).
 */
#include "core/unwind/insn_x86_64.h"

#include <stdbool.h>
#include <string.h>

enum { REX_W = 8, REX_R = 4, REX_B = 1 };
enum { RSP = 4, RBP = 5 };
enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A };

typedef struct decoder {
    const unsigned char *code;
    size_t size;
    size_t at;
    unsigned rex;
    unsigned map;
    bool has_size_prefix; /* 66: immediates of 16 bits */
    bool is_vector;       /* VEX or EVEX: ModRM names vector registers */
    unsigned char opcode;
    bool has_modrm;
    unsigned char modrm;
    unsigned char sib;
    int64_t displacement;
    int64_t immediate;
    bool failed;
} decoder_t;

static unsigned char
next_byte(decoder_t *d)
{
    if (d->at >= d->size) {
        d->failed = true;
        return 0;
    }
    return d->code[d->at++];
}

/* A signed number of 1, 2, 4 or 8 bytes. */
static int64_t
next_number(decoder_t *d, size_t width)
{
    uint64_t out = 0;
    for (size_t i = 0; i < width; i++) {
        out |= (uint64_t)next_byte(d) << 8 * i;
    }
    unsigned unused = (unsigned)(64 - 8 * width);
    return width == 0 ? 0 : (int64_t)(out << unused) >> unused;
}

static void
read_vector_prefix(decoder_t *d, unsigned char first)
{
    d->is_vector = true;
    unsigned char second = next_byte(d);
    if (first == 0xc5) {
        d->map = MAP_0F;
        return;
    }
    d->map = second & (first == 0x62 ? 7 : 31);
    for (int more = first == 0x62 ? 2 : 1; more > 0; more--) {
        (void)next_byte(d);
    }
    d->failed = d->failed || d->map < MAP_0F || d->map > MAP_0F3A;
}

static bool
is_prefix(unsigned char byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 ||
           byte == 0xf3 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
           byte == 0x26 || byte == 0x64 || byte == 0x65;
}

static void
read_opcode(decoder_t *d)
{
    unsigned char byte = next_byte(d);
    while (!d->failed && is_prefix(byte)) {
        d->has_size_prefix = d->has_size_prefix || byte == 0x66;
        byte = next_byte(d);
    }
    if ((byte & 0xf0) == 0x40) {
        d->rex = byte;
        byte = next_byte(d);
    }
    if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
        read_vector_prefix(d, byte);
        byte = next_byte(d);
    } else if (byte == 0x0f) {
        d->map = MAP_0F;
        byte = next_byte(d);
        if (byte == 0x38 || byte == 0x3a) {
            d->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
            byte = next_byte(d);
        }
    }
    d->opcode = byte;
}

/* Bit i of word n is about opcode 32 n + i of the one-byte map: whether it has
 * a ModRM byte, and whether it is invalid in 64-bit mode. */
static const uint32_t one_modrm[8] = { 0x0f0f0f0f, 0x0f0f0f0f, 0x00000000,
                                       0x00000a08, 0x0000ffff, 0x00000000,
                                       0xff0f00c3, 0xc0c00000 };
static const uint32_t one_invalid[8] = { 0xc0c040c0, 0x80808080, 0x00000000,
                                         0x00000003, 0x04000004, 0x00000000,
                                         0x00704000, 0x00000400 };
/* The same for the map of 0f: opcodes without a ModRM byte. */
static const uint32_t two_plain[8] = { 0x00004be0, 0x00bf0000, 0x00000000,
                                       0x00800000, 0x0000ffff, 0x00000707,
                                       0x0000ff00, 0x00000000 };

static bool
bit_of(const uint32_t *words, unsigned char opcode)
{
    return (words[opcode / 32] >> opcode % 32 & 1) != 0;
}

static bool
takes_modrm(decoder_t *d)
{
    if (d->map == MAP_0F) {
        bool is_vzero = d->opcode == 0x77;
        return !is_vzero && (d->is_vector || !bit_of(two_plain, d->opcode));
    }
    if (d->map != MAP_ONE) {
        return true;
    }
    d->failed = d->failed || bit_of(one_invalid, d->opcode);
    return bit_of(one_modrm, d->opcode);
}

static void
read_modrm(decoder_t *d)
{
    d->modrm = next_byte(d);
    unsigned mode = d->modrm >> 6;
    unsigned base = d->modrm & 7;
    if (mode == 3) {
        return;
    }
    if (base == 4) {
        d->sib = next_byte(d);
        base = d->sib & 7;
    }
    size_t width = mode == 1 ? 1 : 0;
    if (mode == 2 || (mode == 0 && base == 5)) {
        width = 4;
    }
    d->displacement = next_number(d, width);
}

static size_t
immediate_of_one(const decoder_t *d)
{
    unsigned char op = d->opcode;
    size_t full = d->has_size_prefix && (d->rex & REX_W) == 0 ? 2 : 4;
    bool is_byte = (op < 0x40 && (op & 7) == 4) || op == 0x6a || op == 0x6b ||
                   (op >= 0x70 && op <= 0x80) || op == 0x83 || op == 0xa8 ||
                   (op >= 0xb0 && op <= 0xb7) || op == 0xc0 || op == 0xc1 ||
                   op == 0xc6 || op == 0xcd || (op >= 0xe0 && op <= 0xe7) ||
                   op == 0xeb || (op == 0xf6 && (d->modrm & 0x38) < 0x10);
    bool is_full = (op < 0x40 && (op & 7) == 5) || op == 0x68 || op == 0x69 ||
                   op == 0x81 || op == 0xa9 || op == 0xc7 ||
                   (op == 0xf7 && (d->modrm & 0x38) < 0x10);
    if (is_byte) {
        return 1;
    }
    if (op == 0xe8 || op == 0xe9) {
        return 4;
    }
    if (op >= 0xb8 && op <= 0xbf) {
        return (d->rex & REX_W) != 0 ? 8 : full;
    }
    if (op >= 0xa0 && op <= 0xa3) {
        return 8;
    }
    return is_full ? full : op == 0xc2 || op == 0xca ? 2 : op == 0xc8 ? 3 : 0;
}

static size_t
immediate_size(const decoder_t *d)
{
    unsigned char op = d->opcode;
    if (d->map == MAP_ONE) {
        return immediate_of_one(d);
    }
    if (d->map == MAP_0F) {
        bool is_byte = (op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac ||
                       op == 0xba || op == 0xc2 || (op >= 0xc4 && op <= 0xc6);
        return is_byte ? 1 : !d->is_vector && op >= 0x80 && op <= 0x8f ? 4 : 0;
    }
    return d->map == MAP_0F3A ? 1 : 0;
}

/* ---- What an instruction does ---- */

static bool
is_rm_register(const decoder_t *d, unsigned reg)
{
    return d->has_modrm && d->modrm >> 6 == 3 && (d->modrm & 7) == reg &&
           (d->rex & REX_B) == 0;
}

static bool
is_reg_register(const decoder_t *d, unsigned reg)
{
    return (d->modrm >> 3 & 7) == reg && (d->rex & REX_R) == 0;
}

static evprof_insn_t
made(enum evprof_insn_kind kind, int64_t value)
{
    return (evprof_insn_t){ .kind = kind, .value = value };
}

/* lea disp(%rbp or %rsp), reg */
static evprof_insn_t
judge_lea(const decoder_t *d)
{
    bool is_of_fp = d->modrm >> 6 != 3 && d->modrm >> 6 != 0 &&
                    (d->modrm & 7) == RBP && (d->rex & REX_B) == 0;
    bool is_of_sp = (d->modrm & 7) == 4 && d->sib == 0x24 && (d->rex & 3) == 0;
    if (is_reg_register(d, RSP)) {
        return is_of_fp   ? made(EVPROF_INSN_SP_OF_FP, d->displacement)
               : is_of_sp ? made(EVPROF_INSN_SP_ADD, d->displacement)
                          : made(EVPROF_INSN_SP_LOST, 0);
    }
    return is_reg_register(d, RBP) && is_of_sp
               ? made(EVPROF_INSN_FP_OF_SP, d->displacement)
               : made(EVPROF_INSN_PLAIN, 0);
}

/* mov between registers, in both encodings. */
static evprof_insn_t
judge_mov(const decoder_t *d)
{
    bool is_store = d->opcode == 0x89;
    bool to_sp = is_store ? is_rm_register(d, RSP) : is_reg_register(d, RSP);
    bool to_fp = is_store ? is_rm_register(d, RBP) : is_reg_register(d, RBP);
    bool of_sp = is_store ? is_reg_register(d, RSP) : is_rm_register(d, RSP);
    bool of_fp = is_store ? is_reg_register(d, RBP) : is_rm_register(d, RBP);
    if (to_sp) {
        return of_fp ? made(EVPROF_INSN_SP_OF_FP, 0)
                     : made(EVPROF_INSN_SP_LOST, 0);
    }
    return to_fp && of_sp ? made(EVPROF_INSN_FP_OF_SP, 0)
                          : made(EVPROF_INSN_PLAIN, 0);
}

/* Arithmetic with a constant; `and` aligns rsp by an unknown amount. */
static evprof_insn_t
judge_arithmetic(const decoder_t *d)
{
    unsigned what = d->modrm >> 3 & 7;
    if (!is_rm_register(d, RSP) || what == 7) {
        return made(EVPROF_INSN_PLAIN, 0);
    }
    if ((d->rex & REX_W) == 0 || (what != 0 && what != 5)) {
        return made(EVPROF_INSN_SP_LOST, 0);
    }
    return made(EVPROF_INSN_SP_ADD, what == 0 ? d->immediate : -d->immediate);
}

static evprof_insn_t
judge_group_ff(const decoder_t *d)
{
    switch (d->modrm >> 3 & 7) {
    case 4:
    case 5:
        return made(EVPROF_INSN_JUMP_FAR, 0);
    case 6:
        return made(EVPROF_INSN_SP_ADD, -8);
    case 0:
    case 1:
        return made(is_rm_register(d, RSP) ? EVPROF_INSN_SP_LOST
                                           : EVPROF_INSN_PLAIN,
                    0);
    default:
        return made(EVPROF_INSN_PLAIN, 0);
    }
}

/* push and pop of a register */
static evprof_insn_t
judge_push_pop(const decoder_t *d)
{
    unsigned reg = d->opcode & 7;
    bool is_low = (d->rex & REX_B) == 0;
    if (d->has_size_prefix) {
        return made(EVPROF_INSN_SP_LOST, 0);
    }
    if (d->opcode < 0x58) {
        return made(EVPROF_INSN_SP_ADD, -8);
    }
    if (reg == RSP && is_low) {
        return made(EVPROF_INSN_SP_LOST, 0);
    }
    return made(
        reg == RBP && is_low ? EVPROF_INSN_FP_POPPED : EVPROF_INSN_SP_ADD, 8);
}

/* Whether an opcode of the one-byte map writes rsp by the `reg` or `rm` field
 * of its ModRM byte. */
static bool
writes_rsp(const decoder_t *d)
{
    unsigned char op = d->opcode;
    bool is_alu = op < 0x40;
    if (is_alu && (op & 1) == 0 && d->rex == 0) {
        return false; /* number 4 of the bytes is ah */
    }
    bool to_rm = (is_alu && (op & 7) < 2 && op < 0x38) || op == 0x87 ||
                 op == 0xc1 || op == 0xd1 || op == 0xd3 || op == 0xc7 ||
                 op == 0x8f || (op == 0xf7 && (d->modrm >> 3 & 7) > 1);
    bool to_reg = (is_alu && (op & 7) > 1 && (op & 7) < 4 && op < 0x38) ||
                  op == 0x63 || op == 0x69 || op == 0x6b || op == 0x87;
    return d->has_modrm && ((to_rm && is_rm_register(d, RSP)) ||
                            (to_reg && is_reg_register(d, RSP)));
}

static evprof_insn_t
judge_one(const decoder_t *d)
{
    unsigned char op = d->opcode;
    if (op >= 0x50 && op <= 0x5f) {
        return judge_push_pop(d);
    }
    if ((op >= 0x70 && op <= 0x7f) || (op >= 0xe0 && op <= 0xe3)) {
        return made(EVPROF_INSN_BRANCH, d->immediate);
    }
    switch (op) {
    case 0x68:
    case 0x6a:
    case 0x9c:
        return made(EVPROF_INSN_SP_ADD, -8);
    case 0x8f:
    case 0x9d:
        return made(writes_rsp(d) ? EVPROF_INSN_SP_LOST : EVPROF_INSN_SP_ADD,
                    8);
    case 0x81:
    case 0x83:
        return judge_arithmetic(d);
    case 0x89:
    case 0x8b:
        return judge_mov(d);
    case 0x8d:
        return judge_lea(d);
    case 0xc9:
        return made(EVPROF_INSN_FP_POPPED, 0);
    case 0xe9:
    case 0xeb:
        return made(EVPROF_INSN_JUMP, d->immediate);
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcf:
    case 0xf4:
    case 0xcc:
        return made(EVPROF_INSN_STOP, 0);
    case 0xff:
        return judge_group_ff(d);
    case 0x94: /* xchg %rax, %rsp */
    case 0xbc: /* mov $n, %rsp */
        return made(
            (d->rex & REX_B) == 0 ? EVPROF_INSN_SP_LOST : EVPROF_INSN_PLAIN, 0);
    case 0xc8: /* enter */
        return made(EVPROF_INSN_SP_LOST, 0);
    default:
        return made(writes_rsp(d) ? EVPROF_INSN_SP_LOST : EVPROF_INSN_PLAIN, 0);
    }
}

/* The map of 0f. */
static evprof_insn_t
judge_0f(const decoder_t *d)
{
    unsigned char op = d->opcode;
    bool is_move = op >= 0x40 && op <= 0x4f;
    if (op >= 0x80 && op <= 0x8f) {
        return made(EVPROF_INSN_BRANCH, d->immediate);
    }
    if (is_move && is_reg_register(d, RSP)) {
        return made(EVPROF_INSN_SP_LOST, 0);
    }
    switch (op) {
    case 0x0b: /* ud2 */
        return made(EVPROF_INSN_STOP, 0);
    case 0xa0: /* push %fs, push %gs */
    case 0xa8:
        return made(EVPROF_INSN_SP_ADD, -8);
    case 0xa1: /* pop %fs, pop %gs */
    case 0xa9:
        return made(EVPROF_INSN_SP_ADD, 8);
    default:
        return made(EVPROF_INSN_PLAIN, 0);
    }
}

static evprof_insn_t
judge(const decoder_t *d)
{
    if (d->is_vector || d->map > MAP_0F) {
        return made(EVPROF_INSN_PLAIN, 0);
    }
    return d->map == MAP_ONE ? judge_one(d) : judge_0f(d);
}

evprof_insn_t
evprof_insn_decode(const unsigned char *code, size_t size)
{
    decoder_t d = { .code = code, .size = size };
    read_opcode(&d);
    d.has_modrm = takes_modrm(&d);
    if (d.has_modrm) {
        read_modrm(&d);
    }
    d.immediate = next_number(&d, immediate_size(&d));
    if (d.failed) {
        return (evprof_insn_t){ .length = 0 };
    }
    evprof_insn_t out = judge(&d);
    out.length = d.at;
    return out;
}
