/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of goroutines, Ps and Ms, as events change them. A goroutine or a
 * P carries a number that counts the events which other Ms may tell of it:
 * such an event fits when its number is the next. Every other event has to fit
 * when its turn comes, or the trace is wrong.
 *
 *     goroutine  GONE, RUNNABLE, RUNNING, SYSCALL, WAITING
 *     P          IDLE, RUNNING, SYSCALL, ABANDONED
 *     M          has a P and a goroutine, or none
 */
#include "core/timeline/order.h"

#include <stdlib.h>

#include "core/base/grow.h"
#include "core/timeline/order_state.h"

#define NONE EVPROF_TIMELINE_NONE
#define DONE EVPROF_TIMELINE_DONE
#define NOT_YET EVPROF_TIMELINE_NOT_YET
#define NO_MEMORY EVPROF_TIMELINE_NO_MEMORY

typedef evprof_timeline_order_t order_t;
typedef evprof_timeline_raw_t raw_t;
typedef evprof_timeline_g_t g_t;
typedef evprof_timeline_p_t p_t;
typedef evprof_timeline_m_t m_t;

/* An event, and the M that it comes from before it has happened. */
typedef struct turn {
    const raw_t *raw;
    const struct row *row;
    uint64_t m;
    m_t now;
    m_t next; /* what becomes of the M */
} turn_t;

enum need { MAY, MUST, MUST_NOT };

enum gc_state { GC_UNKNOWN, GC_OFF, GC_ON };

/* How an event of a type is read. Positions are those of arguments plus 1; 0:
 * the event has no such argument. */
typedef struct row {
    enum evprof_timeline_step (*step)(order_t *o, turn_t *turn);
    uint8_t args;
    uint8_t stack;
    uint8_t text;
    uint8_t more;
    uint8_t p; /* enum need */
    uint8_t g;
} row_t;

static enum evprof_timeline_step
wrong(order_t *o, const char *why)
{
    o->why = why;
    return EVPROF_TIMELINE_WRONG;
}

/* ---- Sequences ---- */

static bool
is_next(const order_t *o, const evprof_timeline_sequence_t *sequence,
        uint64_t count)
{
    return sequence->generation == o->generation->number &&
           count == sequence->count + 1;
}

static void
take_next(order_t *o, evprof_timeline_sequence_t *sequence, uint64_t count)
{
    *sequence =
        (evprof_timeline_sequence_t){ .generation = o->generation->number,
                                      .count = count };
}

/* ---- What is told of an event ---- */

/* Returns the time of the next event. Times of a timeline increase strictly,
 * even where the clocks of two Ms disagree. */
static int64_t
tick(order_t *o, int64_t ns)
{
    o->last_ns = ns > o->last_ns ? ns : o->last_ns + 1;
    return o->last_ns;
}

static enum evprof_timeline_step
add(order_t *o, const evprof_timeline_event_t *event)
{
    evprof_timeline_t *t = o->t;
    evprof_timeline_event_t *grown = evprof_grow(
        t->events, &t->event_cap, t->event_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return NO_MEMORY;
    }
    t->events = grown;
    t->events[t->event_count] = *event;
    t->events[t->event_count++].ns = tick(o, event->ns);
    return DONE;
}

/* The text, or the stack, that an argument of the event names. Both are known
 * to be in the tables. */
static const char *
text_at(const order_t *o, const raw_t *raw, uint8_t position)
{
    const char *text = "";
    if (position > 0) {
        evprof_timeline_text(o->generation, raw->args[position - 1], &text);
    }
    return text;
}

static uint32_t
stack_at(const order_t *o, const raw_t *raw, uint8_t position)
{
    uint32_t stack = 0;
    if (position > 0) {
        evprof_timeline_stack(o->generation, raw->args[position - 1], &stack);
    }
    return stack;
}

