/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: objects PLUGIN WHAT...
 * A program that works in a plugin whose file does not stay.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef double turn_fn(double);

static void *plugin;
static turn_fn *turn;

static void
load(const char *path)
{
    plugin = dlopen(path, RTLD_NOW);
    void *found = plugin == NULL ? NULL : dlsym(plugin, "turn_plugin");
    memcpy(&turn, &found, sizeof(turn));
}

static double
burn(void)
{
    double sum = 0;
    clock_t end = clock() + 3 * CLOCKS_PER_SEC / 10;
    while (clock() < end) {
        sum += turn(sum);
    }
    return sum;
}

/* Says that it has come so far and waits for a line of its input. */
static void
ask(void)
{
    char line[16];
    puts("so far");
    fflush(stdout);
    (void)!fgets(line, sizeof(line), stdin);
}

int
main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *what = argv[i];
        if (strcmp(what, "load") == 0) {
            load(argv[1]);
        } else if (strcmp(what, "unload") == 0) {
            dlclose(plugin);
        } else if (turn == NULL) {
            return 1;
        } else if (strcmp(what, "burn") == 0) {
            burn();
        } else if (strcmp(what, "ask") == 0) {
            ask();
        } else if (strcmp(what, "remove") == 0) {
            unlink(argv[1]);
        } else {
            rename(what, argv[1]); /* the file that takes the place */
        }
    }
    return 0;
}
