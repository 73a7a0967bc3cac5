/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries that look like a jemalloc from outside: one built without profiling
 * (has malloc), one with prefixed names, one whose malloc is another's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

EXPORT int JOIN(ALIEN_PREFIX, mallctl)(const char *name, void *old,
                                       size_t *old_len, void *set,
                                       size_t set_len);

EXPORT int
JOIN(ALIEN_PREFIX, mallctl)(const char *name, void *old, size_t *old_len,
                            void *set, size_t set_len)
{
    (void)old_len;
    (void)set;
    (void)set_len;
    bool value = ALIEN_CAN_PROFILE && strcmp(name, "config.prof") == 0;
    if (old == NULL ||
        (strcmp(name, "config.prof") != 0 && strcmp(name, "opt.prof") != 0)) {
        return ENOENT;
    }
    memcpy(old, &value, sizeof(value));
    return 0;
}

#ifdef ALIEN_HAS_MALLOC
extern void *__libc_malloc(size_t size);

EXPORT void *
malloc(size_t size)
{
    return __libc_malloc(size);
}
#endif