static evprof_timeline_event_t
event_of(const order_t *o, const turn_t *turn, enum evprof_timeline_kind kind)
{
    return (evprof_timeline_event_t){
        .ns = turn->raw->ns,
        .by = turn->now.g,
        .m = turn->m,
        .text = text_at(o, turn->raw, turn->row->text),
        .more = text_at(o, turn->raw, turn->row->more),
        .stack = stack_at(o, turn->raw, turn->row->stack),
        .kind = (uint8_t)kind,
    };
}

/* Changes the state of a goroutine other than the one that runs. */
static enum evprof_timeline_step
tell_state(order_t *o, const turn_t *turn, uint64_t g, uint8_t from, uint8_t to,
           uint32_t own_stack)
{
    evprof_timeline_event_t event = event_of(o, turn, EVPROF_TIMELINE_STATE);
    event.of = g;
    event.from = from;
    event.to = to;
    event.own_stack = own_stack;
    return add(o, &event);
}

/* Changes the state of the goroutine that runs, at the stack of the event. */
static enum evprof_timeline_step
tell_own(order_t *o, const turn_t *turn, uint8_t from, uint8_t to)
{
    return tell_state(o, turn, turn->now.g, from, to,
                      stack_at(o, turn->raw, turn->row->stack));
}

/* For events that no view shows: only the time goes on. */
static enum evprof_timeline_step
pass(order_t *o, turn_t *turn)
{
    tick(o, turn->raw->ns);
    return DONE;
}

/* ---- Ps ---- */

/* A status of ABANDONED does not replace the state SYSCALL, which says more. */
static enum evprof_timeline_step
proc_status(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    uint64_t state = turn->raw->args[1];
    if (state < EVPROF_GO_PROC_RUNNING || state > EVPROF_GO_PROC_ABANDONED) {
        return wrong(o, "a P has no such state");
    }
    bool is_new;
    void *rows = o->p_rows;
    p_t *p = evprof_timeline_row_of(&o->ps, &rows, &o->p_cap, sizeof(p_t), id,
                                    &is_new);
    o->p_rows = rows;
    if (p == NULL) {
        return NO_MEMORY;
    }
    if (is_new) {
        p->state = (uint8_t)state;
    } else if (p->state != state && (state != EVPROF_GO_PROC_ABANDONED ||
                                     p->state != EVPROF_GO_PROC_SYSCALL)) {
        return wrong(o, "a P is in another state than it was left in");
    }
    take_next(o, &p->sequence, 0);
    if (state == EVPROF_GO_PROC_RUNNING || state == EVPROF_GO_PROC_SYSCALL) {
        turn->next.p = id;
    }
    return pass(o, turn);
}

static enum evprof_timeline_step
proc_start(order_t *o, turn_t *turn)
{
    p_t *p = evprof_timeline_find_p(o, turn->raw->args[0]);
    if (p == NULL || p->state != EVPROF_GO_PROC_IDLE ||
        !is_next(o, &p->sequence, turn->raw->args[1]) || turn->now.p != NONE) {
        return NOT_YET;
    }
    p->state = EVPROF_GO_PROC_RUNNING;
    take_next(o, &p->sequence, turn->raw->args[1]);
    turn->next.p = turn->raw->args[0];
    return pass(o, turn);
}

static enum evprof_timeline_step
proc_stop(order_t *o, turn_t *turn)
{
    p_t *p = evprof_timeline_find_p(o, turn->now.p);
    if (p == NULL || (p->state != EVPROF_GO_PROC_RUNNING &&
                      p->state != EVPROF_GO_PROC_SYSCALL)) {
        return wrong(o, "a P stops that did not run");
    }
    p->state = EVPROF_GO_PROC_IDLE;
    turn->next.p = NONE;
    return pass(o, turn);
}

