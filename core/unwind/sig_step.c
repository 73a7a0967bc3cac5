/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object stays loaded while a frame of it is on the stack, so its call-frame
 * data may be read from memory then. Objects that were loaded after the last
 * refresh are found by the loader's own lock-free search.
 */
#include "core/unwind/sig_step.h"

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/sig_walk.h"

static const unsigned char *
bytes_at(uintptr_t address)
{
    return (const unsigned char *)address; // NOLINT(performance-no-int-to-ptr)
}

/* Narrows the search to the rows for the stretch of code that holds `pc`, and
 * the row before, whose function may reach into the stretch. */
static bool
narrow(const evprof_segment_t *segment, uintptr_t pc, evprof_step_source_t *out)
{
    const evprof_table_t *table = segment->table;
    size_t stretch = (pc - segment->start) >> EVPROF_STRETCH_SHIFT;
    if (table == NULL || stretch >= table->stretch_count) {
        return false;
    }
    const uint32_t *before = evprof_table_stretches(table) + stretch;
    size_t first = before[0] == 0 ? 0 : before[0] - 1;
    size_t hdr = segment->eh_frame_hdr - segment->eh_low;
    out->search = (evprof_cfi_search_t){
        .hdr = hdr,
        .first = hdr + table->search_first + first * 8,
        .count = before[1] - first,
    };
    return out->search.first + out->search.count * 8 <= out->cfi.size;
}

bool
evprof_step_open(const evprof_segment_t *segment, uintptr_t pc,
                 const unsigned char *data, evprof_step_source_t *out)
{
    const evprof_table_t *table = segment->table;
    if (table != NULL && table->copy != NULL) {
        *out = (evprof_step_source_t){ .cfi = table->copy->cfi,
                                       .copy = table->copy,
                                       .bias = table->copy->bias };
        return true;
    }
    if (segment->eh_frame_hdr == 0 || segment->eh_low == 0) {
        return false;
    }
    out->cfi = (evprof_cfi_t){ .data = data,
                               .size = segment->eh_high - segment->eh_low,
                               .address = segment->eh_low };
    out->copy = NULL;
    out->bias = 0;
    return narrow(segment, pc, out) ||
           evprof_cfi_search_open(&out->cfi,
                                  segment->eh_frame_hdr - segment->eh_low,
                                  &out->search);
}

static bool
source_of_loader(uintptr_t pc, evprof_step_source_t *out)
{
    struct dl_find_object found;
    void *address = (void *)pc; // NOLINT(performance-no-int-to-ptr)
    if (evprof_dl_find_object == NULL ||
        evprof_dl_find_object(address, &found) != 0 ||
        found.dlfo_eh_frame == NULL) {
        return false;
    }
    uintptr_t low = (uintptr_t)found.dlfo_map_start;
    *out = (evprof_step_source_t){
        .cfi = { .data = found.dlfo_map_start,
                 .size = (uintptr_t)found.dlfo_map_end - low,
                 .address = low },
    };
    if (!evprof_cfi_search_open(&out->cfi, (uintptr_t)found.dlfo_eh_frame - low,
                                &out->search)) {
        out->search.count = 0;
    }
    return true;
}

static bool
search_copy(const evprof_table_copy_t *copy, uintptr_t pc, size_t *offset)
{
    size_t low = 0;
    size_t high = copy->searched_count;
    uintptr_t want = pc - copy->base;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (copy->searched[2 * middle] <= want) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return false;
    }
    *offset = copy->searched[2 * (low - 1) + 1];
    return true;
}

bool
evprof_step_find(const evprof_step_source_t *source, uintptr_t pc,
                 evprof_fde_t *fde)
{
    size_t offset = 0;
    pc -= source->bias;
    bool is_found =
        source->copy != NULL
            ? search_copy(source->copy, pc, &offset)
            : evprof_cfi_search(&source->cfi, &source->search, pc, &offset);
    fde->has_cie = false;
    return is_found &&
           evprof_cfi_entry(&source->cfi, offset, fde) == EVPROF_CFI_FDE &&
           pc >= fde->start && pc < fde->limit;
}

bool
evprof_step_is_described(const evprof_segment_t *segment, uintptr_t pc)
{
    evprof_step_source_t source;
    evprof_fde_t fde;
    return evprof_step_open(segment, pc, bytes_at(segment->eh_low), &source) &&
           evprof_step_find(&source, pc, &fde);
}

static enum evprof_step
failed(const evprof_cfi_expr_t *expr)
{
    return expr->needs_all ? EVPROF_STEP_NEEDS_ALL : EVPROF_STEP_UNKNOWN;
}

/* The state of applying a row to a frame. */
typedef struct applying {
    evprof_stepper_t *stepper;
    const evprof_step_source_t *source;
    const evprof_cfi_row_t *row;
    evprof_regs_t caller;
    uintptr_t cfa;
} applying_t;

