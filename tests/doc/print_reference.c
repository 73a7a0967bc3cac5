/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the reference of every directive, as `evprof -directives` does. */
#include <stdio.h>
#include <stdlib.h>

#include <evprof/evprof.h>

int
main(void)
{
    evprof_error_t err;
    evprof_writer_t out = evprof_writer_file(stdout);
    if (evprof_conf_reference(&out, &err) != EVPROF_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
