/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_UNWIND_HAZARDS_H
#define TESTS_E2E_UNWIND_HAZARDS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One round of each storm; they return when the round is over. */
void storm_throw(void);
void storm_bare(void);      /* code without or with wrong call-frame data */
void storm_junk(void);      /* junk in the frame pointer */
void storm_fiber(void);     /* stacks that the thread does not own */
void storm_generated(void); /* code made at run time */
void storm_nested(void);    /* a signal stack, a signal in a signal */
void storm_asm(void);       /* frames measured from odd registers */

/* Has on_malloc() called at every allocation of the process. */
void watch_malloc(void);
void on_malloc(void);

/* Around a change of stacks, on the one that is left and the one that is come
 * to: the sanitizers want to be told. `stack` is zeroed at first. */
struct stack {
    const void *low;
    size_t size;
    void *kept; /* of the sanitizer */
    void *fiber;
};
void leave_stack(struct stack *from, struct stack *to);
void enter_stack(struct stack *to, struct stack *from);

/* What bad stacks are made of, in assembly. */
void run_cases_asm(void *arg);
long wrong_cfi(long rounds);
long spin_with_fp(unsigned long fp, long rounds);
long spin_with_junk(long rounds);

#ifdef __cplusplus
}
#endif

#endif
