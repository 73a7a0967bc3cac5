/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs code one instruction at a time and asks two unwinders at each: the
 * tables and libunwind. Every difference is put down to the function in whose
 * frame the two part, and must be one of the kinds that are explained below.
 *
 * usage: oracle [-t] [OBJECT...]   objects that offer run_cases, as well as the
 * cases that are linked in; with -t only the truth counts, for objects that
 * libunwind cannot follow
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/unwind/sig_arch.h"
#include "core/unwind/unwind.h"
#include "tests/e2e/unwind/cases.h"
#include "tests/unit/unwind/stepper.h"

#define FRAMES 96u
#define PARTINGS 256u
#define SHADOW 512u

/* Where the two parted: after this many equal frames, in this function. */
struct parting {
    uintptr_t function;
    const char *name;
    const char *object;
    bool ours_is_true;
    bool theirs_is_true;
    size_t count;
    uintptr_t pc; /* of the last equal frame, in the first case */
    size_t ours;
    size_t theirs;
    uintptr_t our_next;
    uintptr_t their_next;
};

struct tally {
    size_t steps;
    size_t equal;
    size_t frames;
    size_t begun;     /* of the object that is stepped */
    size_t ours_true; /* of those that can be judged */
    size_t theirs_true;
    size_t judged;
    size_t ours_wrong; /* where libunwind differs and is true */
    size_t leaving;    /* untrue on the way out by a jump */
    size_t in_padding; /* untrue between two functions */
    size_t unexplained;
};

static const evprof_unwinder_t *tables;
static const evprof_unwinder_t *libunwind;
static evprof_stack_bounds_t bounds;
static struct tally tally;
static struct parting partings[PARTINGS];
static size_t parting_count;

/*
 * The truth, from watching calls: each call that is stepped over pushes a word,
 * and it is in force until the stack pointer has passed it. `base` is what was
 * on the stack when stepping began. In signal handlers the watch is suspended.
 */
static struct {
    uintptr_t slots[SHADOW];
    uintptr_t ras[SHADOW];
    size_t depth;
    uintptr_t base[FRAMES];
    size_t base_count;
    uintptr_t last_pc;
    uintptr_t last_sp;
    uintptr_t resume_sp; /* suspended until the stack pointer is back there */
    /* Stacks that have the return address of the frame at this depth wrong.
     * They are explained when it leaves by a jump (longjmp, a landing pad): it
     * has begun to rewrite the stack, and its own return address is no longer
     * in force. */
    size_t untrue;
    size_t untrue_depth;
    uintptr_t untrue_pc; /* of the last of them */
} shadow;

static void
print_place(const char *what, uintptr_t pc)
{
    Dl_info info = { 0 };
    dladdr((void *)pc, &info);
    printf("%s at %s %#lx of %s\n", what,
           info.dli_sname == NULL ? "" : info.dli_sname,
           (unsigned long)(pc - (uintptr_t)info.dli_fbase), info.dli_fname);
}

/* libgcc's look-up of a description, which it exports for the like. */
struct dwarf_eh_bases {
    void *text, *data, *function;
};
const void *_Unwind_Find_FDE(void *pc, struct dwarf_eh_bases *bases);

/* Some functions run on into the next through the instructions that fill up the
 * space between them: in libc 2.41 __memmove_chk into memmove. Those are in no
 * function, and nothing describes their frame. */
static bool
is_padding(uintptr_t pc)
{
    struct dwarf_eh_bases bases;
    const unsigned char *code = (const unsigned char *)pc;
    while (*code == 0x66 || *code == 0x2e) {
        code++;
    }
    bool does_nothing = *code == 0x90 || (code[0] == 0x0f && code[1] == 0x1f);
    return does_nothing && _Unwind_Find_FDE((void *)pc, &bases) == NULL;
}

/* These functions leave by __builtin_eh_return, whose last instruction gcc
 * describes as if the stack pointer were still the function's own. */
static bool
is_eh_return(uintptr_t pc)
{
    Dl_info info = { 0 };
    dladdr((void *)pc, &info);
    return info.dli_sname != NULL &&
           strncmp(info.dli_sname, "_Unwind_", strlen("_Unwind_")) == 0;
}

/* Settles what is pending when the frame that it is about is left. */
static void
settle(bool has_returned)
{
    if (has_returned && shadow.untrue > 0 && !is_eh_return(shadow.untrue_pc)) {
        tally.unexplained += shadow.untrue;
        print_place("unexplained", shadow.untrue_pc);
    } else {
        tally.leaving += shadow.untrue;
    }
    shadow.untrue = 0;
}

static void
shadow_begin(void)
{
    shadow.depth = 0;
    shadow.base_count = 0;
    shadow.last_pc = 0;
    shadow.resume_sp = 0;
    settle(true);
}

/* Drops the calls that the stack pointer has passed; whether the last of them
 * has returned. */
