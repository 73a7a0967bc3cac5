/* SPDX-License-Identifier: Apache-2.0 */
/* A file of sources, which names servers and where their credentials are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adapters/fetch/sources.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    evprof_arena_t arena = { 0 };
    evprof_source_line_t *lines = NULL;
    size_t count = 0;
    evprof_error_t err;
    int fd = memfd_create("sources", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (evprof_sources_read(path, &arena, &lines, &count, &err) == 0) {
        for (size_t i = 0; i < count; i++) {
            const evprof_fetch_source_t *s = &lines[i].source;
            if (s->url == NULL ||
                (s->tls_cert == NULL) != (s->tls_key == NULL)) {
                abort();
            }
        }
    }
    evprof_arena_free(&arena);
    close(fd);
    return 0;
}
