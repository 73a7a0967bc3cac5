/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions are to the search for the depth of a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/unwind/insn_x86_64.h"

typedef struct row {
    const char *bytes;
    size_t length;
    enum evprof_insn_kind kind;
    int64_t value;
} row_t;

#define INSN(name, number, text)                                               \
    {                                                                          \
        .bytes = (text), .length = sizeof(text) - 1,                           \
        .kind = EVPROF_INSN_##name, .value = (number)                          \
    }

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
        INSN(SP_ADD, -8, "\x55"),              /* push %rbp */
        INSN(SP_ADD, -8, "\x41\x54"),          /* push %r12 */
        INSN(SP_ADD, 8, "\x58"),               /* pop %rax */
        INSN(SP_ADD, 8, "\x41\x5d"),           /* pop %r13 */
        INSN(FP_POPPED, 8, "\x5d"),            /* pop %rbp */
        INSN(SP_ADD, -8, "\x6a\x01"),          /* push $1 */
        INSN(SP_ADD, -24, "\x48\x83\xec\x18"), /* sub $24 */
        INSN(SP_ADD, 24, "\x48\x83\xc4\x18"),  /* add $24 */
        INSN(SP_ADD, -256, "\x48\x81\xec\0\1\0\0"),
        INSN(SP_ADD, -8, "\x48\x8d\x64\x24\xf8"),  /* lea -8(%rsp) */
        INSN(SP_OF_FP, -40, "\x48\x8d\x65\xd8"),   /* lea -40(%rbp) */
        INSN(SP_OF_FP, 0, "\x48\x89\xec"),         /* mov %rbp,%rsp */
        INSN(FP_OF_SP, 0, "\x48\x89\xe5"),         /* mov %rsp,%rbp */
        INSN(FP_POPPED, 0, "\xc9"),                /* leave */
        INSN(FP_OF_SP, 0, "\x48\x8b\xec"),         /* mov %rsp,%rbp */
        INSN(FP_OF_SP, 0, "\x48\x8d\x2c\x24"),     /* lea (%rsp),%rbp */
        INSN(SP_OF_FP, 0, "\x48\x8b\xe5"),         /* mov %rbp,%rsp */
        INSN(FP_OF_SP, 8, "\x48\x8d\x6c\x24\x08"), /* lea 8(%rsp),%rbp */
        INSN(SP_OF_FP, 0x12345678,
             "\x48\x8d\xa5\x78\x56\x34\x12"), /* lea 0x12345678(%rbp),%rsp */
        INSN(SP_ADD, -8, "\x68\x78\x56\x34\x12"), /* push $0x12345678 */
        INSN(SP_ADD, -8, "\xff\x30"),             /* push (%rax) */
        INSN(SP_ADD, -8, "\xff\x74\x24\x08"),     /* push 8(%rsp) */
        INSN(SP_ADD, 8, "\x8f\x00"),              /* pop (%rax) */
        INSN(SP_ADD, 8, "\x41\x5c"),              /* pop %r12 */
        INSN(SP_ADD, -8, "\x54"),                 /* push %rsp */
        INSN(SP_ADD, -8, "\x9c"),                 /* pushf */
        INSN(SP_ADD, 8, "\x9d"),                  /* popf */
        INSN(SP_ADD, -8, "\x0f\xa0"),             /* push %fs */
        INSN(SP_ADD, 8, "\x0f\xa1"),              /* pop %fs */
        INSN(SP_ADD, 8, "\x48\x83\xc4\x08"),      /* add $8,%rsp */
        INSN(SP_ADD, -8, "\x0f\xa8"),             /* push %gs */
        INSN(SP_ADD, 8, "\x0f\xa9"),              /* pop %gs */
    };
    (void)state;
    EXPECT(rows);
}

