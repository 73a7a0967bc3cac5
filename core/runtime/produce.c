/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a module's snapshot to the bytes of a reply: stacks, then symbols, then
 * profile.proto or text. Runs on the worker after sampling has stopped.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/profile/builder.h"
#include "core/profile/limit.h"
#include "core/profile/text.h"
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"
#include "core/runtime/symbols.h"
#include "core/sample/labels.h"

static const char *_Atomic remark; /* NULL: none */

void
evprof_remark(const char *text)
{
    atomic_store(&remark, text);
}

/* Adds the comment set for the process, and those on what the builder left
 * out. */
static int
say_remarks(enum evprof_loss_of who, evprof_builder_t *b)
{
    const char *text = atomic_load(&remark);
    const evprof_lost_t folded = { .n = evprof_builder_folded(b) };
    int status =
        text == NULL ? EVPROF_OK : evprof_builder_comment(b, "%s", text);
    if (status == EVPROF_OK && folded.n > 0) {
        status = evprof_loss_say(b, who, EVPROF_LOSS_FOLDED, &folded);
    }
    return status;
}

/* Before the hooks, which may ask for names themselves. */
static void
use_symbols(const evprof_profile_t *profile)
{
    evprof_symbols_configure(
        profile->limits.symbolize >= EVPROF_SYMBOLIZE_LINES,
        evprof_config_pprof(profile->prof->config)->symbolize_helper);
}

int
evprof_produce_snapshot(evprof_profile_t *profile, const evprof_ask_t *ask,
                        evprof_builder_t *b, evprof_error_t *err)
{
    const evprof_module_t *module = profile->module;
    if (module->snapshot == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "profile %s: has no profile.proto form",
                           profile->name);
    }
    use_symbols(profile);
    profile->is_in_hook = true;
    int status = module->snapshot(profile->state, ask, b, err);
    profile->is_in_hook = false;
    return status;
}

static int
check_size(const evprof_profile_t *profile, evprof_result_t *result)
{
    long long most =
        evprof_config_pprof(profile->prof->config)->max_reply_bytes;
    if (result->body.len <= (unsigned long long)most) {
        return EVPROF_OK;
    }
    return evprof_fail(&result->err, EVPROF_ELIMIT,
                       "profile %s: the reply of %zu bytes is larger than "
                       "max_reply",
                       profile->name, result->body.len);
}

static bool
has_overflow(const evprof_sample_t *sample)
{
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const char *text = sample->labels[i].text;
        if (text != NULL && strcmp(text, EVPROF_LABEL_OVERFLOW) == 0) {
            return true;
        }
    }
    return false;
}

/* Values of labels that found no room show as one. */
static int
note_overflows(enum evprof_loss_of who, evprof_pprof_t *p)
{
    evprof_lost_t lost = { .of = EVPROF_LABEL_VALUES_MAX };
    for (size_t i = 0; i < p->sample_count; i++) {
        lost.n += has_overflow(&p->samples[i]);
    }
    return lost.n == 0
               ? EVPROF_OK
               : evprof_loss_note(p, who, EVPROF_LOSS_LABELS_FULL, &lost);
}

/* Adds the reason to a profile without samples. */
static int
explain_empty(enum evprof_loss_of who, const evprof_ask_t *ask,
              evprof_pprof_t *p)
{
    char what[64];
    const char *name = evprof_loss_name(who);
    size_t len = strlen(name);
    bool is_explained = p->sample_count > 0;
    for (size_t i = 0; i < p->comment_count && !is_explained; i++) {
        is_explained = strncmp(p->comments[i], name, len) == 0 &&
                       p->comments[i][len] == ':';
    }
    if (ask->seconds > 0) {
        (void)snprintf(what, sizeof(what), "no difference within %.3g s",
                       ask->seconds);
    } else {
        (void)snprintf(what, sizeof(what), "there is nothing in it now");
    }
    const evprof_lost_t lost = { .what = what };
    return is_explained ? EVPROF_OK
                        : evprof_loss_note(p, who, EVPROF_LOSS_IDLE, &lost);
}

