/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two caches, bounded by bytes: views, in a list with the latest first, and
 * answers, in a fixed array. A view points into the profile that it shows. So
 * whatever changes the open profiles, or the one profile that a comparison has
 * made, empties both caches and counts the generation, which is a part of the
 * keys of answers.
 */
#include "adapters/web/site.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "adapters/web/live.h"
#include "core/analysis/merge.h"
#include "core/analysis/scale.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/report/recursion.h"

#define MAX_SEEN 8
#define MAX_ANSWERS 64
/* Bounds of the caches; smaller in a UI inside a server (a guest). */
#define MAX_SEEN_BYTES ((size_t)96 << 20)
#define MAX_ANSWER_BYTES ((size_t)16 << 20)
#define GUEST_SEEN_BYTES ((size_t)1 << 20)
#define GUEST_ANSWER_BYTES ((size_t)512 << 10)
/* The number of profiles that a guest keeps, besides the first place, which is
 * empty. */
#define GUEST_OPENED 2
#define TOKEN_BYTES 16

/* A profile made by comparing two others. */
typedef struct compared {
    evprof_wanted_t wanted;
    bool is_normalized;
    evprof_pprof_t *profile; /* NULL: none */
} compared_t;

typedef struct answer {
    char *key; /* NULL: free */
    evprof_web_answer_t answer;
    unsigned long used;
} answer_t;

struct evprof_site {
    evprof_site_setup_t setup;
    evprof_options_t options;
    evprof_opened_t opened[EVPROF_WEB_MAX_OPENED];
    compared_t compared;
    evprof_seen_t seen[MAX_SEEN]; /* the latest first */
    size_t seen_count;
    answer_t answers[MAX_ANSWERS];
    size_t answer_bytes;
    unsigned long clock; /* of uses of answers */
    unsigned generation;
    evprof_live_t *live;
    char token[2 * TOKEN_BYTES + 1];
};

/* Pages show untrimmed views, at the granularity of the options. */
static const evprof_report_t page_report = {
    .name = "page",
    .summary = "",
    .flags = EVPROF_REPORT_UNTRIMMED,
    .suffix = "",
};

/* ---- Making and freeing ---- */

static bool
make_token(char out[2 * TOKEN_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[TOKEN_BYTES];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return false;
    }
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[sizeof(random) * 2] = '\0';
    return true;
}

int
evprof_site_new(const evprof_site_setup_t *setup, evprof_site_t **out,
                evprof_error_t *err)
{
    evprof_site_t *site = calloc(1, sizeof(*site));
    char *name = strdup(setup->name);
    if (site == NULL || name == NULL || !make_token(site->token)) {
        free(site);
        free(name);
        return evprof_fail(err, EVPROF_ENOMEM, "site: out of memory");
    }
    int status = evprof_options_copy(&site->options, setup->options, err);
    if (status != EVPROF_OK) {
        free(site);
        free(name);
        return status;
    }
    site->setup = *setup;
    site->live = evprof_live_new(&site->setup.hooks);
    if (site->live == NULL) {
        evprof_options_free(&site->options);
        free(site);
        free(name);
        return evprof_fail(err, EVPROF_ENOMEM, "site: out of memory");
    }
    site->opened[0] = (evprof_opened_t){ .name = name,
                                         .profile = setup->profile,
                                         .base = setup->base,
                                         .is_compared = setup->is_diff_base };
    *out = site;
    return EVPROF_OK;
}

static void
free_seen(evprof_seen_t *seen)
{
    free(seen->key);
    free(seen->rows);
    evprof_stacks_free(seen->stacks);
    evprof_buf_free(&seen->notes);
    *seen = (evprof_seen_t){ 0 };
}

static void
free_answer(evprof_site_t *site, answer_t *kept)
{
    site->answer_bytes -= kept->answer.body.len;
    evprof_web_answer_free(&kept->answer);
    free(kept->key);
    *kept = (answer_t){ 0 };
}

/* Drops all that was made of the open profiles. */
static void
forget(evprof_site_t *site)
{
    for (size_t i = 0; i < site->seen_count; i++) {
        free_seen(&site->seen[i]);
    }
    site->seen_count = 0;
    for (size_t i = 0; i < MAX_ANSWERS; i++) {
        free_answer(site, &site->answers[i]);
    }
    evprof_pprof_free(site->compared.profile);
    site->compared.profile = NULL;
    site->generation++;
}

