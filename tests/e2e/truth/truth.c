/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth CONF CASE PROFILE: brings about the case, takes the profile and prints
 * what a reader of it would see: "samples: N", "total: N" of its last column,
 * a line "+ TEXT" for each comment that is shown, or "! MESSAGE" where there is
 * no profile; then "status NAME.LINE" for what the status page says of losses.
 * Ends with TRUTH_SKIP where this machine cannot have the case.
 *
 * truth -cells: the matrix, "CAUSE PROFILE" a line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/profile/builder.h"
#include "core/profile/loss.h"
#include "core/runtime/recording.h"
#include "core/sample/cpu.h"
#include "core/sample/wall.h"
#include "tests/e2e/truth/truth.h"

static void
print_cells(void)
{
    for (unsigned cause = 0; cause < EVPROF_LOSS_COUNT; cause++) {
        const evprof_loss_row_t *row = evprof_loss_row((enum evprof_loss)cause);
        for (unsigned who = 0; who < EVPROF_LOSS_OF_COUNT; who++) {
            if ((row->profiles >> who & 1) != 0) {
                printf("%s %s\n", row->key,
                       evprof_loss_name((enum evprof_loss_of)who));
            }
        }
    }
}

static const truth_case_t *
find_case(const char *name)
{
    const truth_case_t *c = truth_cases;
    while (c->name != NULL && strcmp(c->name, name) != 0) {
        c++;
    }
    return c->name != NULL ? c : NULL;
}

static void
print_profile(const evprof_pprof_t *p)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        total += p->samples[i].values[p->type_count - 1];
    }
    printf("samples: %zu\ntotal: %" PRId64 "\n", p->sample_count, total);
    for (size_t i = 0; i < p->comment_count; i++) {
        if (p->comments[i][0] != '#') {
            printf("+ %s\n", p->comments[i]);
        }
    }
}

static void
run(void (*step)(const char *), const char *profile)
{
    if (step != NULL) {
        step(profile);
    }
}

/* By the sampler itself. */
static int
take_directly(const truth_case_t *c, const char *name, evprof_error_t *err)
{
    const bool is_cpu = strcmp(name, "cpu") == 0;
    evprof_sampling_options_t options = c->options;
    evprof_builder_t *builder = evprof_builder_new(0);
    evprof_pprof_t *p = NULL;
    options.unwinder = evprof_unwinder_find("auto");
    evprof_sample_window_t *window = NULL;
    int status = is_cpu ? evprof_cpu_begin(&options, &window, err)
                        : evprof_wall_begin(&options, &window, err);
    if (status == EVPROF_OK) {
        run(c->during, name);
        status = is_cpu ? evprof_cpu_end(window, builder, err)
                        : evprof_wall_end(window, builder, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_finish(builder, &p, err);
    }
    if (status == EVPROF_OK) {
        print_profile(p);
        evprof_pprof_free(p);
    }
    evprof_builder_free(builder);
    return status;
}

/* As an application or a client gets it. */
static int
take(const truth_case_t *c, const char *name, evprof_buf_t *bytes,
     evprof_error_t *err)
{
    evprof_writer_t out = evprof_writer_buf(bytes);
    if (strcmp(name, "cpu") != 0 && strcmp(name, "wall") != 0) {
        evprof_profile_t *profile = evprof_lookup(NULL, name);
        run(c->during, name);
        const evprof_ask_t ask = { .seconds = c->seconds };
        return profile != NULL ? evprof_profile_take(profile, &ask, &out, err)
                               : EVPROF_EOFF;
    }
    int status = evprof_recording_start(NULL, name, &out, err);
    if (status == EVPROF_OK) {
        run(c->during, name);
        status = evprof_recording_stop(NULL, name, err);
    }
    return status;
}

static int
take_and_print(const truth_case_t *c, const char *name, evprof_error_t *err)
{
    evprof_buf_t bytes = { 0 };
    evprof_pprof_t *p = NULL;
    if (c->is_direct) {
        return take_directly(c, name, err);
    }
    int status = take(c, name, &bytes, err);
    if (status == EVPROF_OK) {
        status = evprof_pprof_decode(bytes.data, bytes.len, 0, &p, err);
    }
    if (status == EVPROF_OK) {
        print_profile(p);
        evprof_pprof_free(p);
    }
    evprof_buf_free(&bytes);
    return status;
}

static void
print_status(void)
{
    for (unsigned who = 0; who < EVPROF_LOSS_OF_COUNT; who++) {
        evprof_buf_t lines = { 0 };
        const char *name = evprof_loss_name((enum evprof_loss_of)who);
        evprof_loss_status(name, &lines);
        for (char *line = lines.data; line != NULL && *line != '\0';) {
            size_t len = strcspn(line, "\n");
            printf("status %s.%.*s\n", name, (int)len, line);
            line += len + (line[len] == '\n');
        }
        evprof_buf_free(&lines);
    }
}

int
main(int argc, char **argv)
{
    evprof_error_t err = { .message = "" };
    if (argc == 2 && strcmp(argv[1], "-cells") == 0) {
        print_cells();
        return 0;
    }
    const truth_case_t *c = argc == 4 ? find_case(argv[2]) : NULL;
    const char *name = argc == 4 ? argv[3] : "";
    /* What is said of names is said in all profiles. */
    if (c != NULL && c->names_of != NULL) {
        name = c->names_of;
    }
    if (c == NULL || evprof_new(argv[1], &err) == NULL) {
        fprintf(stderr, "truth: %s\n",
                c == NULL ? "no such case" : err.message);
        return 2;
    }
    run(c->before, name);
    if (take_and_print(c, name, &err) != EVPROF_OK) {
        printf("! %s\n", err.message);
    }
    run(c->after, name);
    print_status();
    fflush(stdout);
    _exit(0); /* threads go on */
}
