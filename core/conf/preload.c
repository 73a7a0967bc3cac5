/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directives for libevprof_preload.so: which programs it serves, and when it
 * opens its port. A server that links the library has no use for them, but its
 * file may contain them.
 */
#include <signal.h>

#include "core/conf/block.h"

static const char *
add_names(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_text_list_t **end = &((evprof_preload_conf_t *)conf)->only;
    (void)d;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    for (unsigned i = 0; i < evprof_conf_arg_count(cf); i++) {
        evprof_text_list_t *entry = evprof_conf_alloc(cf, sizeof(*entry));
        char *text = evprof_conf_strdup(cf, evprof_conf_arg(cf, i));
        if (entry == NULL || text == NULL) {
            return "cannot be kept: out of memory";
        }
        entry->text = text;
        *end = entry;
        end = &entry->next;
    }
    return NULL;
}

static const char *
set_signal(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *arg = evprof_conf_arg(cf, 0);
    int number = evprof_conf_signal(arg);
    (void)d;
    if (number < 0 || number == SIGWINCH) {
        return evprof_conf_fragment(
            cf, "must be HUP, USR1, USR2 or off, not %s", arg);
    }
    ((evprof_preload_conf_t *)conf)->listen_signal = number;
    return NULL;
}

static const char *const mounts[] = { "off", "auto", NULL };

static const evprof_directive_t directives[] = {
    { .name = "listen_after",
      .args = "TIME",
      .help = "How long a process must have lived before a preloaded library "
              "opens its port, so that short forks open none.",
      .by_default = "1s",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_preload_conf_t, listen_after_ns),
      .min = 0,
      .max = 3600LL * 1000000000,
      .set = evprof_set_time_ns },
    { .name = "listen_signal",
      .args = "HUP|USR1|USR2|off",
      .help = "Opens the port of a preloaded library when the signal comes, "
              "instead of after a time; the program no longer sees it.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .set = set_signal },
    { .name = "only",
      .args = "NAME...",
      .help = "The programs that a preloaded library serves, by the last part "
              "of their path; all unless named.",
      .min_args = 1,
      .max_args = 64,
      .offset = offsetof(evprof_preload_conf_t, only),
      .flags = EVPROF_DIRECTIVE_MANY,
      .set = add_names },
    { .name = "follow_exec",
      .args = "on|off",
      .help = "Leaves a preloaded library in the environment, so that programs "
              "started by this one have it too.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_preload_conf_t, follow_exec),
      .set = evprof_set_flag },
    { .name = "mount",
      .args = "auto|off",
      .help = "Binds the handlers of a preloaded library on the first evhttp "
              "that the program opens as well.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_preload_conf_t, mount),
      .data = mounts,
      .set = evprof_set_choice },
    EVPROF_DIRECTIVE_END
};

const evprof_section_t evprof_preload_section = {
    .name = "preload",
    .contexts = EVPROF_CONTEXT_MAIN,
    .directives = directives,
    .conf_size = sizeof(evprof_preload_conf_t),
};