static enum evprof_timeline_step
proc_steal(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    uint64_t victim = turn->raw->args[2];
    p_t *p = evprof_timeline_find_p(o, id);
    if (p == NULL || !is_next(o, &p->sequence, turn->raw->args[1]) ||
        (p->state != EVPROF_GO_PROC_SYSCALL &&
         p->state != EVPROF_GO_PROC_ABANDONED)) {
        return NOT_YET;
    }
    bool is_abandoned = p->state == EVPROF_GO_PROC_ABANDONED;
    m_t *from =
        victim == turn->m ? &turn->next : evprof_timeline_find_m(o, victim);
    if (!is_abandoned && (from == NULL || from->p != id)) {
        return wrong(o, "a P is taken from an M that does not have it");
    }
    p->state = EVPROF_GO_PROC_IDLE;
    take_next(o, &p->sequence, turn->raw->args[1]);
    if (!is_abandoned) {
        from->p = NONE;
    }
    return pass(o, turn);
}

/* ---- Goroutines ---- */

/* The status of a goroutine in a system call may come from any M; the goroutine
 * stays bound to its own. */
static enum evprof_timeline_step
bind_syscall(order_t *o, turn_t *turn, uint64_t id, uint64_t m)
{
    bool is_first = o->generation->number == o->first_generation;
    if (m == NONE) {
        return wrong(o, "a goroutine is in a system call without an M");
    }
    if (m == turn->m) {
        turn->next.g = id;
        return is_first || turn->now.g == id
                   ? DONE
                   : wrong(o, "an M has another goroutine in a system call");
    }
    m_t *other = evprof_timeline_find_m(o, m);
    if (other != NULL) {
        return other->g == id
                   ? DONE
                   : wrong(o, "an M has another goroutine in a system call");
    }
    other = evprof_timeline_make_m(o, m);
    if (other == NULL) {
        return NO_MEMORY;
    }
    other->g = id;
    return DONE;
}

static enum evprof_timeline_step
go_status(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    uint64_t state = turn->raw->args[2];
    g_t *g = evprof_timeline_find_g(o, id);
    uint8_t from = g != NULL ? g->state : EVPROF_TIMELINE_UNKNOWN;
    enum evprof_timeline_step step = DONE;
    if (state < EVPROF_GO_RUNNABLE || state > EVPROF_GO_WAITING) {
        return wrong(o, "a goroutine has no such state");
    }
    if (g == NULL && o->generation->number != o->first_generation) {
        return wrong(o, "a goroutine appears that nobody made");
    }
    if (g != NULL && g->state != state) {
        return wrong(o, "a goroutine is in another state than it was left in");
    }
    if (g == NULL) {
        g = evprof_timeline_make_g(o, id, (uint8_t)state);
    }
    if (g == NULL) {
        return NO_MEMORY;
    }
    take_next(o, &g->sequence, 0);
    if (state == EVPROF_GO_RUNNING) {
        turn->next.g = id;
        o->t->is_native = o->t->is_native && id == turn->m;
    } else if (state == EVPROF_GO_SYSCALL) {
        step = bind_syscall(o, turn, id, turn->raw->args[1]);
    }
    return step != DONE ? step
                        : tell_state(o, turn, id, from, (uint8_t)state,
                                     stack_at(o, turn->raw, turn->row->stack));
}

static enum evprof_timeline_step
go_create(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    uint8_t state = turn->raw->type == EVPROF_GO_CREATE_BLOCKED
                        ? EVPROF_GO_WAITING
                        : EVPROF_GO_RUNNABLE;
    g_t *creator = evprof_timeline_find_g(o, turn->now.g);
    if (creator != NULL && creator->state != EVPROF_GO_RUNNING) {
        return wrong(o, "a goroutine is made by one that does not run");
    }
    if (evprof_timeline_find_g(o, id) != NULL) {
        return wrong(o, "a goroutine is made twice");
    }
    return evprof_timeline_make_g(o, id, state) == NULL
               ? NO_MEMORY
               : tell_state(o, turn, id, EVPROF_GO_GONE, state,
                            stack_at(o, turn->raw, 2));
}

