/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions are to the search for the depth of a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/unwind/insn_x86_64.h"

typedef struct row {
    const char *bytes;
    size_t length;
    enum evprof_insn_kind kind;
    int64_t value;
} row_t;

static void
expect(const row_t *row)
{
    const unsigned char *code = (const unsigned char *)row->bytes;
    evprof_insn_t insn = evprof_insn_decode(code, row->length);
    if (insn.length != row->length || insn.kind != row->kind ||
        insn.value != row->value) {
        fail_msg("%02x %02x: %zu bytes, kind %d, value %lld", code[0], code[1],
                 insn.length, (int)insn.kind, (long long)insn.value);
    }
    /* What is cut is not known. */
    for (size_t size = 0; size < row->length; size++) {
        assert_int_equal(evprof_insn_decode(code, size).length, 0);
    }
}

#define EXPECT(rows)                                                           \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                \
    expect(&rows[i])

static void
test_stack_pointer(void **state)
{
    static const row_t rows[] = {
        { "\x55", 1, EVPROF_INSN_SP_ADD, -8 },              /* push %rbp */
        { "\x41\x54", 2, EVPROF_INSN_SP_ADD, -8 },          /* push %r12 */
        { "\x58", 1, EVPROF_INSN_SP_ADD, 8 },               /* pop %rax */
        { "\x41\x5d", 2, EVPROF_INSN_SP_ADD, 8 },           /* pop %r13 */
        { "\x5d", 1, EVPROF_INSN_FP_POPPED, 8 },            /* pop %rbp */
        { "\x6a\x01", 2, EVPROF_INSN_SP_ADD, -8 },          /* push $1 */
        { "\x48\x83\xec\x18", 4, EVPROF_INSN_SP_ADD, -24 }, /* sub $24 */
        { "\x48\x83\xc4\x18", 4, EVPROF_INSN_SP_ADD, 24 },  /* add $24 */
        { "\x48\x81\xec\0\1\0\0", 7, EVPROF_INSN_SP_ADD, -256 },
        { "\x48\x8d\x64\x24\xf8", 5, EVPROF_INSN_SP_ADD,
          -8 }, /* lea -8(%rsp) */
        { "\x48\x8d\x65\xd8", 4, EVPROF_INSN_SP_OF_FP,
          -40 },                                        /* lea -40(%rbp) */
        { "\x48\x89\xec", 3, EVPROF_INSN_SP_OF_FP, 0 }, /* mov %rbp,%rsp */
        { "\x48\x89\xe5", 3, EVPROF_INSN_FP_OF_SP, 0 }, /* mov %rsp,%rbp */
        { "\xc9", 1, EVPROF_INSN_FP_POPPED, 0 },        /* leave */
    };
    (void)state;
    EXPECT(rows);
}

/* What writes the stack pointer some other way, and what only reads it. */
static void
test_lost_stack_pointer(void **state)
{
    static const row_t rows[] = {
        { "\x48\x83\xe4\xf0", 4, EVPROF_INSN_SP_LOST, 0 },     /* and $-16 */
        { "\x48\x63\xe0", 3, EVPROF_INSN_SP_LOST, 0 },         /* movslq */
        { "\x48\x6b\xe0\x08", 4, EVPROF_INSN_SP_LOST, 0 },     /* imul $8 */
        { "\x48\x69\xe0\0\1\0\0", 7, EVPROF_INSN_SP_LOST, 0 }, /* imul $256 */
        { "\x48\x87\xe0", 3, EVPROF_INSN_SP_LOST, 0 },         /* xchg */
        { "\x48\x87\xc4", 3, EVPROF_INSN_SP_LOST, 0 },
        { "\x48\x03\xe0", 3, EVPROF_INSN_SP_LOST, 0 }, /* add %rax,%rsp */
        { "\x48\x01\xc4", 3, EVPROF_INSN_SP_LOST, 0 },
        { "\x48\xc1\xe4\x04", 4, EVPROF_INSN_SP_LOST, 0 }, /* shl $4,%rsp */
        { "\x48\x6b\xc4\x08", 4, EVPROF_INSN_PLAIN, 0 },   /* imul of %rsp */
        { "\x48\x63\xc4", 3, EVPROF_INSN_PLAIN, 0 },
        { "\x48\x85\xe4", 3, EVPROF_INSN_PLAIN, 0 }, /* test %rsp,%rsp */
        { "\x48\x85\xe0", 3, EVPROF_INSN_PLAIN, 0 },
        { "\x48\x3b\xe0", 3, EVPROF_INSN_PLAIN, 0 }, /* cmp %rax,%rsp */
        { "\x48\x39\xc4", 3, EVPROF_INSN_PLAIN, 0 },
        { "\x4c\x03\xe0", 3, EVPROF_INSN_PLAIN, 0 }, /* add %rax,%r12 */
        { "\x48\x89\x64\x24\x08", 5, EVPROF_INSN_PLAIN,
          0 } /* mov %rsp,8(%rsp) */
    };
    (void)state;
    EXPECT(rows);
}

static void
test_flow(void **state)
{
    static const row_t rows[] = {
        { "\xc3", 1, EVPROF_INSN_STOP, 0 },     /* ret */
        { "\xf3\xc3", 2, EVPROF_INSN_STOP, 0 }, /* rep ret */
        { "\x0f\x0b", 2, EVPROF_INSN_STOP, 0 }, /* ud2 */
        { "\xeb\x10", 2, EVPROF_INSN_JUMP, 16 },
        { "\xe9\xf0\xff\xff\xff", 5, EVPROF_INSN_JUMP, -16 },
        { "\x74\xfe", 2, EVPROF_INSN_BRANCH, -2 },
        { "\x0f\x85\0\1\0\0", 6, EVPROF_INSN_BRANCH, 256 },
        { "\xe3\x05", 2, EVPROF_INSN_BRANCH, 5 },       /* jrcxz */
        { "\xff\xe0", 2, EVPROF_INSN_JUMP_FAR, 0 },     /* jmp *%rax */
        { "\x3e\xff\xe0", 3, EVPROF_INSN_JUMP_FAR, 0 }, /* notrack */
    };
    (void)state;
    EXPECT(rows);
}

/* Each prefix belongs to the instruction, also beside another one. */
static void
test_prefixes(void **state)
{
    static const unsigned char prefixes[] = { 0x66, 0x67, 0xf0, 0xf2,
                                              0xf3, 0x2e, 0x36, 0x3e,
                                              0x26, 0x64, 0x65 };
    (void)state;
    for (size_t i = 0; i < sizeof(prefixes); i++) {
        const unsigned char one[] = { prefixes[i], 0x01, 0x03 };
        const unsigned char two[] = { 0x2e, prefixes[i], 0x48, 0x01, 0xc4 };
        assert_int_equal(evprof_insn_decode(one, 3).length, 3);
        assert_int_equal(evprof_insn_decode(one, 3).kind, EVPROF_INSN_PLAIN);
        assert_int_equal(evprof_insn_decode(two, 5).length, 5);
        assert_int_equal(evprof_insn_decode(two, 5).kind, EVPROF_INSN_SP_LOST);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stack_pointer),
        cmocka_unit_test(test_lost_stack_pointer),
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests_name("insn", tests, NULL, NULL);
}