static enum evprof_step
find_cfa(applying_t *a)
{
    const evprof_cfi_row_t *row = a->row;
    const evprof_regs_t *regs = &a->stepper->regs;
    if (row->cfa_is_expr) {
        evprof_cfi_expr_t expr = { .cfi = &a->source->cfi,
                                   .offset = (size_t)row->cfa_value,
                                   .regs = regs,
                                   .window = &a->stepper->window };
        return evprof_cfi_evaluate(&expr, &a->cfa) ? EVPROF_STEP_OK
                                                   : failed(&expr);
    }
    if (row->cfa_reg >= EVPROF_REG_COUNT) {
        return EVPROF_STEP_UNKNOWN;
    }
    if ((regs->known >> row->cfa_reg & 1) == 0) {
        return EVPROF_STEP_NEEDS_ALL;
    }
    a->cfa = regs->r[row->cfa_reg] + (uintptr_t)(intptr_t)row->cfa_value;
    return EVPROF_STEP_OK;
}

static void
set_known(evprof_regs_t *regs, unsigned reg, uintptr_t value)
{
    regs->r[reg] = value;
    regs->known |= UINT64_C(1) << reg;
}

static void
set_unknown(evprof_regs_t *regs, unsigned reg)
{
    regs->known &= ~(UINT64_C(1) << reg);
}

/*
 * Loads a register saved on the stack. gcc omits the note that an epilogue has
 * restored a register: when the slot is below the stack pointer, it was popped
 * already and the register has the caller's value again.
 */
static void
load_saved(applying_t *a, unsigned reg, uintptr_t address)
{
    uintptr_t value = 0;
    if (reg != EVPROF_REG_RA && address < a->stepper->regs.r[EVPROF_REG_SP]) {
        return;
    }
    if (evprof_window_load(&a->stepper->window, address, &value)) {
        set_known(&a->caller, reg, value);
    } else {
        set_unknown(&a->caller, reg);
    }
}

static void
apply_expr(applying_t *a, unsigned reg, int32_t offset, bool is_value)
{
    evprof_cfi_expr_t expr = { .cfi = &a->source->cfi,
                               .offset = (size_t)offset,
                               .regs = &a->stepper->regs,
                               .window = &a->stepper->window,
                               .has_first = true,
                               .first = a->cfa };
    uintptr_t value = 0;
    if (!evprof_cfi_evaluate(&expr, &value)) {
        set_unknown(&a->caller, reg);
    } else if (is_value) {
        set_known(&a->caller, reg, value);
    } else {
        load_saved(a, reg, value);
    }
}

static void
apply_rule(applying_t *a, unsigned index)
{
    const evprof_regs_t *regs = &a->stepper->regs;
    unsigned reg = index + EVPROF_RULE_FIRST;
    int32_t value = a->row->value[index];
    switch (a->row->how[index]) {
    case EVPROF_HOW_UNDEFINED:
        set_unknown(&a->caller, reg);
        break;
    case EVPROF_HOW_OFFSET:
        load_saved(a, reg, a->cfa + (uintptr_t)(intptr_t)value);
        break;
    case EVPROF_HOW_VAL_OFFSET:
        set_known(&a->caller, reg, a->cfa + (uintptr_t)(intptr_t)value);
        break;
    case EVPROF_HOW_REGISTER:
        if (value >= 0 && (unsigned)value < EVPROF_REG_COUNT &&
            (regs->known >> value & 1) != 0) {
            set_known(&a->caller, reg, regs->r[value]);
        } else {
            set_unknown(&a->caller, reg);
        }
        break;
    case EVPROF_HOW_EXPR:
    case EVPROF_HOW_VAL_EXPR:
        apply_expr(a, reg, value, a->row->how[index] == EVPROF_HOW_VAL_EXPR);
        break;
    default:
        break;
    }
}

/* The caller's frame must end above this one; only an interrupted function that
 * has no frame yet may end where its caller does. */
static bool
is_progress(const applying_t *a)
{
    uintptr_t from = a->stepper->regs.r[EVPROF_REG_SP];
    uintptr_t to = a->caller.r[EVPROF_REG_SP];
    return (a->caller.known >> EVPROF_REG_SP & 1) != 0 &&
           (to > from || (to == from && a->stepper->is_exact));
}