static enum evprof_timeline_step
go_create_syscall(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    if (evprof_timeline_find_g(o, id) != NULL) {
        return wrong(o, "a goroutine is made twice");
    }
    turn->next.g = id;
    return evprof_timeline_make_g(o, id, EVPROF_GO_SYSCALL) == NULL
               ? NO_MEMORY
               : tell_state(o, turn, id, EVPROF_GO_GONE, EVPROF_GO_SYSCALL, 0);
}

static enum evprof_timeline_step
go_start(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    g_t *g = evprof_timeline_find_g(o, id);
    if (g == NULL || g->state != EVPROF_GO_RUNNABLE ||
        !is_next(o, &g->sequence, turn->raw->args[1])) {
        return NOT_YET;
    }
    if (turn->now.p == NONE || turn->now.g != NONE) {
        return wrong(o, "a goroutine starts on an M that cannot run it");
    }
    g->state = EVPROF_GO_RUNNING;
    take_next(o, &g->sequence, turn->raw->args[1]);
    turn->next.g = id;
    o->t->is_native = o->t->is_native && id == turn->m;
    return tell_state(o, turn, id, EVPROF_GO_RUNNABLE, EVPROF_GO_RUNNING, 0);
}

/* The goroutine that runs ends, yields or blocks. */
static enum evprof_timeline_step
go_leave(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    uint8_t to = turn->raw->type == EVPROF_GO_DESTROY ? EVPROF_GO_GONE
                 : turn->raw->type == EVPROF_GO_STOP  ? EVPROF_GO_RUNNABLE
                                                      : EVPROF_GO_WAITING;
    if (g == NULL || g->state != EVPROF_GO_RUNNING) {
        return wrong(o, "a goroutine stops that did not run");
    }
    g->state = to;
    turn->next.g = NONE;
    return tell_own(o, turn, EVPROF_GO_RUNNING, to);
}

static enum evprof_timeline_step
go_unblock(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    g_t *g = evprof_timeline_find_g(o, id);
    if (g == NULL || g->state != EVPROF_GO_WAITING ||
        !is_next(o, &g->sequence, turn->raw->args[1])) {
        return NOT_YET;
    }
    g->state = EVPROF_GO_RUNNABLE;
    take_next(o, &g->sequence, turn->raw->args[1]);
    return tell_state(o, turn, id, EVPROF_GO_WAITING, EVPROF_GO_RUNNABLE, 0);
}

/* One goroutine hands its M to another: three events in one. */
static enum evprof_timeline_step
go_switch(order_t *o, turn_t *turn)
{
    uint64_t id = turn->raw->args[0];
    bool is_end = turn->raw->type == EVPROF_GO_SWITCH_DESTROY;
    uint8_t to = is_end ? EVPROF_GO_GONE : EVPROF_GO_WAITING;
    g_t *from = evprof_timeline_find_g(o, turn->now.g);
    g_t *g = evprof_timeline_find_g(o, id);
    if (from == NULL || from->state != EVPROF_GO_RUNNING) {
        return wrong(o, "a goroutine stops that did not run");
    }
    if (g == NULL || g->state != EVPROF_GO_WAITING ||
        !is_next(o, &g->sequence, turn->raw->args[1])) {
        return NOT_YET;
    }
    g->state = EVPROF_GO_RUNNING;
    from->state = to;
    take_next(o, &g->sequence, turn->raw->args[1]);
    turn->next.g = id;
    enum evprof_timeline_step step =
        tell_state(o, turn, id, EVPROF_GO_WAITING, EVPROF_GO_RUNNABLE, 0);
    if (step == DONE) {
        step = tell_own(o, turn, EVPROF_GO_RUNNING, to);
    }
    turn->now.g = NONE;
    return step == DONE ? tell_state(o, turn, id, EVPROF_GO_RUNNABLE,
                                     EVPROF_GO_RUNNING, 0)
                        : step;
}