static bool
shadow_pop(uintptr_t pc, uintptr_t sp)
{
    bool has_returned = false;
    while (shadow.depth > 0 && shadow.slots[shadow.depth - 1] < sp) {
        size_t at = --shadow.depth;
        has_returned = pc == shadow.ras[at] && sp == shadow.slots[at] + 8;
        if (shadow.depth < shadow.untrue_depth) {
            settle(has_returned);
        }
    }
    return has_returned;
}

/* A return that no call matches, or a jump to behind a call: the last step of
 * longjmp and of a landing, when the stack pointer has been set already. */
static bool
is_landing(uintptr_t pc, uintptr_t sp)
{
    int64_t target = 0;
    return pc - shadow.last_pc > 15 &&
           (sp == shadow.last_sp + 8 ||
            (sp == shadow.last_sp &&
             evprof_arch_ends_in_call((const unsigned char *)pc - 8, 8,
                                      &target)));
}

static void
shadow_step(const evprof_regs_t *regs)
{
    uintptr_t pc = regs->pc;
    uintptr_t sp = regs->r[EVPROF_REG_SP];
    uintptr_t ra = evprof_peek(sp);
    if (shadow.resume_sp != 0 && sp >= shadow.resume_sp) {
        shadow.resume_sp = 0;
    } else if (shadow.resume_sp == 0 && shadow.last_pc != 0 &&
               pc - shadow.last_pc > 15 && sp + 512 < shadow.last_sp) {
        shadow.resume_sp = shadow.last_sp;
    }
    if (!shadow_pop(pc, sp) && shadow.untrue_depth <= shadow.depth &&
        is_landing(pc, sp)) {
        settle(false);
    }
    if (shadow.last_pc != 0 && sp == shadow.last_sp - 8 &&
        ra - shadow.last_pc >= 2 && ra - shadow.last_pc <= 8 && pc != ra &&
        shadow.depth < SHADOW) {
        shadow.slots[shadow.depth] = sp;
        shadow.ras[shadow.depth++] = ra;
    }
    shadow.last_pc = pc;
    shadow.last_sp = sp;
}

/* Whether a walk tells the truth; if not, the depth of the frame whose return
 * address it has wrong goes to *wrong. */
static bool
is_true(const evprof_walk_t *walk, uintptr_t pc, size_t *wrong)
{
    size_t depth = shadow.depth;
    *wrong = depth;
    if (walk->count == 0 || walk->pcs[0] != pc) {
        return false;
    }
    for (size_t i = 1; depth > 0; i++, depth--) {
        *wrong = depth;
        if (i >= walk->count || walk->pcs[i] != shadow.ras[depth - 1]) {
            return false;
        }
    }
    *wrong = 0;
    return walk->count == 1 + shadow.depth + shadow.base_count &&
           memcmp(walk->pcs + 1 + shadow.depth, shadow.base,
                  shadow.base_count * sizeof(shadow.base[0])) == 0;
}

static struct parting *
find_parting(uintptr_t pc)
{
    Dl_info info;
    const char *name = "?";
    const char *object = "?";
    uintptr_t function = pc;
    if (dladdr((void *)pc, &info) != 0) {
        const char *slash = strrchr(info.dli_fname, '/');
        object = slash == NULL ? info.dli_fname : slash + 1;
        if (info.dli_sname != NULL) {
            name = info.dli_sname;
            function = (uintptr_t)info.dli_saddr;
        }
    }
    for (size_t i = 0; i < parting_count; i++) {
        if (partings[i].function == function) {
            return &partings[i];
        }
    }
    if (parting_count == PARTINGS) {
        return &partings[PARTINGS - 1];
    }
    partings[parting_count] = (struct parting){
        .function = function,
        .name = name,
        .object = object,
        .pc = pc,
    };
    return &partings[parting_count++];
}

static void
note_parting(const evprof_walk_t *ours, const evprof_walk_t *theirs,
             bool ours_is_true, bool theirs_is_true)
{
    size_t common = 0;
    while (common < ours->count && common < theirs->count &&
           ours->pcs[common] == theirs->pcs[common]) {
        common++;
    }
    struct parting *one = find_parting(ours->pcs[common == 0 ? 0 : common - 1]);
    if (one->count++ == 0) {
        one->ours = ours->count;
        one->theirs = theirs->count;
        one->our_next = common < ours->count ? ours->pcs[common] : 0;
        one->their_next = common < theirs->count ? theirs->pcs[common] : 0;
    }
    one->ours_is_true = ours_is_true;
    one->theirs_is_true = theirs_is_true;
    tally.ours_wrong += theirs_is_true;
}

