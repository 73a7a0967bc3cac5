/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions in call-frame data: they compute the address of a frame or
 * of a saved register. The stack has 16 words and the number of steps a limit;
 * operations that no compiler emits here end the evaluation.
 */
#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_read.h"

/* DW_OP_* */
enum {
    OP_ADDR = 0x03,
    OP_DEREF = 0x06,
    OP_CONST1U = 0x08,
    OP_CONST1S = 0x09,
    OP_CONST2U = 0x0a,
    OP_CONST2S = 0x0b,
    OP_CONST4U = 0x0c,
    OP_CONST4S = 0x0d,
    OP_CONST8U = 0x0e,
    OP_CONST8S = 0x0f,
    OP_CONSTU = 0x10,
    OP_CONSTS = 0x11,
    OP_DUP = 0x12,
    OP_DROP = 0x13,
    OP_OVER = 0x14,
    OP_SWAP = 0x16,
    OP_ABS = 0x19,
    OP_AND = 0x1a,
    OP_MINUS = 0x1c,
    OP_MUL = 0x1e,
    OP_NEG = 0x1f,
    OP_NOT = 0x20,
    OP_OR = 0x21,
    OP_PLUS = 0x22,
    OP_PLUS_UCONST = 0x23,
    OP_SHL = 0x24,
    OP_SHR = 0x25,
    OP_SHRA = 0x26,
    OP_XOR = 0x27,
    OP_BRA = 0x28,
    OP_EQ = 0x29,
    OP_GE = 0x2a,
    OP_GT = 0x2b,
    OP_LE = 0x2c,
    OP_LT = 0x2d,
    OP_NE = 0x2e,
    OP_SKIP = 0x2f,
    OP_LIT0 = 0x30,
    OP_LIT31 = 0x4f,
    OP_BREG0 = 0x70,
    OP_BREG31 = 0x8f,
    OP_BREGX = 0x92,
    OP_NOP = 0x96,
};

#define STACK_MOST 16u
#define STEPS_MOST 128u

typedef struct machine {
    evprof_cfi_expr_t *expr;
    evprof_reader_t r;
    size_t begin;
    uint64_t stack[STACK_MOST];
    unsigned depth;
    bool failed;
} machine_t;

static void
push(machine_t *m, uint64_t value)
{
    if (m->depth >= STACK_MOST) {
        m->failed = true;
        return;
    }
    m->stack[m->depth++] = value;
}

static uint64_t
pop(machine_t *m)
{
    if (m->depth == 0) {
        m->failed = true;
        return 0;
    }
    return m->stack[--m->depth];
}

static void
push_register(machine_t *m, uint64_t reg)
{
    int64_t offset = evprof_read_sleb(&m->r);
    const evprof_regs_t *regs = m->expr->regs;
    if (reg >= EVPROF_REG_COUNT || (regs->known >> reg & 1) == 0) {
        m->expr->needs_all = reg < EVPROF_REG_COUNT;
        m->failed = true;
        return;
    }
    push(m, regs->r[reg] + (uint64_t)offset);
}

static bool
push_constant(machine_t *m, uint8_t op)
{
    static const uint8_t sign_bits[] = { 0, 56, 0, 48, 0, 32, 0, 0 };
    if (op >= OP_CONST1U && op <= OP_CONST8S) {
        unsigned which = op - OP_CONST1U;
        uint64_t value = evprof_read_fixed(&m->r, (size_t)1 << which / 2);
        unsigned shift = sign_bits[which];
        push(m, (uint64_t)((int64_t)(value << shift) >> shift));
        return true;
    }
    if (op >= OP_LIT0 && op <= OP_LIT31) {
        push(m, op - OP_LIT0);
        return true;
    }
    switch (op) {
    case OP_ADDR:
        push(m, evprof_read_fixed(&m->r, sizeof(uintptr_t)));
        return true;
    case OP_CONSTU:
        push(m, evprof_read_uleb(&m->r));
        return true;
    case OP_CONSTS:
        push(m, (uint64_t)evprof_read_sleb(&m->r));
        return true;
    default:
        return false;
    }
}