/* What writes the stack pointer some other way, and what only reads it. */
static void
test_lost_stack_pointer(void **state)
{
    static const row_t rows[] = {
        INSN(SP_LOST, 0, "\x48\x83\xe4\xf0"),     /* and $-16 */
        INSN(SP_LOST, 0, "\x48\x63\xe0"),         /* movslq */
        INSN(SP_LOST, 0, "\x48\x6b\xe0\x08"),     /* imul $8 */
        INSN(SP_LOST, 0, "\x48\x69\xe0\0\1\0\0"), /* imul $256 */
        INSN(SP_LOST, 0, "\x48\x87\xe0"),         /* xchg */
        INSN(SP_LOST, 0, "\x48\x87\xc4"),
        INSN(SP_LOST, 0, "\x48\x03\xe0"), /* add %rax,%rsp */
        INSN(SP_LOST, 0, "\x48\x01\xc4"),
        INSN(SP_LOST, 0, "\x48\xc1\xe4\x04"), /* shl $4,%rsp */
        INSN(PLAIN, 0, "\x48\x6b\xc4\x08"),   /* imul of %rsp */
        INSN(PLAIN, 0, "\x48\x63\xc4"),
        INSN(PLAIN, 0, "\x48\x85\xe4"), /* test %rsp,%rsp */
        INSN(PLAIN, 0, "\x48\x85\xe0"),
        INSN(PLAIN, 0, "\x48\x3b\xe0"), /* cmp %rax,%rsp */
        INSN(PLAIN, 0, "\x48\x39\xc4"),
        INSN(PLAIN, 0, "\x4c\x03\xe0"),                 /* add %rax,%r12 */
        INSN(PLAIN, 0, "\x48\x89\x64\x24\x08"),         /* mov %rsp,8(%rsp) */
        INSN(PLAIN, 0, "\x00\xc4"),                     /* add %al,%ah */
        INSN(SP_LOST, 0, "\x40\x00\xc4"),               /* add %al,%spl */
        INSN(PLAIN, 0, "\x00\xe0"),                     /* add %ah,%al */
        INSN(PLAIN, 0, "\x40\x00\xe0"),                 /* add %spl,%al */
        INSN(PLAIN, 0, "\x48\x01\xe0"),                 /* add %rsp,%rax */
        INSN(SP_LOST, 0, "\x48\x29\xc4"),               /* sub %rax,%rsp */
        INSN(SP_LOST, 0, "\x48\x21\xc4"),               /* and %rax,%rsp */
        INSN(SP_LOST, 0, "\x48\x33\x20"),               /* xor (%rax),%rsp */
        INSN(PLAIN, 0, "\x48\x3b\x20"),                 /* cmp (%rax),%rsp */
        INSN(SP_LOST, 0, "\x48\xf7\xdc"),               /* neg %rsp */
        INSN(SP_LOST, 0, "\x48\xf7\xd4"),               /* not %rsp */
        INSN(PLAIN, 0, "\x48\xf7\xc4\x01\x00\x00\x00"), /* test $1,%rsp */
        INSN(SP_LOST, 0,
             "\x48\xbc\x88\x77\x66\x55\x44\x33\x22\x11"), /* movabs
                                                             $0x1122...,%rsp
                                                           */
        INSN(SP_LOST, 0, "\x48\xc7\xc4\x01\x00\x00\x00"), /* mov $1,%rsp */
        INSN(PLAIN, 0, "\x48\x89\xe0"),                   /* mov %rsp,%rax */
        INSN(SP_LOST, 0, "\x48\x89\xc4"),                 /* mov %rax,%rsp */
        INSN(PLAIN, 0, "\x49\x89\xe4"),                   /* mov %rsp,%r12 */
        INSN(PLAIN, 0, "\x49\x89\xe5"),                   /* mov %rsp,%r13 */
        INSN(SP_LOST, 0, "\x4c\x89\xec"),                 /* mov %r13,%rsp */
        INSN(SP_LOST, 0, "\x48\x8b\x65\x00"),             /* mov 0(%rbp),%rsp */
        INSN(SP_LOST, 0, "\x48\x8b\x20"),                 /* mov (%rax),%rsp */
        INSN(SP_LOST, 0, "\x48\x8b\xe0"),                 /* mov %rax,%rsp */
        INSN(SP_LOST, 0, "\x48\x8d\x20"),                 /* lea (%rax),%rsp */
        INSN(SP_LOST, 0, "\x48\x8d\x64\x04\x08"), /* lea 8(%rsp,%rax,1),%rsp */
        INSN(SP_LOST, 0, "\x48\x8d\x64\x05\x08"), /* lea 8(%rbp,%rax,1),%rsp */
        INSN(SP_LOST, 0, "\x49\x8d\x65\x08"),     /* lea 8(%r13),%rsp */
        INSN(SP_LOST, 0, "\x49\x8d\x64\x24\x08"), /* lea 8(%r12),%rsp */
        INSN(SP_LOST, 0,
             "\x48\x8d\x25\x78\x56\x34\x12"), /* lea 0x12345678(%rip),%rsp */
        INSN(SP_LOST, 0, "\x4a\x8d\x24\x24"), /* lea (%rsp,%r12,1),%rsp */
        INSN(SP_LOST, 0, "\xc8\x10\x00\x00"), /* enter $0x10,$0 */
        INSN(SP_LOST, 0, "\x5c"),             /* pop %rsp */
        INSN(SP_LOST, 0, "\x66\x50"),         /* push %ax */
        INSN(SP_LOST, 0, "\x66\x58"),         /* pop %ax */
        INSN(SP_LOST, 0, "\x48\xff\xc4"),     /* inc %rsp */
        INSN(SP_LOST, 0, "\x48\xff\xcc"),     /* dec %rsp */
        INSN(SP_LOST, 0, "\x48\x94"),         /* xchg %rax,%rsp */
        INSN(SP_LOST, 0, "\x48\x87\xcc"),     /* xchg %rcx,%rsp */
        INSN(SP_LOST, 0, "\x48\x87\x20"),     /* xchg %rsp,(%rax) */
        INSN(SP_LOST, 0, "\x48\xd1\xe4"),     /* shl %rsp */
        INSN(SP_LOST, 0, "\x48\xd3\xe4"),     /* shl %cl,%rsp */
        INSN(SP_LOST, 0, "\x48\xc1\xe4\x03"), /* shl $3,%rsp */
        INSN(SP_LOST, 0,
             "\x48\x69\xe0\x78\x56\x34\x12"), /* imul $0x12345678,%rax,%rsp */
        INSN(SP_LOST, 0, "\x83\xc4\x08"),     /* add $8,%esp */
        INSN(SP_LOST, 0, "\x48\x83\xcc\x08"), /* or $8,%rsp */
        INSN(SP_LOST, 0, "\x48\x83\xf4\x08"), /* xor $8,%rsp */
        INSN(PLAIN, 0, "\x48\x83\xfc\x08"),   /* cmp $8,%rsp */
        INSN(SP_LOST, 0, "\x48\x83\xd4\x08"), /* adc $8,%rsp */
        INSN(SP_LOST, 0, "\x48\x0f\x44\xe0"), /* cmove %rax,%rsp */
        INSN(SP_LOST, 0, "\x48\x0f\x4f\xe0"), /* cmovg %rax,%rsp */
        INSN(PLAIN, 0, "\x48\x0f\x44\xc4"),   /* cmove %rsp,%rax */
    };
    (void)state;
    EXPECT(rows);
}

