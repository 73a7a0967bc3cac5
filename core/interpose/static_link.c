/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under -static nothing of this library can work: the wrappers find the real
 * functions through the dynamic linker. So linking fails, with a sentence: the
 * assembler takes any text as a symbol, the linker names the function that an
 * undefined reference stands in, and _DYNAMIC exists only where there is a
 * dynamic section. (-static-pie has one too, and is not caught.)
 */

#define SENTENCE                                                               \
    "\"evprof: libevprof.a needs a dynamic executable, link without -static\""

__asm__(".pushsection .text.evprof_static_link,\"ax\",@progbits\n"
        ".type " SENTENCE ", @function\n" SENTENCE ":\n"
        ".long _DYNAMIC - .\n"
        ".size " SENTENCE ", . - " SENTENCE "\n"
        ".popsection");