static void
on_step(void *ctx, const void *ucontext)
{
    uintptr_t our_pcs[FRAMES];
    uintptr_t their_pcs[FRAMES];
    evprof_walk_t ours = { .pcs = our_pcs, .max = FRAMES, .bounds = bounds };
    evprof_walk_t theirs = { .pcs = their_pcs, .max = FRAMES };
    (void)ctx;
    tables->walk_context(&ours, ucontext);
    libunwind->walk_context(&theirs, ucontext);
    tally.steps++;
    tally.frames += ours.count;
    evprof_regs_t regs;
    regs.pc = evprof_arch_context(ucontext, regs.r);
    shadow_step(&regs);
    if (tally.begun++ == 0) {
        shadow.base_count = theirs.count - 1;
        memcpy(shadow.base, their_pcs + 1,
               sizeof(shadow.base[0]) * shadow.base_count);
    }
    bool can_judge = shadow.resume_sp == 0;
    size_t wrong = 0;
    bool theirs_is_true = can_judge && is_true(&theirs, regs.pc, &wrong);
    bool ours_is_true = can_judge && is_true(&ours, regs.pc, &wrong);
    tally.judged += can_judge;
    tally.ours_true += ours_is_true;
    tally.theirs_true += theirs_is_true;
    if (can_judge && !ours_is_true && is_padding(regs.pc)) {
        tally.in_padding++;
    } else if (can_judge && !ours_is_true) {
        bool is_deeper = shadow.untrue > 0 && wrong > shadow.untrue_depth;
        shadow.untrue_depth = is_deeper ? shadow.untrue_depth : wrong;
        shadow.untrue++;
        shadow.untrue_pc = regs.pc;
    }
    if (ours.count == theirs.count &&
        memcmp(our_pcs, their_pcs, ours.count * sizeof(our_pcs[0])) == 0) {
        tally.equal++;
    } else {
        note_parting(&ours, &theirs, ours_is_true, theirs_is_true);
    }
}

static void
step(void (*run)(void *arg), void *arg)
{
    tally.begun = 0;
    shadow_begin();
    step_through(run, arg, on_step, NULL);
}

static void
step_object(const char *path)
{
    if (dlopen(path, RTLD_NOLOAD | RTLD_LAZY) != NULL) {
        fprintf(stderr, "%s was loaded before\n", path);
        exit(1);
    }
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL || evprof_unwind_refresh() != 0) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    void (*run)(void *arg) = NULL;
    void *symbol = dlsym(handle, "run_cases");
    memcpy(&run, &symbol, sizeof(run));
    size_t before = tally.steps;
    size_t equal = tally.equal;
    step(run, strstr(path, "throw") != NULL ? handle : NULL);
    printf("%8zu steps %8zu differ  %s\n", tally.steps - before,
           tally.steps - before - (tally.equal - equal),
           strrchr(path, '/') + 1);
}

static void
find_bounds(void)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    bounds = (evprof_stack_bounds_t){ (uintptr_t)low, (uintptr_t)low + size };
}

static const char *
verdict(const struct parting *p)
{
    if (p->ours_is_true) {
        return "the tables are right";
    }
    return p->theirs_is_true ? "libunwind is right"
                             : "on the way out by a jump";
}

static int
report(bool only_truth)
{
    for (size_t i = 0; i < parting_count; i++) {
        const struct parting *p = &partings[i];
        printf("%8zu in %s+%#lx (%s): %zu frames, libunwind %zu; next %#lx, "
               "libunwind %#lx: %s\n",
               p->count, p->name, (unsigned long)(p->pc - p->function),
               p->object, p->ours, p->theirs, (unsigned long)p->our_next,
               (unsigned long)p->their_next, verdict(p));
    }
    double steps = (double)tally.steps;
    double judged = (double)tally.judged;
    printf("%zu steps, %.1f frames each: %.4f %% equal\n", tally.steps,
           (double)tally.frames / steps, 100 * (double)tally.equal / steps);
    printf("%zu judged by watching calls: tables %.4f %% true, libunwind "
           "%.4f %%\n",
           tally.judged, 100 * (double)tally.ours_true / judged,
           100 * (double)tally.theirs_true / judged);
    printf("tables untrue: %zu on the way out by a jump, %zu in the padding "
           "between functions, %zu unexplained; libunwind alone is right in "
           "%zu\n",
           tally.leaving, tally.in_padding, tally.unexplained,
           tally.ours_wrong);
    bool is_equal = only_truth || (double)tally.equal >= 0.999 * steps;
    bool is_good = is_equal && tally.unexplained == 0 && tally.ours_wrong == 0;
    return is_good ? 0 : 1;
}

int
main(int argc, char **argv)
{
    tables = evprof_unwinder_find("tables");
    libunwind = evprof_unwinder_find("libunwind");
    if (evprof_unwinder_prepare(tables) != 0 ||
        evprof_unwinder_prepare(libunwind) != 0) {
        fprintf(stderr, "an unwinder is missing\n");
        return 1;
    }
    find_bounds();
    step(run_cases, NULL);
    step(run_cases_asm, NULL);
    printf("%8zu steps %8zu differ  linked in\n", tally.steps,
           tally.steps - tally.equal);
    bool only_truth = argc > 1 && strcmp(argv[1], "-t") == 0;
    for (int i = only_truth ? 2 : 1; i < argc; i++) {
        step_object(argv[i]);
    }
    return report(only_truth);
}
