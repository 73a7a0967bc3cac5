/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that no compiler makes, each described (but for the last two). */
    .text
    .globl run_cases_asm
    .type run_cases_asm, @function
    .p2align 4
run_cases_asm:
    .cfi_startproc
    push %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    call saved_in_memory
    call based_on_r9
    call based_on_rbx
    call moved_in_pieces
    call bare_leaf
    call bare_nested
    pop %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    ret
    .cfi_endproc
    .size run_cases_asm, . - run_cases_asm

/* The old stack pointer in the word below the new one's top, as generated
 * cryptography does: CFA = *(rsp + 24) + 8. */
    .type saved_in_memory, @function
saved_in_memory:
    .cfi_startproc
    mov %rsp, %rax
    .cfi_def_cfa_register %rax
    push %rbp
    .cfi_offset %rbp, -16
    sub $40, %rsp
    and $-64, %rsp
    mov %rax, 24(%rsp)
    .cfi_escape 0x0f, 0x06, 0x77, 0x18, 0x06, 0x23, 0x08, 0x96
    xor %eax, %eax
    call leaf_of_asm
    mov 24(%rsp), %rsi
    .cfi_def_cfa %rsi, 8
    mov -8(%rsi), %rbp
    .cfi_restore %rbp
    lea (%rsi), %rsp
    .cfi_def_cfa_register %rsp
    ret
    .cfi_endproc
    .size saved_in_memory, . - saved_in_memory

/* A frame that is measured from a register that calls may change; the callee
 * keeps it by private agreement. */
    .type based_on_r9, @function
based_on_r9:
    .cfi_startproc
    mov %rsp, %r9
    .cfi_def_cfa_register %r9
    sub $72, %rsp
    and $-32, %rsp
    call leaf_of_asm
    mov %r9, %rsp
    .cfi_def_cfa_register %rsp
    ret
    .cfi_endproc
    .size based_on_r9, . - based_on_r9

/* A frame that is measured from a register that callees keep. */
    .type based_on_rbx, @function
based_on_rbx:
    .cfi_startproc
    push %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    mov %rsp, %rbx
    .cfi_def_cfa_register %rbx
    sub $56, %rsp
    and $-32, %rsp
    call uses_rbx
    mov %rbx, %rsp
    .cfi_def_cfa_register %rsp
    pop %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    ret
    .cfi_endproc
    .size based_on_rbx, . - based_on_rbx

    .type uses_rbx, @function
uses_rbx:
    .cfi_startproc
    push %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    xor %ebx, %ebx
    call leaf_of_asm
    pop %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    ret
    .cfi_endproc
    .size uses_rbx, . - uses_rbx

    .type moved_in_pieces, @function
moved_in_pieces:
    .cfi_startproc
    push %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    .cfi_remember_state
    sub $4096, %rsp
    .cfi_adjust_cfa_offset 4096
    sub $8192, %rsp
    .cfi_adjust_cfa_offset 8192
    call leaf_of_asm
    add $12288, %rsp
    .cfi_restore_state
    pop %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    ret
    .cfi_endproc
    .size moved_in_pieces, . - moved_in_pieces

    .type leaf_of_asm, @function
leaf_of_asm:
    .cfi_startproc
    nop
    ret
    .cfi_endproc
    .size leaf_of_asm, . - leaf_of_asm

/* Without any description; the padding keeps it apart from the others. */
    .p2align 6
    .skip 64, 0x90
    .globl bare_leaf
    .type bare_leaf, @function
bare_leaf:
    nop
    nop
    ret
    .size bare_leaf, . - bare_leaf

    .globl bare_nested
    .type bare_nested, @function
bare_nested:
    push %rbp
    mov %rsp, %rbp
    call bare_leaf
    pop %rbp
    ret
    .size bare_nested, . - bare_nested
    .skip 64, 0x90

    .section .note.GNU-stack, "", @progbits
