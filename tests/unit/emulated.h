/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_EMULATED_H
#define TESTS_UNIT_EMULATED_H

/*
 * The preset aarch64 runs its tests by an emulator of system calls, which lacks
 * some. A test that needs one says which and is skipped there; CMake sets the
 * variable for all tests of such a build. To be included after cmocka.h.
 */
#include <stdlib.h>

#define SKIP_EMULATED(lack)                                                    \
    do {                                                                       \
        if (getenv("EVPROF_EMULATED") != NULL) {                               \
            print_message("skipped: the emulator has no " lack "\n");          \
            skip();                                                            \
        }                                                                      \
    } while (0)

#endif
