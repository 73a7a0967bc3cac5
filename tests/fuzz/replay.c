/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target on the files that are named, where there is no fuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static int
replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    uint8_t *data = NULL;
    size_t len = 0;
    size_t got;
    do {
        uint8_t *grown = realloc(data, len + 65536);
        if (grown == NULL) {
            free(data);
            (void)fclose(file);
            return 1;
        }
        data = grown;
        got = fread(data + len, 1, 65536, file);
        len += got;
    } while (got > 0);
    (void)fclose(file);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 0;
}

int
main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay(argv[i]);
    }
    return failed;
}