/* ---- System calls ---- */

static enum evprof_timeline_step
syscall_begin(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    p_t *p = evprof_timeline_find_p(o, turn->now.p);
    if (g == NULL || g->state != EVPROF_GO_RUNNING || p == NULL) {
        return wrong(o, "a goroutine makes a system call that did not run");
    }
    if (!is_next(o, &p->sequence, turn->raw->args[0])) {
        return wrong(o, "a system call is out of sequence");
    }
    g->state = EVPROF_GO_SYSCALL;
    p->state = EVPROF_GO_PROC_SYSCALL;
    take_next(o, &p->sequence, turn->raw->args[0]);
    return tell_own(o, turn, EVPROF_GO_RUNNING, EVPROF_GO_SYSCALL);
}

static enum evprof_timeline_step
syscall_end(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    p_t *p = evprof_timeline_find_p(o, turn->now.p);
    if (g == NULL || g->state != EVPROF_GO_SYSCALL || p == NULL ||
        p->state != EVPROF_GO_PROC_SYSCALL) {
        return wrong(o, "a system call ends that did not begin");
    }
    g->state = EVPROF_GO_RUNNING;
    p->state = EVPROF_GO_PROC_RUNNING;
    return tell_own(o, turn, EVPROF_GO_SYSCALL, EVPROF_GO_RUNNING);
}

/* The P was taken away during the call; an event of its own has to say so
 * first. */
static enum evprof_timeline_step
syscall_end_blocked(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    p_t *p =
        turn->now.p != NONE ? evprof_timeline_find_p(o, turn->now.p) : NULL;
    if (p != NULL && p->state == EVPROF_GO_PROC_SYSCALL) {
        return NOT_YET;
    }
    if (g == NULL || g->state != EVPROF_GO_SYSCALL) {
        return wrong(o, "a system call ends that did not begin");
    }
    g->state = EVPROF_GO_RUNNABLE;
    turn->next.g = NONE;
    return tell_own(o, turn, EVPROF_GO_SYSCALL, EVPROF_GO_RUNNABLE);
}

static enum evprof_timeline_step
destroy_syscall(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    if (g == NULL || g->state != EVPROF_GO_SYSCALL) {
        return wrong(o, "a system call ends that did not begin");
    }
    if (turn->now.p != NONE) {
        p_t *p = evprof_timeline_find_p(o, turn->now.p);
        if (p == NULL || p->state != EVPROF_GO_PROC_SYSCALL) {
            return wrong(o, "a goroutine ends in a system call of no P");
        }
        p->state = EVPROF_GO_PROC_ABANDONED;
        turn->next.p = NONE;
        pass(o, turn);
    }
    g->state = EVPROF_GO_GONE;
    turn->next.g = NONE;
    return tell_own(o, turn, EVPROF_GO_SYSCALL, EVPROF_GO_GONE);
}

/* ---- The garbage collector ---- */

static enum evprof_timeline_step
gc(order_t *o, turn_t *turn)
{
    uint64_t sequence = turn->raw->args[0];
    uint8_t type = turn->raw->type;
    bool is_first = o->generation->number == o->first_generation;
    bool is_known = o->gc_state != GC_UNKNOWN;
    bool needs_none = type == EVPROF_GO_GC_ACTIVE  ? is_first && !is_known
                      : type == EVPROF_GO_GC_BEGIN ? !is_known
                                                   : false;
    if (!needs_none && sequence != o->gc_sequence + 1) {
        return NOT_YET;
    }
    if (!needs_none && (o->gc_state == GC_ON) == (type == EVPROF_GO_GC_BEGIN)) {
        return wrong(o, "a garbage collection begins or ends twice");
    }
    o->gc_sequence = sequence;
    o->gc_state = type == EVPROF_GO_GC_END ? GC_OFF : GC_ON;
    return pass(o, turn);
}

