/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a module's snapshot to the bytes of a reply: stacks, then symbols, then
 * profile.proto or text. Runs on the worker after sampling has stopped.
 */
#include "core/base/error.h"
#include "core/profile/builder.h"
#include "core/profile/text.h"
#include "core/runtime/runtime.h"
#include "core/runtime/symbols.h"

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

static void
use_symbols(const evprof_profile_t *profile)
{
    evprof_symbols_configure(
        profile->limits.symbolize >= EVPROF_SYMBOLIZE_LINES,
        evprof_config_pprof(profile->prof->config)->symbolize_helper);
}

int
evprof_produce_encode(const evprof_profile_t *profile, const evprof_ask_t *ask,
                      evprof_builder_t *b, evprof_result_t *result)
{
    evprof_pprof_t *p = NULL;
    size_t folded = evprof_builder_folded(b);
    if (folded > 0) {
        evprof_builder_comment(b, "%zu samples beyond max_stacks have no stack",
                               folded);
    }
    int status = evprof_builder_finish(b, &p, &result->err);
    use_symbols(profile);
    if (status == EVPROF_OK &&
        profile->limits.symbolize != EVPROF_SYMBOLIZE_OFF) {
        status = evprof_symbols_fill(p, &result->err);
    } else if (status == EVPROF_OK) {
        status = evprof_symbols_map(p, &result->err);
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
    if (status == EVPROF_OK && result->body.failed) {
        status = EVPROF_ENOMEM;
    }
    if (status == EVPROF_ENOMEM) {
        evprof_fail(&result->err, status, "profile %s: out of memory",
                    profile->name);
    }
    return status == EVPROF_OK ? check_size(profile, result) : status;
}
