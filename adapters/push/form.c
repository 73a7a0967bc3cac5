/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form in which each engine takes a message. Parca has one way in, its gRPC
 * service: its JSON gateway has no path for this, and answers a POST with the
 * page of the user interface.
 */
#include "adapters/push/form.h"

#include <stdlib.h>
#include <string.h>

#include "core/profile/pprof.h"
#include "proto/push.pb-c.h"

/* The frame of a gRPC message: a flag for "not compressed" (the profile within
 * is), and the length. */
static void
put_frame(evprof_buf_t *out, size_t len)
{
    const unsigned char head[] = { 0, (unsigned char)(len >> 24),
                                   (unsigned char)(len >> 16),
                                   (unsigned char)(len >> 8),
                                   (unsigned char)len };
    evprof_buf_add(out, head, sizeof(head));
}

/* Parca finds the type of a profile in its content. Labels that begin with "__"
 * are reserved for Parca itself, except the name. */
static size_t
keep_labels(const Evprof__Pb__PushSeries *series, Evprof__Pb__PushLabel **kept)
{
    size_t count = 0;
    for (size_t i = 0; i < series->n_labels; i++) {
        if (strcmp(series->labels[i]->name, "__delta__") != 0) {
            kept[count++] = series->labels[i];
        }
    }
    return count;
}

static void
put_writeraw(evprof_buf_t *out, const Evprof__Pb__PushSeries *series)
{
    Evprof__Pb__RawLabels labels;
    Evprof__Pb__RawSample sample;
    Evprof__Pb__RawSample *samples[] = { &sample };
    Evprof__Pb__RawSeries one;
    Evprof__Pb__RawSeries *all[] = { &one };
    Evprof__Pb__RawRequest request;
    evprof__pb__raw_labels__init(&labels);
    evprof__pb__raw_sample__init(&sample);
    evprof__pb__raw_series__init(&one);
    evprof__pb__raw_request__init(&request);
    labels.labels =
        calloc(series->n_labels + 1, sizeof(Evprof__Pb__PushLabel *));
    if (labels.labels == NULL) {
        out->failed = true;
        return;
    }
    labels.n_labels = keep_labels(series, labels.labels);
    sample.profile = series->samples[0]->profile;
    one.labels = &labels;
    one.samples = samples;
    one.n_samples = 1;
    request.series = all;
    request.n_series = 1;
    size_t len = evprof__pb__raw_request__get_packed_size(&request);
    put_frame(out, len);
    if (evprof_buf_reserve(out, len)) {
        out->len += evprof__pb__raw_request__pack(
            &request, (uint8_t *)(void *)(out->data + out->len));
    }
    free(labels.labels);
}

static void
put_escaped(evprof_buf_t *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789-_.",
                   *text) != NULL) {
            evprof_buf_putc(out, *text);
        } else {
            evprof_buf_printf(out, "%%%02X", (unsigned char)*text);
        }
    }
}

/* Appends NAME{label=value,...} to the query. */
static void
put_ingest_name(evprof_buf_t *out, const Evprof__Pb__PushSeries *series)
{
    evprof_buf_t name = { 0 };
    const char *comma = "";
    for (size_t i = 0; i < series->n_labels; i++) {
        if (strcmp(series->labels[i]->name, "service_name") == 0) {
            evprof_buf_puts(&name, series->labels[i]->value);
        }
    }
    evprof_buf_putc(&name, '{');
    for (size_t i = 0; i < series->n_labels; i++) {
        const Evprof__Pb__PushLabel *l = series->labels[i];
        if (strcmp(l->name, "service_name") != 0 &&
            strcmp(l->name, "__name__") != 0) {
            evprof_buf_printf(&name, "%s%s=%s", comma, l->name, l->value);
            comma = ",";
        }
    }
    evprof_buf_putc(&name, '}');
    put_escaped(out, name.failed ? "" : name.data);
    out->failed = out->failed || name.failed;
    evprof_buf_free(&name);
}

/* Appends the begin and end of the profile in seconds; nothing for a profile
 * that cannot be read. */
static void
put_ingest_times(evprof_buf_t *out, const ProtobufCBinaryData *bytes)
{
    evprof_pprof_t *p = NULL;
    if (evprof_pprof_decode(bytes->data, bytes->len, 0, &p, NULL) !=
        EVPROF_OK) {
        return;
    }
    int64_t from_s = p->time_ns / 1000000000;
    int64_t until_s = (p->time_ns + p->duration_ns) / 1000000000;
    evprof_pprof_free(p);
    evprof_buf_printf(out, "&from=%lld&until=%lld", (long long)from_s,
                      (long long)(until_s > from_s ? until_s : from_s + 1));
}

static void
put_form(enum evprof_push_way way, const Evprof__Pb__PushSeries *series,
         const evprof_buf_t *message, evprof_push_form_t *out)
{
    const ProtobufCBinaryData *bytes = &series->samples[0]->profile;
    switch (way) {
    case EVPROF_PUSH_CONNECT:
        out->type = "application/proto";
        evprof_buf_puts(&out->url, "/push.v1.PusherService/Push");
        evprof_buf_add(&out->body, message->data, message->len);
        break;
    case EVPROF_PUSH_INGEST:
        out->type = "application/octet-stream";
        evprof_buf_puts(&out->url, "/ingest?format=pprof&name=");
        put_ingest_name(&out->url, series);
        put_ingest_times(&out->url, bytes);
        evprof_buf_add(&out->body, bytes->data, bytes->len);
        break;
    case EVPROF_PUSH_WRITERAW:
        out->type = "application/grpc+proto";
        evprof_buf_puts(
            &out->url,
            "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw");
        put_writeraw(&out->body, series);
        break;
    }
}

int
evprof_push_form(enum evprof_push_way way, const char *url,
                 const evprof_buf_t *message, evprof_push_form_t *out)
{
    *out = (evprof_push_form_t){ .type = NULL };
    Evprof__Pb__PushRequest *request = evprof__pb__push_request__unpack(
        NULL, message->len, (const uint8_t *)(const void *)message->data);
    if (request == NULL || request->n_series != 1 ||
        request->series[0]->n_samples != 1) {
        if (request != NULL) {
            evprof__pb__push_request__free_unpacked(request, NULL);
        }
        return EVPROF_EPARSE;
    }
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    evprof_buf_add(&out->url, url, len);
    put_form(way, request->series[0], message, out);
    evprof__pb__push_request__free_unpacked(request, NULL);
    if (out->url.failed || out->body.failed) {
        evprof_push_form_free(out);
        return EVPROF_ENOMEM;
    }
    return EVPROF_OK;
}

void
evprof_push_form_free(evprof_push_form_t *form)
{
    evprof_buf_free(&form->url);
    evprof_buf_free(&form->body);
}