/* ---- What programs tell of themselves ---- */

static enum evprof_timeline_step
task_begin(order_t *o, turn_t *turn)
{
    bool is_new;
    void *rows = o->task_rows;
    evprof_timeline_task_t *task = evprof_timeline_row_of(
        &o->tasks, &rows, &o->task_cap, sizeof(evprof_timeline_task_t),
        turn->raw->args[0], &is_new);
    o->task_rows = rows;
    if (task == NULL) {
        return NO_MEMORY;
    }
    if (!is_new && task->is_open) {
        return wrong(o, "a task begins twice");
    }
    evprof_timeline_event_t event =
        event_of(o, turn, EVPROF_TIMELINE_TASK_BEGIN);
    *task = (evprof_timeline_task_t){ .is_open = true, .name = event.text };
    event.of = turn->raw->args[0];
    event.value = turn->raw->args[1];
    return add(o, &event);
}

static enum evprof_timeline_step
task_end(order_t *o, turn_t *turn)
{
    uint32_t row = evprof_timeline_map_find(&o->tasks, turn->raw->args[0]);
    evprof_timeline_event_t event = event_of(o, turn, EVPROF_TIMELINE_TASK_END);
    event.of = turn->raw->args[0];
    if (row != EVPROF_INDEX_END && o->task_rows[row].is_open) {
        o->task_rows[row].is_open = false;
        event.text = o->task_rows[row].name;
    }
    return add(o, &event);
}

static enum evprof_timeline_step
region_begin(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    evprof_timeline_event_t event =
        event_of(o, turn, EVPROF_TIMELINE_REGION_BEGIN);
    if (g == NULL) {
        return wrong(o, "a region begins in no goroutine");
    }
    evprof_timeline_region_t *grown = evprof_grow(
        g->regions, &g->region_cap, g->region_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return NO_MEMORY;
    }
    g->regions = grown;
    event.of = turn->raw->args[0];
    grown[g->region_count++] =
        (evprof_timeline_region_t){ .task = event.of, .name = event.text };
    return add(o, &event);
}

/* An unknown task began before the trace. */
static enum evprof_timeline_step
region_end(order_t *o, turn_t *turn)
{
    g_t *g = evprof_timeline_find_g(o, turn->now.g);
    evprof_timeline_event_t event =
        event_of(o, turn, EVPROF_TIMELINE_REGION_END);
    event.of = turn->raw->args[0];
    if (g == NULL) {
        return wrong(o, "a region ends in no goroutine");
    }
    if (g->region_count > 0) {
        const evprof_timeline_region_t *inner =
            &g->regions[g->region_count - 1];
        if (inner->task != event.of || inner->name != event.text) {
            return wrong(o, "a region ends that is not the innermost");
        }
        g->region_count--;
    }
    return add(o, &event);
}

static enum evprof_timeline_step
user_log(order_t *o, turn_t *turn)
{
    evprof_timeline_event_t event = event_of(o, turn, EVPROF_TIMELINE_LOG);
    event.of = turn->raw->args[0];
    return add(o, &event);
}

static enum evprof_timeline_step
label(order_t *o, turn_t *turn)
{
    const evprof_timeline_event_t event =
        event_of(o, turn, EVPROF_TIMELINE_LABEL);
    return add(o, &event);
}

static enum evprof_timeline_step
heap(order_t *o, turn_t *turn)
{
    evprof_timeline_event_t event = event_of(o, turn, EVPROF_TIMELINE_HEAP);
    event.value = turn->raw->args[0];
    return add(o, &event);
}

/* ---- All events ---- */

