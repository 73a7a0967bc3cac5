/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main() of a test program that has none. A linker prefers the program's
 * own; without this one its error would name a start file of libc, which does
 * not say what to do.
 */
#include <errno.h>
#include <stdio.h>

#include <evprof/export.h>

int main(void);

EVPROF_API __attribute__((weak)) int
main(void)
{
    fprintf(stderr,
            "%s has no main function: write EVPROF_TEST_MAIN() in one of its "
            "files\n",
            program_invocation_short_name);
    return 2;
}