static void
test_flow(void **state)
{
    static const row_t rows[] = {
        INSN(STOP, 0, "\xc3"),     /* ret */
        INSN(STOP, 0, "\xf3\xc3"), /* rep ret */
        INSN(STOP, 0, "\x0f\x0b"), /* ud2 */
        INSN(JUMP, 16, "\xeb\x10"),
        INSN(JUMP, -16, "\xe9\xf0\xff\xff\xff"),
        INSN(BRANCH, -2, "\x74\xfe"),
        INSN(BRANCH, 256, "\x0f\x85\0\1\0\0"),
        INSN(BRANCH, 5, "\xe3\x05"),       /* jrcxz */
        INSN(JUMP_FAR, 0, "\xff\xe0"),     /* jmp *%rax */
        INSN(JUMP_FAR, 0, "\x3e\xff\xe0"), /* notrack */
        INSN(JUMP_FAR, 0, "\xff\x60\x08"), /* jmp *8(%rax) */
        INSN(JUMP_FAR, 0, "\xff\x24\xc8"), /* jmp *(%rax,%rcx,8) */
        INSN(JUMP_FAR, 0, "\xff\x28"),     /* ljmp *(%rax) */
        INSN(STOP, 0, "\xc2\x10\x00"),     /* ret $0x10 */
        INSN(STOP, 0, "\xcb"),             /* lret */
        INSN(STOP, 0, "\xca\x10\x00"),     /* lret $0x10 */
        INSN(STOP, 0, "\x48\xcf"),         /* iretq */
        INSN(STOP, 0, "\xf4"),             /* hlt */
        INSN(STOP, 0, "\xcc"),             /* int3 */
        INSN(JUMP, -2, "\xeb\xfe"),        /* jmp 0x2db */
        INSN(JUMP, 127, "\xeb\x7f"),       /* jmp 0x35e */
        INSN(BRANCH, -2, "\xe2\xfe"),      /* loop 0x2df */
        INSN(BRANCH, -2, "\xe3\xfe"),      /* jrcxz 0x2e1 */
        INSN(BRANCH, -2, "\x70\xfe"),      /* jo 0x2e3 */
        INSN(BRANCH, -2, "\x7f\xfe"),      /* jg 0x2e5 */
        INSN(BRANCH, 0x12345678,
             "\x0f\x80\x78\x56\x34\x12"), /* jo 0x12345965 */
        INSN(BRANCH, 0x12345678,
             "\x0f\x8f\x78\x56\x34\x12"), /* jg 0x1234596b */
    };
    (void)state;
    EXPECT(rows);
}

