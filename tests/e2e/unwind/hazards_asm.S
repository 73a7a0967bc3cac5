/* SPDX-License-Identifier: Apache-2.0 */
/* Code that lies about its frame, or has none. */
    .text

/* Moves the stack pointer without saying so, and leaves junk where the return
 * address seems to be. */
    .globl wrong_cfi
    .type wrong_cfi, @function
wrong_cfi:
    .cfi_startproc
    mov $0xdeadbeefdeadbeef, %rax
    push %rax
    push %rax
    push $0x11
1:  dec %rdi
    jnz 1b
    add $24, %rsp
    xor %eax, %eax
    ret
    .cfi_endproc
    .size wrong_cfi, . - wrong_cfi

/* Spins with any frame pointer, described as if it had a frame. */
    .globl spin_with_fp
    .type spin_with_fp, @function
spin_with_fp:
    .cfi_startproc
    push %rbp
    mov %rdi, %rbp
    .cfi_def_cfa %rbp, 16
    .cfi_offset %rbp, -16
1:  dec %rsi
    jnz 1b
    pop %rbp
    xor %eax, %eax
    ret
    .cfi_endproc
    .size spin_with_fp, . - spin_with_fp

/* Without any description, with pointers to code all over its stack. */
    .p2align 6
    .skip 64, 0x90
    .globl spin_with_junk
    .type spin_with_junk, @function
spin_with_junk:
    lea wrong_cfi(%rip), %rax
    push %rax
    lea 1f(%rip), %rax
    push %rax
    push %rsp
1:  dec %rdi
    jnz 1b
    add $24, %rsp
    ret
    .size spin_with_junk, . - spin_with_junk
    .skip 64, 0x90

    .section .note.GNU-stack, "", @progbits