static void
free_opened(evprof_opened_t *opened)
{
    free(opened->name);
    evprof_pprof_free(opened->profile);
    evprof_pprof_free(opened->base);
    *opened = (evprof_opened_t){ 0 };
}

void
evprof_site_free(evprof_site_t *site)
{
    if (site == NULL) {
        return;
    }
    evprof_live_free(site->live);
    forget(site);
    for (size_t i = 0; i < EVPROF_WEB_MAX_OPENED; i++) {
        free_opened(&site->opened[i]);
    }
    evprof_options_free(&site->options);
    free(site);
}

const char *
evprof_site_token(const evprof_site_t *site)
{
    return site->token;
}

const evprof_opened_t *
evprof_site_opened(const evprof_site_t *site)
{
    return site->opened;
}

const evprof_options_t *
evprof_site_options(const evprof_site_t *site)
{
    return &site->options;
}

const evprof_site_setup_t *
evprof_site_setup(const evprof_site_t *site)
{
    return &site->setup;
}

unsigned
evprof_site_generation(const evprof_site_t *site)
{
    return site->generation;
}

/* ---- Open profiles ---- */

int
evprof_site_open(evprof_site_t *site, const char *name, evprof_pprof_t *profile,
                 size_t *index, evprof_error_t *err)
{
    size_t at = 1;
    while (at < EVPROF_WEB_MAX_OPENED && site->opened[at].name != NULL) {
        at++;
    }
    if (at == EVPROF_WEB_MAX_OPENED) {
        return evprof_fail(err, EVPROF_ELIMIT,
                           "%d profiles are open; close one first",
                           EVPROF_WEB_MAX_OPENED);
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "open: out of memory");
    }
    site->opened[at] = (evprof_opened_t){ .name = copy, .profile = profile };
    forget(site);
    *index = at;
    return EVPROF_OK;
}

int
evprof_site_close(evprof_site_t *site, size_t index, evprof_error_t *err)
{
    if (index == 0 || index >= EVPROF_WEB_MAX_OPENED ||
        site->opened[index].name == NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "no such profile is open");
    }
    forget(site);
    free_opened(&site->opened[index]);
    return EVPROF_OK;
}

/* The open profile of that kind, or a free place; 0: there is none. */
static size_t
place_for(const evprof_site_t *site, const char *kind)
{
    size_t free_place = 0;
    size_t most =
        site->setup.is_guest ? GUEST_OPENED + 1 : EVPROF_WEB_MAX_OPENED;
    for (size_t i = most; i-- > 1;) {
        const char *name = site->opened[i].name;
        if (name != NULL && strcmp(name, kind) == 0) {
            return i;
        }
        free_place = name == NULL ? i : free_place;
    }
    return free_place;
}

size_t
evprof_site_update(evprof_site_t *site, const char *kind, bool keeps,
                   evprof_pprof_t *profile)
{
    size_t index = kind != NULL ? place_for(site, kind) : 0;
    if (index == 0 && site->setup.is_guest) {
        /* There is no room: the new profile replaces another one. */
        index = 1;
        forget(site);
        free_opened(&site->opened[index]);
    }
    evprof_opened_t *opened = &site->opened[index];
    if (opened->name == NULL && kind != NULL) {
        opened->name = strdup(kind);
    }
    if (opened->name == NULL || (kind != NULL && index == 0)) {
        evprof_pprof_free(profile);
        return 0;
    }
    forget(site);
    if (keeps) {
        evprof_pprof_free(opened->base);
        opened->base = opened->profile;
        opened->is_compared = true;
    } else {
        evprof_pprof_free(opened->profile);
    }
    opened->profile = profile;
    return index;
}

evprof_live_t *
evprof_site_live(evprof_site_t *site)
{
    return site->live;
}

/* ---- Comparing ---- */

/* Subtracts a copy of `base` from a copy of `p`. */
static int
compare(const evprof_site_t *site, const evprof_pprof_t *p,
        const evprof_pprof_t *base, bool is_normalized, bool is_labelled,
        evprof_pprof_t **out, evprof_error_t *err)
{
    (void)site;
    evprof_pprof_t *both[] = { evprof_pprof_copy(p), evprof_pprof_copy(base) };
    int status = both[0] != NULL && both[1] != NULL
                     ? EVPROF_OK
                     : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    if (status == EVPROF_OK && is_normalized) {
        status = evprof_pprof_normalize(both[0], both[1], err);
    }
    if (status == EVPROF_OK && is_labelled) {
        status = evprof_pprof_set_label(both[1], EVPROF_LABEL_BASE, "true");
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(both[0]);
        evprof_pprof_free(both[1]);
        return status;
    }
    evprof_pprof_negate(both[1]);
    return evprof_pprof_combine(both, 2, out, err);
}

