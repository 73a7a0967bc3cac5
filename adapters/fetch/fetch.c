/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sources share one loop over libcurl's multi interface: a few connections
 * at a time, each source going from waiting to running to done, back to waiting
 * for a redirect or another attempt. A profile that may have begun is not asked
 * for again: it would cost the server twice, and the slot may still be taken.
 */
#include "adapters/fetch/fetch.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/fetch/explain.h"
#include "adapters/fetch/progress.h"
#include "adapters/fetch/transfer.h"
#include "adapters/fetch/url.h"
#include "core/base/error.h"
#include "core/base/flag_text.h"

#define DEFAULT_PARALLEL 256
/* The first and those that redirects lead to. */
#define MAX_REQUESTS 10

#define FIRST_PAUSE_NS INT64_C(500000000)
#define LONGEST_PAUSE_NS INT64_C(30000000000)

/* An answer that comes so soon cannot follow a profile that was taken. */
#define NS_PER_S INT64_C(1000000000)
#define BEGUN_AFTER_NS INT64_C(1000000000)

/* How long one turn of the loop waits for the network. */
#define TURN_MS 100

typedef struct fetcher {
    CURLM *multi;
    evprof_transfer_t *transfers;
    size_t count;
    size_t running;
    size_t left;
    size_t limit;
    const evprof_fetch_ui_t *ui;
    evprof_progress_t progress;
} fetcher_t;

static atomic_int interrupted;

static void
on_interrupt(int signal)
{
    (void)signal;
    atomic_store(&interrupted, 1);
}

static void
finish(fetcher_t *f, evprof_transfer_t *t, int status, const char *why)
{
    evprof_fetched_t fetched = { .index = t->index,
                                 .status = status,
                                 .why = why,
                                 .url = t->target.shown,
                                 .body = t->answer.body };
    t->answer.body = (evprof_buf_t){ 0 };
    t->is_done = true;
    f->left--;
    evprof_progress_clear(&f->progress);
    f->ui->done(f->ui->ctx, &fetched);
    evprof_buf_free(&fetched.body);
    evprof_transfer_reset(t);
}

/* Nothing reached the server, or it said to come back later. */
static bool
may_retry(const evprof_transfer_t *t, CURLcode code)
{
    if (t->attempts > t->options->retry) {
        return false;
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
        code == CURLE_COULDNT_RESOLVE_PROXY) {
        return true;
    }
    bool is_busy = t->answer.status == 429 || t->answer.status == 502 ||
                   t->answer.status == 503;
    bool may_have_begun =
        t->target.duration_s > 0 &&
        evprof_fetch_now_ns() - t->started_ns >= BEGUN_AFTER_NS;
    return code == CURLE_OK && is_busy && !may_have_begun;
}

static void
pause_and_retry(evprof_transfer_t *t)
{
    int64_t pause = FIRST_PAUSE_NS;
    for (int64_t i = 1; i < t->attempts && pause < LONGEST_PAUSE_NS; i++) {
        pause *= 2;
    }
    t->not_before_ns = evprof_fetch_now_ns() + pause;
    t->started_ns = 0;
    evprof_transfer_reset(t);
}

static bool
is_redirect(const evprof_answer_t *answer)
{
    return answer->location[0] != '\0' &&
           (answer->status == 301 || answer->status == 302 ||
            answer->status == 303 || answer->status == 307 ||
            answer->status == 308);
}

/* Points the transfer at the new address; it then waits to be started. */
static int
follow(evprof_transfer_t *t, evprof_error_t *err)
{
    evprof_target_t next;
    if (++t->redirects >= MAX_REQUESTS) {
        return evprof_fail(err, EVPROF_ELIMIT,
                           "it redirects more than %d times", MAX_REQUESTS);
    }
    int status =
        evprof_target_redirect(&t->target, t->answer.location, &next, err);
    if (status == EVPROF_OK) {
        t->is_elsewhere =
            t->is_elsewhere || strcmp(t->target.origin, next.origin) != 0;
        evprof_target_free(&t->target);
        t->target = next;
        t->started_ns = 0;
        t->attempts--;
        evprof_transfer_reset(t);
    }
    return status;
}

static void
finish_failed(fetcher_t *f, evprof_transfer_t *t, CURLcode code)
{
    evprof_buf_t why = { 0 };
    evprof_fetch_explain(t, code, &why);
    evprof_buf_clear(&t->answer.body);
    finish(f, t, t->is_too_large ? EVPROF_ELIMIT : EVPROF_EIO,
           why.data == NULL ? "http fetch failed" : why.data);
    evprof_buf_free(&why);
}