/* What does none of that, by operands and by map of opcodes: only where the
 * next instruction begins matters. */
static const row_t plain_rows[] = {
    INSN(PLAIN, 0, "\x04\x04"),                 /* add $4,%al */
    INSN(PLAIN, 0, "\x05\x78\x56\x34\x12"),     /* add $0x12345678,%eax */
    INSN(PLAIN, 0, "\x66\x05\x34\x12"),         /* add $0x1234,%ax */
    INSN(PLAIN, 0, "\x48\x05\x78\x56\x34\x12"), /* add $0x12345678,%rax */
    INSN(PLAIN, 0, "\xa8\x01"),                 /* test $1,%al */
    INSN(PLAIN, 0, "\xa9\x78\x56\x34\x12"),     /* test $0x12345678,%eax */
    INSN(PLAIN, 0, "\x66\xa9\x34\x12"),         /* test $0x1234,%ax */
    INSN(PLAIN, 0, "\xf6\x00\x01"),             /* testb $1,(%rax) */
    INSN(PLAIN, 0, "\xf7\x00\x78\x56\x34\x12"), /* testl $0x12345678,(%rax) */
    INSN(PLAIN, 0, "\x66\xf7\x00\x34\x12"),     /* testw $0x1234,(%rax) */
    INSN(PLAIN, 0, "\xf6\x10"),                 /* notb (%rax) */
    INSN(PLAIN, 0, "\xf7\x10"),                 /* notl (%rax) */
    INSN(PLAIN, 0, "\xb0\x01"),                 /* mov $1,%al */
    INSN(PLAIN, 0, "\xb7\x01"),                 /* mov $1,%bh */
    INSN(PLAIN, 0, "\xb8\x78\x56\x34\x12"),     /* mov $0x12345678,%eax */
    INSN(PLAIN, 0, "\x66\xb8\x34\x12"),         /* mov $0x1234,%ax */
    INSN(PLAIN, 0, "\xbf\x78\x56\x34\x12"),     /* mov $0x12345678,%edi */
    INSN(PLAIN, 0,
         "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11"), /* movabs
                                                         $0x1122...,%rax
                                                       */
    INSN(PLAIN, 0,
         "\x48\xbf\x88\x77\x66\x55\x44\x33\x22\x11"), /* movabs
                                                         $0x1122...,%rdi
                                                       */
    INSN(PLAIN, 0, "\x41\xbc\x78\x56\x34\x12"), /* mov $0x12345678,%r12d */
    INSN(PLAIN, 0, "\xa0\x88\x77\x66\x55\x44\x33\x22\x11"), /* movabs
                                                               0x1122...,%al
                                                             */
    INSN(PLAIN, 0, "\xa1\x88\x77\x66\x55\x44\x33\x22\x11"), /* movabs
                                                               0x1122...,%eax
                                                             */
    INSN(PLAIN, 0, "\xa3\x88\x77\x66\x55\x44\x33\x22\x11"), /* movabs
                                                               %eax,0x1122...
                                                             */
    INSN(PLAIN, 0, "\xc6\x00\x01"),                         /* movb $1,(%rax) */
    INSN(PLAIN, 0, "\xc7\x00\x78\x56\x34\x12"), /* movl $0x12345678,(%rax) */
    INSN(PLAIN, 0, "\x66\xc7\x00\x34\x12"),     /* movw $0x1234,(%rax) */
    INSN(PLAIN, 0, "\x89\x04\x88"),             /* mov %eax,(%rax,%rcx,4) */
    INSN(PLAIN, 0, "\x89\x44\x88\x08"),         /* mov %eax,8(%rax,%rcx,4) */
    INSN(PLAIN, 0,
         "\x89\x84\x88\x78\x56\x34\x12"), /* mov
                                             %eax,0x12345678(%rax,%rcx,4) */
    INSN(PLAIN, 0,
         "\x89\x04\x8d\x78\x56\x34\x12"), /* mov %eax,0x12345678(,%rcx,4) */
    INSN(PLAIN, 0, "\x89\x44\x8d\x00"),   /* mov %eax,0(%rbp,%rcx,4) */
    INSN(PLAIN, 0, "\x41\x89\x45\x00"),   /* mov %eax,0(%r13) */
    INSN(PLAIN, 0, "\x89\x05\x78\x56\x34\x12"), /* mov %eax,0x12345678(%rip) */
    INSN(PLAIN, 0, "\x89\x04\x24"),             /* mov %eax,(%rsp) */
    INSN(PLAIN, 0, "\x48\x89\xe8"),             /* mov %rbp,%rax */
    INSN(PLAIN, 0, "\x48\x89\xc5"),             /* mov %rax,%rbp */
    INSN(PLAIN, 0, "\x4c\x89\xe0"),             /* mov %r12,%rax */
    INSN(PLAIN, 0, "\x49\x89\xec"),             /* mov %rbp,%r12 */
    INSN(PLAIN, 0, "\x48\x8b\x2c\x24"),         /* mov (%rsp),%rbp */
    INSN(PLAIN, 0, "\x48\x8d\x44\x24\x08"),     /* lea 8(%rsp),%rax */
    INSN(PLAIN, 0, "\x48\x8d\x6d\x08"),         /* lea 8(%rbp),%rbp */
    INSN(PLAIN, 0, "\x4c\x8d\x65\xf8"),         /* lea -8(%rbp),%r12 */
    INSN(PLAIN, 0, "\x4c\x8d\x6c\x24\x08"),     /* lea 8(%rsp),%r13 */
    INSN(PLAIN, 0, "\x48\xff\xc0"),             /* inc %rax */
    INSN(PLAIN, 0, "\xff\x04\x24"),             /* incl (%rsp) */
    INSN(PLAIN, 0, "\xff\xd0"),                 /* call *%rax */
    INSN(PLAIN, 0, "\xff\x50\x08"),             /* call *8(%rax) */
    INSN(PLAIN, 0, "\xe8\xfb\xff\xff\xff"),     /* call 0x191 */
    INSN(PLAIN, 0, "\x49\x94"),                 /* xchg %rax,%r12 */
    INSN(PLAIN, 0, "\xc0\x20\x03"),             /* shlb $3,(%rax) */
    INSN(PLAIN, 0, "\xd3\x00"),                 /* roll %cl,(%rax) */
    INSN(PLAIN, 0, "\x66\x69\xc8\x34\x12"),     /* imul $0x1234,%ax,%cx */
    INSN(PLAIN, 0, "\x49\x83\xec\x08"),         /* sub $8,%r12 */
    INSN(PLAIN, 0, "\x83\x04\x24\x08"),         /* addl $8,(%rsp) */
    INSN(PLAIN, 0, "\x66\x81\x00\x34\x12"),     /* addw $0x1234,(%rax) */
    INSN(PLAIN, 0, "\x81\x00\x78\x56\x34\x12"), /* addl $0x12345678,(%rax) */
    INSN(PLAIN, 0, "\x80\x00\x01"),             /* addb $1,(%rax) */
    INSN(PLAIN, 0, "\x4c\x0f\x44\xe0"),         /* cmove %rax,%r12 */
    INSN(PLAIN, 0, "\x0f\xb6\xc0"),             /* movzbl %al,%eax */
    INSN(PLAIN, 0, "\x0f\xba\xe0\x03"),         /* bt $3,%eax */
    INSN(PLAIN, 0, "\x0f\xa3\xc1"),             /* bt %eax,%ecx */
    INSN(PLAIN, 0, "\x0f\xa4\xc1\x03"),         /* shld $3,%eax,%ecx */
    INSN(PLAIN, 0, "\x0f\xa5\xc1"),             /* shld %cl,%eax,%ecx */
    INSN(PLAIN, 0, "\x0f\xac\xc1\x03"),         /* shrd $3,%eax,%ecx */
    INSN(PLAIN, 0, "\x0f\x05"),                 /* syscall */
    INSN(PLAIN, 0, "\x0f\xa2"),                 /* cpuid */
    INSN(PLAIN, 0, "\x0f\x31"),                 /* rdtsc */
    INSN(PLAIN, 0, "\x0f\x77"),                 /* emms */
    INSN(PLAIN, 0, "\xc5\xf8\x77"),             /* vzeroupper */
    INSN(PLAIN, 0, "\xc5\xfc\x77"),             /* vzeroall */
    INSN(PLAIN, 0, "\x0f\xc8"),                 /* bswap %eax */
    INSN(PLAIN, 0, "\x0f\x94\xc0"),             /* sete %al */
    INSN(PLAIN, 0, "\x0f\x9f\xc0"),             /* setg %al */
    INSN(PLAIN, 0, "\x0f\x1f\x00"),             /* nopl (%rax) */
    INSN(PLAIN, 0, "\x66\x0f\x1f\x04\x00"),     /* nopw (%rax,%rax,1) */
    INSN(PLAIN, 0, "\x0f\x18\x08"),             /* prefetcht0 (%rax) */
    INSN(PLAIN, 0, "\x66\x0f\x70\xc8\x01"),     /* pshufd $1,%xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x66\x0f\x71\xd0\x01"),     /* psrlw $1,%xmm0 */
    INSN(PLAIN, 0, "\x66\x0f\x73\xd8\x01"),     /* psrldq $1,%xmm0 */
    INSN(PLAIN, 0, "\x66\x0f\x38\x00\xc8"),     /* pshufb %xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x66\x0f\x74\xc8"),         /* pcmpeqb %xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x66\x0f\x3a\x63\xc8\x01"), /* pcmpistri $1,%xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x66\x0f\x3a\x0f\xc8\x01"), /* palignr $1,%xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x0f\xc2\xc8\x01"),         /* cmpltps %xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x66\x0f\xc4\xc0\x01"),     /* pinsrw $1,%eax,%xmm0 */
    INSN(PLAIN, 0, "\x66\x0f\xc5\xc0\x01"),     /* pextrw $1,%xmm0,%eax */
    INSN(PLAIN, 0, "\x0f\xc6\xc8\x01"),         /* shufps $1,%xmm0,%xmm1 */
    INSN(PLAIN, 0, "\x48\x0f\xb1\x08"),         /* cmpxchg %rcx,(%rax) */
    INSN(PLAIN, 0, "\x48\x0f\xc1\x08"),         /* xadd %rcx,(%rax) */
    INSN(PLAIN, 0, "\xf0\x48\x0f\xc1\x08"),     /* lock xadd %rcx,(%rax) */
    INSN(PLAIN, 0, "\x0f\x29\x00"),             /* movaps %xmm0,(%rax) */
    INSN(PLAIN, 0, "\xc5\xfc\x29\x00"),         /* vmovaps %ymm0,(%rax) */
    INSN(PLAIN, 0, "\xc5\xfe\x6f\x40\x20"),     /* vmovdqu 0x20(%rax),%ymm0 */
    INSN(PLAIN, 0, "\xc5\xf9\x70\xc8\x01"),     /* vpshufd $1,%xmm0,%xmm1 */
    INSN(PLAIN, 0,
         "\xc4\xe3\x75\x0f\xd0\x01"),       /* vpalignr $1,%ymm0,%ymm1,%ymm2 */
    INSN(PLAIN, 0, "\xc5\xfd\x74\x08"),     /* vpcmpeqb (%rax),%ymm0,%ymm1 */
    INSN(PLAIN, 0, "\xc5\xf1\x73\xd8\x01"), /* vpsrldq $1,%xmm0,%xmm1 */
    INSN(PLAIN, 0, "\xc5\xf0\xc2\xd0\x01"), /* vcmpltps %xmm0,%xmm1,%xmm2 */
    INSN(PLAIN, 0,
         "\x62\xf1\x7c\x48\x10\x40\x01"), /* vmovups 0x40(%rax),%zmm0 */
    INSN(PLAIN, 0,
         "\x62\xf3\x75\x48\x25\xd0\x01"),   /* vpternlogd $1,%zmm0,%zmm1,%zmm2
                                             */
    INSN(PLAIN, 0, "\xc4\xe2\x7d\x78\xc0"), /* vpbroadcastb %xmm0,%ymm0 */
    INSN(PLAIN, 0, "\xc4\xe2\x78\xf5\xd1"), /* bzhi %eax,%ecx,%edx */
    INSN(PLAIN, 0, "\xc4\xe3\x7b\xf0\xc8\x03"), /* rorx $3,%eax,%ecx */
    INSN(PLAIN, 0, "\xc4\xe2\x70\xf2\xd0"),     /* andn %eax,%ecx,%edx */
    INSN(PLAIN, 0, "\xcd\x80"),                 /* int $0x80 */
    INSN(PLAIN, 0, "\xe4\x01"),                 /* in $1,%al */
    INSN(PLAIN, 0, "\xe6\x01"),                 /* out %al,$1 */
    INSN(PLAIN, 0, "\xec"),                     /* in (%dx),%al */
    INSN(PLAIN, 0, "\x98"),                     /* cwtl */
    INSN(PLAIN, 0, "\x48\x99"),                 /* cqto */
    INSN(PLAIN, 0, "\xd7"),                     /* xlat %ds:(%rbx) */
    INSN(PLAIN, 0, "\xf3\xa4"),         /* rep movsb %ds:(%rsi),%es:(%rdi) */
    INSN(PLAIN, 0, "\xf3\x48\xab"),     /* rep stos %rax,%es:(%rdi) */
    INSN(PLAIN, 0, "\xdb\x28"),         /* fldt (%rax) */
    INSN(PLAIN, 0, "\xdb\x7c\x24\x08"), /* fstpt 8(%rsp) */
    INSN(PLAIN, 0, "\xd9\xe8"),         /* fld1 */
    INSN(PLAIN, 0, "\x9b"),             /* fwait */
    INSN(PLAIN, 0, "\xfc"),             /* cld */
    INSN(PLAIN, 0, "\x90"),             /* nop */
    INSN(PLAIN, 0, "\x66\x90"),         /* xchg %ax,%ax */
    INSN(PLAIN, 0, "\xf3\x90"),         /* pause */
    INSN(PLAIN, 0, "\xf3\x0f\x1e\xfa"), /* endbr64 */
    INSN(PLAIN, 0, "\x0f\x38\xf0\x00"), /* movbe (%rax),%eax */
    INSN(PLAIN, 0, "\xf2\x0f\x38\xf0\xc0"), /* crc32 %al,%eax */
    INSN(PLAIN, 0, "\xc6\xf8\x01"),         /* xabort $1 */
    INSN(PLAIN, 0, "\x0f\x34"),             /* sysenter */
    INSN(PLAIN, 0, "\x0f\x01\xf9"),         /* rdtscp */
    INSN(PLAIN, 0, "\x0f\x30"),             /* wrmsr */
    INSN(PLAIN, 0, "\x0f\x0e"),             /* femms */
};

