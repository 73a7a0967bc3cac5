/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a program, given by its file or its build id, from a profile among the
 * first words after the flags. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/cli/flags.h"

#define MAGIC_SIZE 4

/* ELF; Mach-O of both widths and byte orders, and for many processors; PE. */
static const struct magic {
    unsigned char bytes[MAGIC_SIZE];
    size_t len;
} magics[] = {
    { { 0x7f, 'E', 'L', 'F' }, 4 },    { { 0xfe, 0xed, 0xfa, 0xce }, 4 },
    { { 0xfe, 0xed, 0xfa, 0xcf }, 4 }, { { 0xce, 0xfa, 0xed, 0xfe }, 4 },
    { { 0xcf, 0xfa, 0xed, 0xfe }, 4 }, { { 0xca, 0xfe, 0xba, 0xbe }, 4 },
    { { 'M', 'Z', 0, 0 }, 2 },
};

bool
cli_is_binary(const char *file)
{
    /* A pipe can be read only once, so it is left to the reader of the
     * profile. */
    struct stat info;
    if (stat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    unsigned char head[MAGIC_SIZE];
    ssize_t n = read(fd, head, sizeof(head));
    close(fd);
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (n == (ssize_t)sizeof(head) &&
            memcmp(head, magics[i].bytes, magics[i].len) == 0) {
            return true;
        }
    }
    return false;
}

bool
cli_is_build_id(const char *word)
{
    /* Eight bytes are the shortest id that a linker writes. */
    static const size_t min_len = 16;
    struct stat info;
    size_t len = strlen(word);
    return len >= min_len && len % 2 == 0 &&
           strspn(word, "0123456789abcdef") == len && stat(word, &info) != 0;
}