/* clang-format off */
static const row_t rows[EVPROF_GO_EVENTS] = {
    [EVPROF_GO_PROCS_CHANGE] = { pass, 2, 2, 0, 0, MUST, MUST },
    [EVPROF_GO_PROC_START] = { proc_start, 2, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_PROC_STOP] = { proc_stop, 0, 0, 0, 0, MUST, MAY },
    [EVPROF_GO_PROC_STEAL] = { proc_steal, 3, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_PROC_STATUS] = { proc_status, 2, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_CREATE] = { go_create, 3, 3, 0, 0, MUST, MAY },
    [EVPROF_GO_CREATE_SYSCALL] =
        { go_create_syscall, 1, 0, 0, 0, MAY, MUST_NOT },
    [EVPROF_GO_START] = { go_start, 2, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_DESTROY] = { go_leave, 0, 0, 0, 0, MUST, MUST },
    [EVPROF_GO_DESTROY_SYSCALL] = { destroy_syscall, 0, 0, 0, 0, MAY, MUST },
    [EVPROF_GO_STOP] = { go_leave, 2, 2, 1, 0, MUST, MUST },
    [EVPROF_GO_BLOCK] = { go_leave, 2, 2, 1, 0, MUST, MUST },
    [EVPROF_GO_UNBLOCK] = { go_unblock, 3, 3, 0, 0, MAY, MAY },
    [EVPROF_GO_SYSCALL_BEGIN] = { syscall_begin, 2, 2, 0, 0, MUST, MUST },
    [EVPROF_GO_SYSCALL_END] = { syscall_end, 0, 0, 0, 0, MUST, MUST },
    [EVPROF_GO_SYSCALL_END_BLOCKED] =
        { syscall_end_blocked, 0, 0, 0, 0, MAY, MUST },
    [EVPROF_GO_STATUS] = { go_status, 3, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_STW_BEGIN] = { pass, 2, 2, 1, 0, MUST, MUST },
    [EVPROF_GO_STW_END] = { pass, 0, 0, 0, 0, MUST, MUST },
    [EVPROF_GO_GC_ACTIVE] = { gc, 1, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_GC_BEGIN] = { gc, 2, 2, 0, 0, MAY, MAY },
    [EVPROF_GO_GC_END] = { gc, 1, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_SWEEP_ACTIVE] = { pass, 1, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_SWEEP_BEGIN] = { pass, 1, 1, 0, 0, MUST, MAY },
    [EVPROF_GO_SWEEP_END] = { pass, 2, 0, 0, 0, MUST, MAY },
    [EVPROF_GO_ASSIST_ACTIVE] = { pass, 1, 0, 0, 0, MAY, MAY },
    [EVPROF_GO_ASSIST_BEGIN] = { pass, 1, 1, 0, 0, MUST, MUST },
    [EVPROF_GO_ASSIST_END] = { pass, 0, 0, 0, 0, MUST, MUST },
    [EVPROF_GO_HEAP_ALLOC] = { heap, 1, 0, 0, 0, MUST, MAY },
    [EVPROF_GO_HEAP_GOAL] = { pass, 1, 0, 0, 0, MUST, MAY },
    [EVPROF_GO_LABEL] = { label, 1, 0, 1, 0, MUST, MUST },
    [EVPROF_GO_TASK_BEGIN] = { task_begin, 4, 4, 3, 0, MUST, MUST },
    [EVPROF_GO_TASK_END] = { task_end, 2, 2, 0, 0, MUST, MUST },
    [EVPROF_GO_REGION_BEGIN] = { region_begin, 3, 3, 2, 0, MUST, MUST },
    [EVPROF_GO_REGION_END] = { region_end, 3, 3, 2, 0, MUST, MUST },
    [EVPROF_GO_LOG] = { user_log, 4, 4, 2, 3, MUST, MUST },
    [EVPROF_GO_SWITCH] = { go_switch, 2, 0, 0, 0, MUST, MUST },
    [EVPROF_GO_SWITCH_DESTROY] = { go_switch, 2, 0, 0, 0, MUST, MUST },
    [EVPROF_GO_CREATE_BLOCKED] = { go_create, 3, 3, 0, 0, MUST, MAY },
    [EVPROF_GO_STATUS_STACK] = { go_status, 4, 4, 0, 0, MAY, MAY },
};
/* clang-format on */