/* Computes the caller's registers from a frame and its row. */
static enum evprof_step
apply(applying_t *a, uint64_t ra_reg)
{
    evprof_stepper_t *stepper = a->stepper;
    enum evprof_step step = find_cfa(a);
    int ra = evprof_cfi_index(ra_reg);
    if (ra < 0) {
        return EVPROF_STEP_UNKNOWN;
    }
    if (a->row->how[ra] == EVPROF_HOW_UNDEFINED) {
        return EVPROF_STEP_END;
    }
    if (step != EVPROF_STEP_OK) {
        return step;
    }
    a->caller = stepper->regs;
    set_known(&a->caller, EVPROF_REG_SP, a->cfa);
    for (unsigned i = 0; i < EVPROF_RULE_COUNT; i++) {
        if (a->row->how[i] != EVPROF_HOW_SAME) {
            apply_rule(a, i);
        }
    }
    if (!is_progress(a)) {
        return EVPROF_STEP_UNKNOWN;
    }
    if ((a->caller.known >> ra_reg & 1) == 0) {
        return a->row->how[ra] == EVPROF_HOW_SAME ? EVPROF_STEP_NEEDS_ALL
                                                  : EVPROF_STEP_UNKNOWN;
    }
    a->caller.pc = evprof_arch_strip(a->caller.r[ra_reg]);
    stepper->regs = a->caller;
    stepper->is_exact = false;
    return a->caller.pc == 0 ? EVPROF_STEP_END : EVPROF_STEP_OK;
}

/* Steps by the row's self-contained code where it has one and the stepper needs
 * no other registers: most rows and callers. */
static bool
step_by_code(evprof_stepper_t *stepper)
{
    const uint64_t needed = UINT64_C(1) << EVPROF_REG_SP | UINT64_C(1)
                                                               << EVPROF_REG_FP;
    evprof_frame_t frame = { stepper->regs.pc, stepper->regs.r[EVPROF_REG_SP],
                             stepper->regs.r[EVPROF_REG_FP] };
    if ((stepper->code & EVPROF_CODE_RULE) != 0 ||
        (stepper->regs.known & needed) != needed ||
        !evprof_step_simple(stepper->code, &frame, &stepper->window)) {
        return false;
    }
    evprof_step_take(stepper, &frame);
    return true;
}

enum evprof_step
evprof_step_by_fde(evprof_stepper_t *stepper,
                   const evprof_step_source_t *source, const evprof_fde_t *fde)
{
    uintptr_t pc = stepper->regs.pc - !stepper->is_exact - source->bias;
    evprof_cfi_run_t run;
    if (fde->is_signal) {
        return evprof_step_signal(stepper);
    }
    if (!evprof_cfi_row_at(&run, &source->cfi, fde, pc)) {
        return EVPROF_STEP_UNKNOWN;
    }
    stepper->code = evprof_table_code(&run.row, fde->ra_reg);
    if (!stepper->wants_all && step_by_code(stepper)) {
        return stepper->regs.pc == 0 ? EVPROF_STEP_END : EVPROF_STEP_OK;
    }
    applying_t a = { .stepper = stepper, .source = source, .row = &run.row };
    return apply(&a, fde->ra_reg);
}

enum evprof_step
evprof_step_raw(evprof_stepper_t *stepper)
{
    uintptr_t pc = stepper->regs.pc - !stepper->is_exact;
    const evprof_segment_t *segment = evprof_map_find(stepper->map, pc);
    bool is_permanent = segment != NULL && segment->is_permanent;
    stepper->code = EVPROF_CODE_RAW;
    evprof_step_source_t source;
    bool has_source = false;
    if (segment != NULL && evprof_step_is_loaded(stepper, segment)) {
        has_source =
            evprof_step_open(segment, pc, bytes_at(segment->eh_low), &source);
    } else {
        segment = NULL;
        has_source = source_of_loader(pc, &source);
        if (has_source) {
            atomic_store_explicit(&evprof_map_is_stale, true,
                                  memory_order_relaxed);
        }
    }
    evprof_fde_t fde;
    if (!has_source || !evprof_step_find(&source, pc, &fde)) {
        evprof_segment_t page = {
            .start = pc & ~(EVPROF_PAGE - 1),
            .limit = (pc & ~(EVPROF_PAGE - 1)) + EVPROF_PAGE,
        };
        bool is_new = segment == NULL && has_source;
        return evprof_step_bare(stepper, is_new ? &page : segment);
    }
    enum evprof_step step = evprof_step_by_fde(stepper, &source, &fde);
    stepper->code = is_permanent ? stepper->code : EVPROF_CODE_RAW;
    return step;
}

enum evprof_step
evprof_step_signal(evprof_stepper_t *stepper)
{
    uintptr_t sp = stepper->regs.r[EVPROF_REG_SP];
    uintptr_t context = sp + EVPROF_SIGNAL_CONTEXT;
    uintptr_t registers = context + offsetof(ucontext_t, uc_mcontext);
    uintptr_t last = registers + EVPROF_SIGNAL_REGISTERS - sizeof(last);
    if (!evprof_window_has(&stepper->window, registers) ||
        !evprof_window_has(&stepper->window, last)) {
        return EVPROF_STEP_UNKNOWN;
    }
    context += stepper->window.shift;
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    stepper->regs = evprof_regs_of_context((const void *)context);
    stepper->is_exact = true;
    sp = stepper->regs.r[EVPROF_REG_SP];
    if (!stepper->window.is_copy &&
        (sp < stepper->window.low || sp >= stepper->window.high)) {
        stepper->window = evprof_window_open(stepper->bounds, sp);
    }
    return EVPROF_STEP_OK;
}