static void
finish_answered(fetcher_t *f, evprof_transfer_t *t)
{
    evprof_buf_t why = { 0 };
    bool is_good = evprof_answer_judge(&t->answer, &why);
    if (!is_good) {
        evprof_buf_clear(&t->answer.body);
    }
    finish(f, t, is_good ? EVPROF_OK : EVPROF_EIO, why.data);
    evprof_buf_free(&why);
}

static void
take_result(fetcher_t *f, evprof_transfer_t *t, CURLcode code)
{
    evprof_error_t err = { 0 };
    curl_multi_remove_handle(f->multi, t->easy);
    f->running--;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->answer.status);
    if (may_retry(t, code)) {
        pause_and_retry(t);
    } else if (code != CURLE_OK) {
        finish_failed(f, t, code);
    } else if (!is_redirect(&t->answer)) {
        finish_answered(f, t);
    } else if (follow(t, &err) != EVPROF_OK) {
        finish(f, t, EVPROF_EIO, err.message);
    }
}

static void
announce(const fetcher_t *f, const evprof_transfer_t *t)
{
    evprof_buf_t line = { 0 };
    int64_t seconds = t->options->seconds;
    evprof_buf_printf(&line, "Fetching %s", t->target.shown);
    if (seconds > 0 && seconds <= INT64_MAX / NS_PER_S) {
        evprof_buf_puts(&line, ", which takes ");
        evprof_flag_put_duration(&line, seconds * NS_PER_S);
    }
    if (!line.failed) {
        f->ui->say(f->ui->ctx, line.data);
    }
    evprof_buf_free(&line);
}

static void
start(fetcher_t *f, evprof_transfer_t *t)
{
    evprof_error_t err = { 0 };
    evprof_buf_t why = { 0 };
    if (t->attempts == 0 && t->redirects == 0 && t->post == NULL) {
        evprof_progress_clear(&f->progress);
        announce(f, t);
    }
    if (!evprof_fetch_can_ask(&t->target, &why)) {
        finish(f, t, EVPROF_EINVAL, why.data == NULL ? "" : why.data);
        evprof_buf_free(&why);
        return;
    }
    if (evprof_transfer_prepare(t, &err) != EVPROF_OK) {
        finish(f, t, EVPROF_EIO, err.message);
        return;
    }
    t->attempts++;
    t->started_ns = evprof_fetch_now_ns();
    curl_multi_add_handle(f->multi, t->easy);
    f->running++;
}

static void
start_waiting(fetcher_t *f)
{
    int64_t now = evprof_fetch_now_ns();
    for (size_t i = 0; i < f->count && f->running < f->limit; i++) {
        evprof_transfer_t *t = &f->transfers[i];
        if (!t->is_done && t->started_ns == 0 && t->not_before_ns <= now) {
            start(f, t);
        }
    }
}

static void
collect(fetcher_t *f)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
        evprof_transfer_t *t = NULL;
        if (message->msg == CURLMSG_DONE) {
            CURLcode code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
            take_result(f, t, code);
        }
    }
}

static void
abandon(fetcher_t *f)
{
    for (size_t i = 0; i < f->count; i++) {
        evprof_transfer_t *t = &f->transfers[i];
        if (!t->is_done) {
            if (t->easy != NULL) {
                curl_multi_remove_handle(f->multi, t->easy);
            }
            evprof_buf_clear(&t->answer.body);
            finish(f, t, EVPROF_ECANCELED, "interrupted");
        }
    }
}

static void
loop(fetcher_t *f)
{
    while (f->left > 0 && !atomic_load(&interrupted)) {
        int running;
        start_waiting(f);
        curl_multi_perform(f->multi, &running);
        collect(f);
        evprof_progress_draw(&f->progress, f->transfers, f->count);
        if (f->left > 0) {
            curl_multi_poll(f->multi, NULL, 0, TURN_MS, NULL);
        }
    }
    abandon(f);
    evprof_progress_clear(&f->progress);
}