static const evprof_pprof_t *
base_of(const evprof_site_t *site, const evprof_wanted_t *wanted)
{
    if (wanted->base < EVPROF_WEB_MAX_OPENED) {
        return site->opened[wanted->base].profile;
    }
    return wanted->wants_own_base ? site->opened[wanted->profile].base : NULL;
}

static bool
is_same(const compared_t *c, const evprof_wanted_t *wanted, bool is_normalized)
{
    return c->profile != NULL && c->wanted.profile == wanted->profile &&
           c->wanted.base == wanted->base &&
           c->wanted.wants_own_base == wanted->wants_own_base &&
           c->is_normalized == is_normalized;
}

/* The profile that a request asks for, compared where it asks for that. */
static int
find_profile(evprof_site_t *site, const evprof_wanted_t *wanted,
             const evprof_options_t *options, const evprof_pprof_t **out,
             evprof_error_t *err)
{
    if (wanted->profile >= EVPROF_WEB_MAX_OPENED ||
        site->opened[wanted->profile].profile == NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "no such profile is open");
    }
    const evprof_pprof_t *base = base_of(site, wanted);
    if (base == NULL) {
        *out = site->opened[wanted->profile].profile;
        return EVPROF_OK;
    }
    compared_t *c = &site->compared;
    if (is_same(c, wanted, options->normalize)) {
        *out = c->profile;
        return EVPROF_OK;
    }
    evprof_pprof_t *profile = NULL;
    bool is_labelled = wanted->base < EVPROF_WEB_MAX_OPENED ||
                       site->opened[wanted->profile].is_compared;
    int status = compare(site, site->opened[wanted->profile].profile, base,
                         options->normalize, is_labelled, &profile, err);
    if (status != EVPROF_OK) {
        return status;
    }
    /* Views point at the profile that they show. */
    forget(site);
    *c = (compared_t){ .wanted = *wanted,
                       .is_normalized = options->normalize,
                       .profile = profile };
    *out = profile;
    return EVPROF_OK;
}

/* ---- Views ---- */

/* Appends the key of a view: every option that has an effect, by value. */
static void
put_key(evprof_buf_t *out, const evprof_wanted_t *wanted,
        const evprof_options_t *options)
{
    char scratch[EVPROF_OPTION_TEXT_SIZE];
    evprof_buf_printf(out, "%zu %zu %d %d", wanted->profile, wanted->base,
                      wanted->wants_own_base, wanted->folds_recursion);
    for (size_t i = 0; i < evprof_option_count; i++) {
        evprof_buf_printf(
            out, "\n%s",
            evprof_option_get(options, &evprof_option_table[i], scratch));
    }
}

static void
add_note(void *ctx, const char *line)
{
    evprof_buf_t *notes = ctx;
    evprof_buf_puts(notes, notes->len > 0 ? "," : "");
    evprof_json_string(notes, line);
}

