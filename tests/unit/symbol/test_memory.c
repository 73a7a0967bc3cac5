/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of symbolizing fails once: the profile then lacks something,
 * or the call says that memory is out, and nothing else happens. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/symbol/symbolize.h"

/* glibc's own, behind those below. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static long left; /* allocations until one fails, 0: none does */

static int
fails(void)
{
    return left > 0 && --left == 0;
}

void *
malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}

static evprof_pprof_t *
profile_of(const uintptr_t *addresses, size_t count)
{
    evprof_pprof_t *p = evprof_pprof_new();
    p->locations = evprof_arena_calloc(&p->arena, count, sizeof(*p->locations));
    for (size_t i = 0; i < count; i++) {
        p->locations[i] = (evprof_location_t){ .id = i + 1,
                                               .address = addresses[i],
                                               .mapping = EVPROF_NO_INDEX };
    }
    p->location_count = count;
    return p;
}

static void
check(const char *helper)
{
    void *sample = dlopen(SAMPLE_OBJECTS "/sample_lines.so", RTLD_NOW);
    assert_non_null(sample);
    const uintptr_t addresses[] = { (uintptr_t)dlsym(sample, "sample_outer") +
                                        1,
                                    (uintptr_t)dlsym(NULL, "fopen") + 1,
                                    (uintptr_t)&check };
    assert_int_equal(evprof_objects_refresh(), 0);
    const evprof_objects_t *objects = evprof_objects_acquire();
    bool is_over = false;
    size_t failures = 0;
    for (long n = 1; !is_over; n++) {
        evprof_pprof_t *p = profile_of(addresses, 3);
        evprof_symbolizer_t *s = evprof_symbolizer_new(0);
        evprof_symbolizer_configure(s, true, helper);
        left = n;
        int status = evprof_symbolize(s, objects, p, NULL);
        is_over = left > 0;
        left = 0;
        assert_true(status == 0 || status == EVPROF_ENOMEM);
        failures += status != 0;
        if (is_over) {
            assert_int_equal(status, 0);
            assert_true(p->locations[0].line_count > 0);
            assert_true(p->locations[2].line_count > 0);
        }
        evprof_symbolizer_free(s);
        evprof_pprof_free(p);
    }
    assert_true(failures > 0);
    evprof_objects_release(objects);
    dlclose(sample);
}

static void
test_with_the_helper(void **state)
{
    (void)state;
    check(HELPER);
}

static void
test_without_the_helper(void **state)
{
    (void)state;
    check("off");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_the_helper),
        cmocka_unit_test(test_without_the_helper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