/* Folds samples beyond the bound into one. Returns how many were folded. */
static size_t
fold(const evprof_profile_t *profile, enum evprof_loss_of who,
     evprof_pprof_t *p)
{
    const long most = profile->limits.max_samples;
    const evprof_lost_t lost = { .n = most > 0
                                          ? evprof_pprof_fold(p, (size_t)most)
                                          : 0 };
    if (lost.n > 0) {
        (void)evprof_loss_note(p, who, EVPROF_LOSS_BEYOND_SAMPLES, &lost);
    }
    return lost.n;
}

static atomic_bool leaves_names;

void
evprof_produce_leave_names(void)
{
    atomic_store(&leaves_names, true);
}

static int
give_names(const evprof_profile_t *profile, evprof_pprof_t *p,
           evprof_error_t *err)
{
    use_symbols(profile);
    if (profile->limits.symbolize == EVPROF_SYMBOLIZE_OFF) {
        return evprof_symbols_map(p, err);
    }
    return atomic_load(&leaves_names) ? evprof_symbols_fill_lost(p, err)
                                      : evprof_symbols_fill(p, err);
}

int
evprof_produce_encode(const evprof_profile_t *profile, const evprof_ask_t *ask,
                      evprof_builder_t *b, evprof_result_t *result)
{
    evprof_pprof_t *p = NULL;
    enum evprof_loss_of who = evprof_loss_who(profile->module->name);
    int status = say_remarks(who, b);
    if (status == EVPROF_OK) {
        status = evprof_builder_finish(b, &p, &result->err);
    }
    if (status == EVPROF_OK) {
        status = note_overflows(who, p);
    }
    if (status == EVPROF_OK) {
        status = explain_empty(who, ask, p);
    }
    size_t beyond = status == EVPROF_OK ? fold(profile, who, p) : 0;
    if (status == EVPROF_OK && (beyond > 0 || result->is_delta)) {
        status = evprof_pprof_drop_unused(p);
    }
    if (status == EVPROF_OK) {
        status = give_names(profile, p, &result->err);
    }
    if (status == EVPROF_OK && beyond > 0) {
        status = evprof_pprof_mark_folded(p);
    }
    if (status == EVPROF_OK && ask->debug != 0) {
        result->is_text = true;
        status = evprof_text_counts(p, profile->name, evprof_symbols_entry,
                                    &result->body);
    } else if (status == EVPROF_OK) {
        evprof_writer_t out = evprof_writer_buf(&result->body);
        status = evprof_pprof_encode(p, 0, &out, &result->err);
    }
    evprof_pprof_free(p);
    return status == EVPROF_OK ? check_size(profile, result) : status;
}

/* The status of a hook that has written the body. */
static int
judge_body(const evprof_profile_t *profile, int status, evprof_result_t *result)
{
    if (status == EVPROF_OK && result->body.failed) {
        status = EVPROF_ENOMEM;
    }
    if (status == EVPROF_ENOMEM) {
        evprof_fail(&result->err, status, "profile %s: out of memory",
                    profile->name);
    }
    return status == EVPROF_OK ? check_size(profile, result) : status;
}

int
evprof_produce_text(evprof_profile_t *profile, const evprof_ask_t *ask,
                    evprof_result_t *result)
{
    const evprof_module_t *module = profile->module;
    evprof_writer_t out = evprof_writer_buf(&result->body);
    result->is_text = (module->flags & EVPROF_MODULE_FILE) == 0;
    use_symbols(profile);
    profile->is_in_hook = true;
    int status = module->text(profile->state, ask, &out, &result->err);
    profile->is_in_hook = false;
    return judge_body(profile, status, result);
}

int
evprof_produce_part(evprof_profile_t *profile, evprof_result_t *result)
{
    evprof_writer_t out = evprof_writer_buf(&result->body);
    use_symbols(profile);
    profile->is_in_hook = true;
    int status = profile->module->part(profile->state, &out, &result->err);
    profile->is_in_hook = false;
    return judge_body(profile, status, result);
}