static int
make_seen(const evprof_pprof_t *p, const evprof_options_t *options,
          bool folds_recursion, evprof_seen_t *seen, evprof_error_t *err)
{
    const evprof_notice_t notice = { .say = add_note, .ctx = &seen->notes };
    const evprof_request_t request = { .report = &page_report,
                                       .options = options,
                                       .notice = &notice };
    evprof_pprof_t *copy = evprof_pprof_copy(p);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    evprof_view_t *view;
    int status = evprof_view_new(copy, &request, &view, err);
    if (status == EVPROF_OK) {
        status = evprof_stacks_make(view, p, &seen->stacks, err);
        evprof_view_free(view);
    }
    evprof_pprof_free(copy);
    if (status == EVPROF_OK && folds_recursion) {
        status = evprof_stacks_fold_recursion(seen->stacks, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_rows_make(seen->stacks, &seen->rows, err);
    }
    seen->profile = p;
    return status;
}

/* Moves the view at `index` to the front. */
static const evprof_seen_t *
to_front(evprof_site_t *site, size_t index)
{
    evprof_seen_t seen = site->seen[index];
    memmove(&site->seen[1], &site->seen[0], index * sizeof(seen));
    site->seen[0] = seen;
    return &site->seen[0];
}

static size_t
most_answer_bytes(const evprof_site_t *site)
{
    return site->setup.is_guest ? GUEST_ANSWER_BYTES : MAX_ANSWER_BYTES;
}

static size_t
bytes_of(const evprof_seen_t *seen)
{
    return evprof_stacks_bytes(seen->stacks) +
           seen->stacks->place_count * sizeof(*seen->rows);
}

/* Drops the least recently used views; one always stays. */
static void
make_room(evprof_site_t *site)
{
    size_t bytes = 0;
    size_t most = site->setup.is_guest ? GUEST_SEEN_BYTES : MAX_SEEN_BYTES;
    for (size_t i = 0; i < site->seen_count; i++) {
        bytes += bytes_of(&site->seen[i]);
    }
    while (site->seen_count > 1 &&
           (bytes > most || site->seen_count == MAX_SEEN)) {
        bytes -= bytes_of(&site->seen[site->seen_count - 1]);
        free_seen(&site->seen[--site->seen_count]);
    }
}

int
evprof_site_see(evprof_site_t *site, const evprof_wanted_t *wanted,
                const evprof_options_t *options, const evprof_seen_t **out,
                evprof_error_t *err)
{
    const evprof_pprof_t *p = NULL;
    int status = find_profile(site, wanted, options, &p, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_buf_t key = { 0 };
    put_key(&key, wanted, options);
    for (size_t i = 0; !key.failed && i < site->seen_count; i++) {
        if (strcmp(site->seen[i].key, key.data) == 0) {
            evprof_buf_free(&key);
            *out = to_front(site, i);
            return EVPROF_OK;
        }
    }
    evprof_seen_t seen = { .key = key.data };
    status = key.failed
                 ? evprof_fail(err, EVPROF_ENOMEM, "out of memory")
                 : make_seen(p, options, wanted->folds_recursion, &seen, err);
    if (status != EVPROF_OK) {
        free_seen(&seen);
        return status;
    }
    make_room(site);
    site->seen[site->seen_count] = seen;
    *out = to_front(site, site->seen_count++);
    return EVPROF_OK;
}

/* ---- Answers ---- */

static answer_t *
find_answer(evprof_site_t *site, const char *key)
{
    for (size_t i = 0; i < MAX_ANSWERS; i++) {
        answer_t *kept = &site->answers[i];
        if (kept->key != NULL && strcmp(kept->key, key) == 0) {
            kept->used = ++site->clock;
            return kept;
        }
    }
    return NULL;
}

static void
copy_answer(const evprof_web_answer_t *from, evprof_web_answer_t *to)
{
    *to = *from;
    to->body = (evprof_buf_t){ 0 };
    to->location = (evprof_buf_t){ 0 };
    evprof_buf_add(&to->body, from->body.data, from->body.len);
}

bool
evprof_site_recall(evprof_site_t *site, const char *key,
                   evprof_web_answer_t *answer)
{
    answer_t *kept = find_answer(site, key);
    if (kept == NULL) {
        return false;
    }
    copy_answer(&kept->answer, answer);
    return !answer->body.failed;
}

/* A free place, or the least recently used answer. */
static answer_t *
oldest_answer(evprof_site_t *site)
{
    answer_t *oldest = &site->answers[0];
    for (size_t i = 1; i < MAX_ANSWERS; i++) {
        if (site->answers[i].used < oldest->used) {
            oldest = &site->answers[i];
        }
    }
    return oldest;
}

/* The least recently used answer, or NULL. */
static answer_t *
oldest_used(evprof_site_t *site)
{
    answer_t *oldest = NULL;
    for (size_t i = 0; i < MAX_ANSWERS; i++) {
        answer_t *kept = &site->answers[i];
        if (kept->key != NULL &&
            (oldest == NULL || kept->used < oldest->used)) {
            oldest = kept;
        }
    }
    return oldest;
}

void
evprof_site_remember(evprof_site_t *site, const char *key,
                     const evprof_web_answer_t *answer)
{
    if (answer->body.len > most_answer_bytes(site) / 4) {
        return;
    }
    while (site->answer_bytes + answer->body.len > most_answer_bytes(site)) {
        free_answer(site, oldest_used(site));
    }
    answer_t *kept = oldest_answer(site);
    free_answer(site, kept);
    char *copy = strdup(key);
    copy_answer(answer, &kept->answer);
    if (copy == NULL || kept->answer.body.failed) {
        evprof_web_answer_free(&kept->answer);
        free(copy);
        return;
    }
    kept->key = copy;
    kept->used = ++site->clock;
    site->answer_bytes += kept->answer.body.len;
}