static void
test_lengths(void **state)
{
    (void)state;
    EXPECT(plain_rows);
}

/* Vector registers have the numbers of others. */
static void
test_vectors(void **state)
{
    static const row_t rows[] = {
        INSN(PLAIN, 0, "\xc5\xec\x41\xe1"), /* kandw %k1,%k2,%k4 */
        INSN(PLAIN, 0, "\xc5\xf8\x54\xe4"), /* vandps %xmm4,%xmm0,%xmm4 */
    };
    (void)state;
    EXPECT(rows);
}

/* What the processor has no instruction for in 64-bit mode, and maps that are
 * not decoded. */
static void
test_unknown(void **state)
{
    static const char *const codes[] = {
        "\x06",
        "\x0e",
        "\x16",
        "\x1f",
        "\x27",
        "\x2f",
        "\x37",
        "\x3f",
        "\x60",
        "\x61",
        "\x82\xc0",
        "\x9a",
        "\xce",
        "\xd4\x0a",
        "\xd5\x0a",
        "\xd6",
        "\xea",
        "\x62\xf0\x7c\x48\x58\xc1", /* EVEX, map 0 */
        "\x62\xf5\x7c\x48\x58\xc1", /* map 5 */
        "\xc4\xe0\x75\x0f\xd0",     /* VEX, map 0 */
        "\xc4\xe4\x75\x0f\xd0",     /* map 4 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        unsigned char bytes[16] = { 0 };
        memcpy(bytes, codes[i], strlen(codes[i]));
        assert_int_equal(evprof_insn_decode(bytes, sizeof(bytes)).length, 0);
    }
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
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests_name("insn", tests, NULL, NULL);
}
