/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile type of one's own, compiled without the library's sources: a shared
 * object for `load_module`. It greets: its profile has one stack with a value,
 * and its text says whom.
 *
 *     load_module evprof_hello.so;
 *     pprof { profile hello { name world; times 3; } }
 */
#include <stdint.h>
#include <string.h>

#include <evprof/module.h>

typedef struct hello_conf {
    const char *name;
    long times;
} hello_conf_t;

static const evprof_directive_t directives[] = {
    { .name = "name",
      .args = "NAME",
      .help = "Who is greeted.",
      .by_default = "world",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(hello_conf_t, name),
      .set = evprof_set_string },
    { .name = "times",
      .args = "NUMBER",
      .help = "How often.",
      .by_default = "1",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(hello_conf_t, times),
      .min = 1,
      .max = 1000,
      .set = evprof_set_number },
    EVPROF_DIRECTIVE_END
};

/* The configuration stays as it is until fini, so it is all the state. */
static int
hello_init(const void *conf, void **state, evprof_error_t *err)
{
    (void)err;
    *state = (void *)(uintptr_t)conf;
    return EVPROF_OK;
}

static int
hello_snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
               evprof_error_t *err)
{
    const hello_conf_t *conf = state;
    const int64_t value = conf->times;
    const uintptr_t pc = (uintptr_t)hello_snapshot;
    const evprof_stack_t stack = { .pcs = &pc,
                                   .count = 1,
                                   .leaf_is_exact = true };
    const evprof_sample_label_t label = { .key = "name", .text = conf->name };
    (void)ask;
    (void)err;
    int status = evprof_builder_type(out, "greetings", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "greetings", "count", 1);
    }
    return status == EVPROF_OK
               ? evprof_builder_add(out, &stack, &label, 1, &value)
               : status;
}

static int
put(const evprof_writer_t *out, const char *text)
{
    return out->write(out->ctx, text, strlen(text));
}

static int
hello_text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
           evprof_error_t *err)
{
    const hello_conf_t *conf = state;
    int status = EVPROF_OK;
    (void)ask;
    (void)err;
    for (long i = 0; i < conf->times && status == EVPROF_OK; i++) {
        status = put(out, "hello, ");
        status = status == EVPROF_OK ? put(out, conf->name) : status;
        status = status == EVPROF_OK ? put(out, "\n") : status;
    }
    return status;
}

static long
hello_count(void *state)
{
    return ((const hello_conf_t *)state)->times;
}

const evprof_module_t evprof_module = {
    .abi = EVPROF_MODULE_ABI,
    .name = "hello",
    .summary = "Greetings, by the function that greets.",
    .directives = directives,
    .conf_size = sizeof(hello_conf_t),
    .init = hello_init,
    .snapshot = hello_snapshot,
    .count = hello_count,
    .text = hello_text,
};
