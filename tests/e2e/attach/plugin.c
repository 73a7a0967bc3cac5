/* SPDX-License-Identifier: Apache-2.0 */
/* Loaded by the program when it is profiled already. */
__attribute__((visibility("default"))) void plugin_turns(long (*turn)(long),
                                                         long count);

void
plugin_turns(long (*turn)(long), long count)
{
    for (long i = 0; i < count; i++) {
        turn(i);
    }
}
