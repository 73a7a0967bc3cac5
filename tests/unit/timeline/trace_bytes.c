/* SPDX-License-Identifier: Apache-2.0 */
/* Written by hand, so that the reader is not checked against the recorder. */
#include "tests/unit/timeline/trace_bytes.h"

#include "core/gotrace/gotrace.h"

enum {
    S_MAIN = 1,
    S_LOCK,
    S_HOLDER,
    S_UNLOCK,
    S_FILE,
    S_REASON,
    S_TASK,
    S_REGION,
    S_KEY,
    S_VALUE
};
enum { AT_MAIN = 1, AT_LOCK, AT_UNLOCK };

#define GENERATION_NS 1000000

typedef struct batch {
    evprof_buf_t bytes;
    int64_t last_ns;
} batch_t;

static void
put(batch_t *b, int64_t ns, enum evprof_go_event type, const uint64_t *args,
    size_t count)
{
    evprof_buf_putc(&b->bytes, (char)type);
    evprof_go_put(&b->bytes, (uint64_t)(ns - b->last_ns));
    for (size_t i = 0; i < count; i++) {
        evprof_go_put(&b->bytes, args[i]);
    }
    b->last_ns = ns;
}

#define PUT(b, ns, type, ...)                                                  \
    do {                                                                       \
        const uint64_t put_args[] = { __VA_ARGS__ };                           \
        put((b), (ns), (type), put_args,                                       \
            sizeof(put_args) / sizeof(put_args[0]));                           \
    } while (0)

static void
put_strings(uint64_t generation, const trace_shape_t *shape, evprof_buf_t *out)
{
    static const char *const texts[] = { "main",   "lock",   "holder",
                                         "unlock", "a.c",    "sync (mutex)",
                                         "GET /a", "lookup", "status",
                                         "200" };
    evprof_buf_t table = { 0 };
    evprof_buf_putc(&table, EVPROF_GO_STRINGS);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len = 0;
        while (texts[i][len] != '\0') {
            len++;
        }
        evprof_buf_putc(&table, EVPROF_GO_STRINGS + 1);
        evprof_go_put(&table, i + 1);
        evprof_go_put(&table, shape->has_bad_string ? len + 5000 : len);
        evprof_buf_puts(&table, texts[i]);
    }
    evprof_go_put_batch(out, generation, EVPROF_GO_NO_THREAD, 1, &table);
    evprof_buf_free(&table);
}

static void
put_stack(evprof_buf_t *table, uint64_t id, uint64_t leaf, uint64_t root)
{
    evprof_buf_putc(table, EVPROF_GO_STACKS + 1);
    evprof_go_put(table, id);
    evprof_go_put(table, leaf == 0 ? 1 : 2);
    for (unsigned i = leaf == 0; i < 2; i++) {
        uint64_t name = i == 0 ? leaf : root;
        evprof_go_put(table, 0x1000 + name);
        evprof_go_put(table, name);
        evprof_go_put(table, S_FILE);
        evprof_go_put(table, 10 + name);
    }
}

static void
put_tables(uint64_t generation, const trace_shape_t *shape, evprof_buf_t *out)
{
    evprof_buf_t table = { 0 };
    put_strings(generation, shape, out);
    evprof_buf_putc(&table, EVPROF_GO_STACKS);
    put_stack(&table, AT_MAIN, 0, S_MAIN);
    put_stack(&table, AT_LOCK, S_LOCK, S_MAIN);
    put_stack(&table, AT_UNLOCK, S_UNLOCK, S_HOLDER);
    evprof_go_put_batch(out, generation, EVPROF_GO_NO_THREAD, 1, &table);
    evprof_buf_clear(&table);
    if (!shape->has_no_clock) {
        evprof_buf_putc(&table, EVPROF_GO_FREQUENCY);
        evprof_go_put(&table, 1000000000);
        evprof_go_put_batch(out, generation, EVPROF_GO_NO_THREAD, 1, &table);
    }
    evprof_buf_free(&table);
}

static void
put_main(batch_t *b, int64_t at)
{
    PUT(b, at + 1000, EVPROF_GO_PROC_STATUS, 0, EVPROF_GO_PROC_RUNNING);
    PUT(b, at + 1001, EVPROF_GO_STATUS_STACK, MAIN, MAIN, EVPROF_GO_RUNNING,
        AT_MAIN);
    PUT(b, at + 2000, EVPROF_GO_TASK_BEGIN, 7, 0, S_TASK, AT_MAIN);
    PUT(b, at + 3000, EVPROF_GO_REGION_BEGIN, 7, S_REGION, AT_MAIN);
    PUT(b, at + 10000, EVPROF_GO_BLOCK, S_REASON, AT_LOCK);
    PUT(b, at + 70000, EVPROF_GO_START, MAIN, 2);
    PUT(b, at + 80000, EVPROF_GO_REGION_END, 7, S_REGION, AT_MAIN);
    PUT(b, at + 90000, EVPROF_GO_LOG, 7, S_KEY, S_VALUE, AT_MAIN);
    PUT(b, at + 102000, EVPROF_GO_TASK_END, 7, AT_MAIN);
}

static void
put_holder(batch_t *b, int64_t at, const trace_shape_t *shape)
{
    PUT(b, at + 1000, EVPROF_GO_PROC_STATUS, 1, EVPROF_GO_PROC_RUNNING);
    PUT(b, at + 1001, EVPROF_GO_STATUS_STACK, HOLDER, HOLDER, EVPROF_GO_RUNNING,
        AT_UNLOCK);
    PUT(b, at + shape->wake_ns, EVPROF_GO_UNBLOCK, MAIN, shape->wake_number,
        AT_UNLOCK);
}

void
trace_bytes(const trace_shape_t *shape, evprof_buf_t *out)
{
    evprof_buf_add(out, EVPROF_GO_TRACE_HEADER, EVPROF_GO_TRACE_HEADER_LEN);
    for (unsigned i = 0; i < shape->generations; i++) {
        int64_t at = (int64_t)i * GENERATION_NS;
        batch_t mains = { .last_ns = at + 1000 };
        batch_t holders = { .last_ns = at + 1000 };
        put_main(&mains, at);
        put_holder(&holders, at, shape);
        evprof_go_put_batch(out, i + 1, MAIN, (uint64_t)at + 1000,
                            &mains.bytes);
        evprof_go_put_batch(out, i + 1, HOLDER, (uint64_t)at + 1000,
                            &holders.bytes);
        put_tables(i + 1, shape, out);
        evprof_buf_free(&mains.bytes);
        evprof_buf_free(&holders.bytes);
    }
}
