/* SPDX-License-Identifier: Apache-2.0 */
/* Serves what a configuration says until its standard input ends.
 * usage: serve_conf FILE */
#include <stdio.h>
#include <stdlib.h>

#include <evprof/evhttp.h>

int
main(int argc, char **argv)
{
    evprof_error_t err = { 0 };
    evprof_t *prof = argc == 2 ? evprof_new(argv[1], &err) : NULL;
    if (prof == NULL || evprof_listen(prof, NULL, &err) != EVPROF_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    evprof_free(prof);
    return EXIT_SUCCESS;
}
