/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_LOCKS_PROFILE_H
#define TESTS_E2E_LOCKS_PROFILE_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

/* The profile of that name as it is served, decoded; to be freed. */
evprof_pprof_t *take_profile(evprof_t *prof, const char *name);

/* Its text with debug=`debug`. */
evprof_buf_t take_text(evprof_t *prof, const char *name, int debug);

/* Whether `function` is in the sample's stack; at its leaf. */
bool sample_has(const evprof_pprof_t *p, const evprof_sample_t *sample,
                const char *function);
bool sample_leaf_is(const evprof_pprof_t *p, const evprof_sample_t *sample,
                    const char *function);

/* Sum of column `type` over the samples that have `function`. */
int64_t sum_of(const evprof_pprof_t *p, const char *function, size_t type);

/* The sample's text label, or NULL. */
const char *label_of(const evprof_sample_t *sample, const char *key);

/* Fails when a function of the library's is in a stack that has `function`,
 * NULL: in any stack. */
void assert_no_frame_of_ours(const evprof_pprof_t *p, const char *function);

#endif