static bool
run_binary(machine_t *m, uint8_t op)
{
    if (op < OP_AND || op > OP_NE || op == OP_NEG || op == OP_NOT ||
        op == OP_PLUS_UCONST || op == OP_BRA || op == OP_AND + 1 ||
        op == OP_MINUS + 1) {
        return false;
    }
    uint64_t b = pop(m);
    uint64_t a = pop(m);
    int64_t x = (int64_t)a;
    int64_t y = (int64_t)b;
    switch (op) {
    case OP_AND:
        push(m, a & b);
        break;
    case OP_MINUS:
        push(m, a - b);
        break;
    case OP_MUL:
        push(m, a * b);
        break;
    case OP_OR:
        push(m, a | b);
        break;
    case OP_PLUS:
        push(m, a + b);
        break;
    case OP_SHL:
        push(m, b < 64 ? a << b : 0);
        break;
    case OP_SHR:
        push(m, b < 64 ? a >> b : 0);
        break;
    case OP_SHRA:
        /* C leaves the result to the compiler: gcc and clang shift the sign
         * in. */
        push(m, b < 63 ? (uint64_t)(x >> b) : (x < 0 ? UINT64_MAX : 0));
        break;
    case OP_XOR:
        push(m, a ^ b);
        break;
    case OP_EQ:
        push(m, x == y);
        break;
    case OP_GE:
        push(m, x >= y);
        break;
    case OP_GT:
        push(m, x > y);
        break;
    case OP_LE:
        push(m, x <= y);
        break;
    case OP_LT:
        push(m, x < y);
        break;
    default:
        push(m, x != y);
    }
    return true;
}

static void
jump(machine_t *m, int16_t distance)
{
    size_t at = m->r.at + (size_t)(intptr_t)distance;
    if (at < m->begin || at > m->r.end) {
        m->failed = true;
    } else {
        m->r.at = at;
    }
}

static void
load(machine_t *m)
{
    uintptr_t value = 0;
    uintptr_t address = (uintptr_t)pop(m);
    if (!evprof_window_load(m->expr->window, address, &value)) {
        m->failed = true;
    }
    push(m, value);
}

static bool
run_stack(machine_t *m, uint8_t op)
{
    uint64_t a = pop(m);
    uint64_t b = 0;
    switch (op) {
    case OP_DUP:
        push(m, a);
        push(m, a);
        return true;
    case OP_DROP:
        return true;
    case OP_OVER:
        b = pop(m);
        push(m, b);
        push(m, a);
        push(m, b);
        return true;
    case OP_SWAP:
        b = pop(m);
        push(m, a);
        push(m, b);
        return true;
    case OP_ABS:
        push(m, (int64_t)a < 0 ? 0 - a : a);
        return true;
    case OP_NEG:
        push(m, 0 - a);
        return true;
    case OP_NOT:
        push(m, ~a);
        return true;
    default:
        return false;
    }
}

static bool
run_rest(machine_t *m, uint8_t op)
{
    int16_t distance = 0;
    switch (op) {
    case OP_DEREF:
        load(m);
        return true;
    case OP_PLUS_UCONST:
        push(m, pop(m) + evprof_read_uleb(&m->r));
        return true;
    case OP_SKIP:
    case OP_BRA:
        distance = (int16_t)evprof_read_fixed(&m->r, 2);
        if (op == OP_SKIP || pop(m) != 0) {
            jump(m, distance);
        }
        return true;
    case OP_BREGX:
        push_register(m, evprof_read_uleb(&m->r));
        return true;
    case OP_NOP:
        return true;
    default:
        return run_stack(m, op);
    }
}

static void
run_one(machine_t *m)
{
    uint8_t op = evprof_read_u8(&m->r);
    if (op >= OP_BREG0 && op <= OP_BREG31) {
        push_register(m, op - OP_BREG0);
    } else if (!push_constant(m, op) && !run_binary(m, op) &&
               !run_rest(m, op)) {
        m->failed = true;
    }
    m->failed |= m->r.failed;
}

bool
evprof_cfi_evaluate(evprof_cfi_expr_t *expr, uintptr_t *out)
{
    machine_t m = {
        .expr = expr,
        .r = { .data = expr->cfi->data,
               .at = expr->offset,
               .end = expr->cfi->size },
    };
    expr->needs_all = false;
    uint64_t length = evprof_read_uleb(&m.r);
    if (m.r.failed || length > m.r.end - m.r.at) {
        return false;
    }
    m.begin = m.r.at;
    m.r.end = m.r.at + (size_t)length;
    if (expr->has_first) {
        push(&m, expr->first);
    }
    for (unsigned steps = 0; m.r.at < m.r.end; steps++) {
        if (m.failed || steps == STEPS_MOST) {
            return false;
        }
        run_one(&m);
    }
    *out = (uintptr_t)pop(&m);
    return !m.failed;
}
