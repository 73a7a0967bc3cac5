/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin whose frames have a size of its own; two of them fit into the same
 * place in memory. */
#include <stddef.h>
#include <string.h>

__attribute__((visibility("default"))) long plugin_work(long depth);

__attribute__((noinline)) static long
inner(long depth)
{
    volatile char bytes[PLUGIN_FRAME];
    bytes[0] = (char)depth;
    long out = depth > 0 ? inner(depth - 1) : 0;
    for (size_t i = 0; i < sizeof(bytes); i += 16) {
        bytes[i] = (char)(out + (long)i);
    }
    return out + bytes[PLUGIN_FRAME / 2];
}

long
plugin_work(long depth)
{
    return inner(depth) + 1;
}
