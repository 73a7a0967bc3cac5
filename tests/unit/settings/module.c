/* SPDX-License-Identifier: Apache-2.0 */
/* A profile type that is loaded; each macro gives it one mistake. */
#include <stddef.h>

#include <evprof/module.h>

typedef struct hello_conf {
    long count;
} hello_conf_t;

static const evprof_directive_t directives[] = {
    { .name = "count",
      .args = "NUMBER",
      .help = "How many there are.",
      .by_default = "3",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(hello_conf_t, count),
      .min = 1,
      .max = 9,
      .set = evprof_set_number },
    EVPROF_DIRECTIVE_END
};

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    (void)err;
#ifdef MODULE_BAD_INIT
    (void)conf;
    (void)state;
    return EVPROF_EIO;
#else
    static long count;
    count = ((const hello_conf_t *)conf)->count;
    *state = &count;
    return EVPROF_OK;
#endif
}

#ifndef MODULE_NO_HOOKS
static int
text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
     evprof_error_t *err)
{
    (void)ask;
    (void)err;
    char digit = (char)('0' + *(long *)state);
    return out->write(out->ctx, &digit, 1);
}
#endif

#ifdef MODULE_NO_SYMBOL
EVPROF_API extern const evprof_module_t something_else;
const evprof_module_t something_else = {
#else
const evprof_module_t evprof_module = {
#endif
#ifdef MODULE_WRONG_ABI
    .abi = EVPROF_MODULE_ABI + 1,
#else
    .abi = EVPROF_MODULE_ABI,
#endif
#ifdef MODULE_TAKEN_NAME
    .name = "cpu",
#elif defined(MODULE_OTHER_NAME)
    .name = "threads",
#elif defined(MODULE_PAGE_NAME)
.name = "status",
#elif defined(MODULE_BAD_NAME)
.name = "a/b",
#else
.name = "hello",
#endif
    .summary = "Greets.",
    .flags = EVPROF_MODULE_TEXT_ONLY,
    .directives = directives,
    .conf_size = sizeof(hello_conf_t),
    .init = init,
#ifndef MODULE_NO_HOOKS
    .text = text,
#endif
};
