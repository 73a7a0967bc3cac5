/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the frame pointer is above the stack pointer, by the instructions
 * alone: each row is a function, a place in it, and what is known there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/unwind/frame_depth.h"

enum { NONE = -1 };

typedef struct row {
    const char *code;
    size_t size;
    size_t at;
    long depth; /* NONE: it is not known */
} row_t;

#define FRAME "\x55\x48\x89\xe5" /* push %rbp; mov %rsp, %rbp */
#define PUSH "\x50"
#define NOP "\x90"
#define RET "\xc3"
#define UNKNOWN "\x06"

#define AT(place, is_depth, text)                                              \
    {                                                                          \
        .code = (text), .size = sizeof(text) - 1, .at = (place),               \
        .depth = (is_depth)                                                    \
    }
#define EXPECT(rows) expect(rows, sizeof(rows) / sizeof((rows)[0]))

static void
expect(const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        intptr_t depth = 0;
        const bool is_known =
            evprof_frame_depth((const unsigned char *)rows[i].code,
                               rows[i].size, rows[i].at, &depth);
        if (is_known != (rows[i].depth != NONE) ||
            (is_known && depth != rows[i].depth)) {
            fail_msg("row %zu: known %d, %ld", i, is_known, (long)depth);
        }
    }
}

static void
test_one_path(void **state)
{
    static const char whole[] = FRAME "\x48\x83\xec\x18" /* sub $24, %rsp */
        NOP "\x48\x83\xc4\x18"                           /* add $24, %rsp */
                                      "\x5d" RET;
    static const row_t rows[] = {
        AT(0, NONE, whole), /* no instruction ends there */
        AT(1, NONE, whole), /* there is no frame yet */
        AT(2, NONE, whole), /* within one */
        AT(4, 0, whole),
        AT(8, 24, whole),
        AT(9, 24, whole),
        AT(13, 0, whole),
        AT(14, NONE, whole), /* the frame pointer is the caller's again */
        AT(15, NONE, whole), /* behind the return */
        AT(16, NONE, whole), /* behind the function */
        AT(5, 8, FRAME PUSH),
        AT(6, 0, FRAME PUSH "\x58"),
        /* lea -40(%rbp), %rsp: whatever was before */
        AT(9, 40, FRAME PUSH "\x48\x8d\x65\xd8"),
        AT(12, 40, FRAME "\x48\x83\xe4\xf0\x48\x8d\x65\xd8"),
        AT(4, NONE, "\x48\x8d\x65\xd8"),
        /* lea 8(%rsp), %rbp */
        AT(5, 8, "\x48\x8d\x6c\x24\x08"),
        AT(6, 16, "\x48\x8d\x6c\x24\x08" PUSH),
        /* and $-16, %rsp, with a frame and before it */
        AT(8, NONE, FRAME "\x48\x83\xe4\xf0"),
        AT(9, NONE, FRAME "\x48\x83\xe4\xf0" PUSH),
        AT(7, 0, "\x48\x83\xe4\xf0\x48\x89\xe5"),
        AT(5, NONE, FRAME "\xc9"),
        /* The stack pointer above the frame pointer, and far below it. */
        AT(8, NONE, FRAME "\x48\x83\xc4\x08"),
        AT(11, 1 << 30, FRAME "\x48\x81\xec\0\0\0\x40"),
        AT(11, NONE, FRAME "\x48\x81\xec\1\0\0\x40"),
        /* What is not understood, behind the place and before it. */
        AT(5, 0, FRAME NOP UNKNOWN),
        AT(5, NONE, "\x55" UNKNOWN "\x48\x89\xe5"),
        AT(6, NONE, FRAME UNKNOWN NOP),
    };
    (void)state;
    EXPECT(rows);
}

static void
test_branches(void **state)
{
    static const row_t rows[] = {
        /* je over a nop, and over a push */
        AT(8, 0, FRAME "\x74\x01" NOP NOP),
        AT(8, NONE, FRAME "\x74\x01" PUSH NOP),
        AT(7, 8, FRAME "\x74\x01" PUSH NOP),
        /* Over the frame: one that may be there is better than none. */
        AT(7, 0, "\x74\x04" FRAME NOP),
        AT(8, NONE, "\x74\x05" FRAME "\x5d" NOP),
        AT(12, 0, FRAME "\x74\x02\x5d" RET "\x74\x01" NOP NOP),
        /* jmp over a push, which nothing leads to */
        AT(8, 0, FRAME "\xeb\x01" PUSH NOP),
        AT(7, NONE, FRAME "\xeb\x01" PUSH NOP),
        AT(6, NONE, FRAME "\xeb\x01" PUSH NOP),
        /* ret, and code behind it that a branch leads to */
        AT(8, 0, FRAME "\x74\x01" RET NOP),
        /* From below: a second round finds it. */
        AT(7, 0, FRAME "\xeb\x02" NOP NOP NOP "\x74\xfb"),
        /* A loop that pushes. */
        AT(5, NONE, FRAME PUSH "\xeb\xfd"),
        AT(5, 8, FRAME PUSH "\x58\xeb\xfc"),
        /* Through a table: the code behind is one of its targets. */
        AT(7, 0, FRAME "\xff\xe0" NOP),
        AT(8, 8, FRAME PUSH "\xff\xe0" NOP),
        AT(9, 0, FRAME "\xff\xe0" NOP RET NOP),
        AT(10, 0, FRAME "\xff\xe0" PUSH "\x58" RET NOP),
        /* Out of the function, on either side, and to its last byte. */
        AT(7, 0, FRAME "\x74\x7f" NOP),
        AT(7, 0, FRAME "\x74\x80" NOP),
        AT(7, 0, FRAME "\x74\x01" NOP),
    };
    (void)state;
    EXPECT(rows);
}

/* Blocks that are each reached from the one below it: as many rounds as there
 * are blocks, and one that changes nothing. */
static void
test_rounds(void **state)
{
    (void)state;
    for (size_t blocks = 1; blocks < 8; blocks++) {
        unsigned char code[64] = FRAME "\xeb";
        size_t size = 5;
        intptr_t depth = 0;
        code[size++] = (unsigned char)(3 * (blocks - 1));
        memcpy(code + size, NOP RET NOP, 3);
        size += 3;
        for (size_t i = 1; i < blocks; i++, size += 3) {
            memcpy(code + size, NOP "\xeb\xfa", 3);
        }
        assert_int_equal(evprof_frame_depth(code, size, 7, &depth),
                         blocks <= 3);
        assert_true(blocks > 3 || depth == 0);
    }
}

static void
test_sizes(void **state)
{
    (void)state;
    for (size_t size = 65535; size <= 65537; size++) {
        unsigned char *code = malloc(size);
        intptr_t depth = 0;
        assert_non_null(code);
        memset(code, 0x90, size);
        memcpy(code, FRAME PUSH, 5);
        assert_int_equal(evprof_frame_depth(code, size, size, &depth),
                         size <= 65536);
        assert_true(size > 65536 || depth == 8);
        assert_false(evprof_frame_depth(code, size, size + 1, &depth));
        free(code);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_path),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests_name("unwind depth", tests, NULL, NULL);
}