/* Makes the transfers; a source that is no URL is done at once. */
static void
make_transfers(fetcher_t *f, const evprof_fetch_source_t *sources,
               const evprof_fetch_options_t *options,
               const evprof_credentials_t *credentials, const char *post)
{
    for (size_t i = 0; i < f->count; i++) {
        evprof_transfer_t *t = &f->transfers[i];
        evprof_error_t err = { 0 };
        t->source = &sources[i];
        t->options = options;
        t->credentials = credentials;
        t->index = i;
        t->post = post;
        t->post_len = post != NULL ? strlen(post) : 0;
        t->post_type = "application/octet-stream";
        if (evprof_target_parse(sources[i].url, options->seconds,
                                options->timeout_s, &t->target,
                                &err) != EVPROF_OK) {
            finish(f, t, EVPROF_EINVAL, err.message);
        }
    }
}

static void
run_interruptible(fetcher_t *f)
{
    struct sigaction before;
    struct sigaction action = { .sa_handler = on_interrupt };
    atomic_store(&interrupted, 0);
    sigaction(SIGINT, &action, &before);
    loop(f);
    sigaction(SIGINT, &before, NULL);
}

static int
fetcher_open(fetcher_t *f, size_t count, const evprof_fetch_options_t *options,
             const evprof_fetch_ui_t *ui, evprof_error_t *err)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    *f = (fetcher_t){ .count = count,
                      .left = count,
                      .ui = ui,
                      .progress = { .is_on = ui->has_terminal },
                      .limit = options->parallel > 0 ? (size_t)options->parallel
                                                     : DEFAULT_PARALLEL };
    f->multi = curl_multi_init();
    f->transfers = calloc(count == 0 ? 1 : count, sizeof(*f->transfers));
    return f->multi != NULL && f->transfers != NULL
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
}

static void
fetcher_close(fetcher_t *f)
{
    for (size_t i = 0; f->transfers != NULL && i < f->count; i++) {
        evprof_transfer_free(&f->transfers[i]);
    }
    free(f->transfers);
    curl_multi_cleanup(f->multi);
}

int
evprof_fetch_run(const evprof_fetch_source_t *sources, size_t count,
                 const evprof_fetch_options_t *options,
                 const evprof_fetch_ui_t *ui, evprof_error_t *err)
{
    evprof_credentials_t credentials;
    fetcher_t f;
    int status = evprof_credentials_read(options, &credentials, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = fetcher_open(&f, count, options, ui, err);
    if (status == EVPROF_OK) {
        make_transfers(&f, sources, options, &credentials, NULL);
        run_interruptible(&f);
    }
    fetcher_close(&f);
    evprof_credentials_free(&credentials);
    return status;
}

/* ---- Symbols ---- */

typedef struct answer_to {
    evprof_buf_t *out;
    evprof_error_t *err;
    int status;
} answer_to_t;

static void
be_silent(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

static void
take_answer(void *ctx, evprof_fetched_t *fetched)
{
    answer_to_t *to = ctx;
    to->status = fetched->status;
    if (fetched->status == EVPROF_OK) {
        evprof_buf_add(to->out, fetched->body.data, fetched->body.len);
    } else {
        evprof_fail(to->err, fetched->status, "symbols from %s: %s",
                    fetched->url, fetched->why);
    }
}

int
evprof_fetch_post(const evprof_fetch_source_t *source,
                  const evprof_fetch_options_t *options, const char *body,
                  evprof_buf_t *out, evprof_error_t *err)
{
    answer_to_t to = { out, err, EVPROF_OK };
    const evprof_fetch_ui_t ui = { .say = be_silent,
                                   .done = take_answer,
                                   .ctx = &to };
    evprof_credentials_t credentials;
    evprof_target_t profile = { 0 };
    fetcher_t f;
    int status = evprof_credentials_read(options, &credentials, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = fetcher_open(&f, 1, options, &ui, err);
    if (status == EVPROF_OK) {
        make_transfers(&f, source, options, &credentials, body);
        profile = f.transfers[0].target;
        f.transfers[0].target = (evprof_target_t){ 0 };
        status = to.status;
    }
    if (status == EVPROF_OK) {
        status = evprof_target_symbol(&profile, &f.transfers[0].target, err);
    }
    if (status == EVPROF_OK) {
        /* As for redirects: credentials are for the profile's origin alone. */
        f.transfers[0].is_elsewhere =
            strcmp(profile.origin, f.transfers[0].target.origin) != 0;
        run_interruptible(&f);
        status = to.status;
    }
    evprof_target_free(&profile);
    fetcher_close(&f);
    evprof_credentials_free(&credentials);
    return status;
}