bool
evprof_timeline_raw_read(evprof_timeline_bytes_t *bytes,
                         evprof_timeline_raw_t *out, uint64_t *ticks)
{
    out->type = *bytes->at++;
    return out->type < EVPROF_GO_EVENTS && rows[out->type].step != NULL &&
           evprof_timeline_number(bytes, ticks) &&
           evprof_timeline_numbers(bytes, out->args, rows[out->type].args);
}

/* Whether the strings and stacks that the event names are in the tables. */
static bool
has_names(const order_t *o, const raw_t *raw, const row_t *row)
{
    const uint8_t texts[] = { row->text, row->more };
    const char *text;
    uint32_t stack;
    bool has =
        row->stack == 0 ||
        evprof_timeline_stack(o->generation, raw->args[row->stack - 1], &stack);
    for (size_t i = 0; i < sizeof(texts); i++) {
        has = has && (texts[i] == 0 ||
                      evprof_timeline_text(o->generation,
                                           raw->args[texts[i] - 1], &text));
    }
    return has;
}

static bool
fits(enum need need, uint64_t has)
{
    return need == MAY || (need == MUST) == (has != NONE);
}

void
evprof_timeline_order_begin(evprof_timeline_order_t *o,
                            const evprof_timeline_generation_t *g)
{
    o->generation = g;
    /* One without events tells of nobody, and those that are there may yet
     * appear. */
    if (o->first_generation == 0 && g->ms.count > 0) {
        o->first_generation = g->number;
    }
    tick(o, evprof_timeline_ns(g, g->min_time));
}

enum evprof_timeline_step
evprof_timeline_order_step(evprof_timeline_order_t *o, uint64_t m,
                           const evprof_timeline_raw_t *event)
{
    turn_t turn = { .raw = event,
                    .row = &rows[event->type],
                    .m = m,
                    .now = { .p = NONE, .g = NONE } };
    m_t *row = m == NONE ? NULL : evprof_timeline_make_m(o, m);
    if (row == NULL && m != NONE) {
        return NO_MEMORY;
    }
    if (row != NULL) {
        turn.now = *row;
    }
    turn.next = turn.now;
    if (!has_names(o, event, turn.row)) {
        return wrong(o, "an event names what is not in its tables");
    }
    if (!fits((enum need)turn.row->p, turn.now.p) ||
        !fits((enum need)turn.row->g, turn.now.g)) {
        return wrong(o, "an event happens where it cannot");
    }
    enum evprof_timeline_step step = turn.row->step(o, &turn);
    row = m == NONE ? NULL : evprof_timeline_find_m(o, m);
    if (step == DONE && row != NULL) {
        *row = turn.next;
    }
    return step;
}

enum evprof_timeline_step
evprof_timeline_order_sample(evprof_timeline_order_t *o,
                             const evprof_timeline_sample_t *sample)
{
    const evprof_timeline_event_t event = { .ns = sample->ns,
                                            .by = sample->g,
                                            .m = sample->m,
                                            .text = "",
                                            .more = "",
                                            .stack = sample->stack,
                                            .kind = EVPROF_TIMELINE_SAMPLE };
    return add(o, &event);
}

void
evprof_timeline_order_free(evprof_timeline_order_t *o)
{
    for (size_t i = 0; i < o->gs.count; i++) {
        free(o->g_rows[i].regions);
    }
    free(o->g_rows);
    free(o->p_rows);
    free(o->m_rows);
    free(o->task_rows);
    evprof_timeline_map_free(&o->gs);
    evprof_timeline_map_free(&o->ps);
    evprof_timeline_map_free(&o->ms);
    evprof_timeline_map_free(&o->tasks);
}
