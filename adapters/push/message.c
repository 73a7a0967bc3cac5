/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The labels come first: the engine's name for the type, "__delta__" to say
 * that sums since the start are differences already, those of the
 * configuration, and defaults for service_name and instance.
 */
#include "adapters/push/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/push.pb-c.h"

enum { OWN_LABELS = 4, ID_BYTES = 16, ID_TEXT = 37, NAME_MAX_BYTES = 320 };

/* The names by which engines know types of Go's profiles. */
static const char *
engine_name(const char *profile)
{
    static const char *const names[][2] = { { "cpu", "process_cpu" },
                                            { "heap", "memory" } };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i][0], profile) == 0) {
            return names[i][1];
        }
    }
    return profile;
}

static void
set_label(Evprof__Pb__PushLabel *label, const char *name, const char *value)
{
    evprof__pb__push_label__init(label);
    /* The generated struct has no const, as it is for reading too; packing does
     * not change it. */
    memcpy(&label->name, &name, sizeof(name));
    memcpy(&label->value, &value, sizeof(value));
}

static bool
has_label(const evprof_push_conf_t *conf, const char *name)
{
    const evprof_push_label_t *l = conf->labels;
    while (l != NULL && strcmp(l->name, name) != 0) {
        l = l->next;
    }
    return l != NULL;
}

/* HOST:PID. */
static void
name_instance(char out[NAME_MAX_BYTES])
{
    char host[256] = "localhost";
    (void)gethostname(host, sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    (void)snprintf(out, NAME_MAX_BYTES, "%s:%ld", host, (long)getpid());
}

/* Writes an id in the notation of UUIDs, as engines keep them. */
static void
make_id(char out[ID_TEXT])
{
    unsigned char bytes[ID_BYTES] = { 0 };
    (void)getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < ID_BYTES; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        at +=
            (size_t)snprintf(out + at, ID_TEXT - at, "%s%02x", dash, bytes[i]);
    }
}

static int
pack(Evprof__Pb__PushLabel **labels, size_t label_count,
     const evprof_buf_t *profile, evprof_buf_t *out)
{
    char id[ID_TEXT];
    Evprof__Pb__PushSample sample;
    Evprof__Pb__PushSample *samples[] = { &sample };
    Evprof__Pb__PushSeries one;
    Evprof__Pb__PushSeries *series[] = { &one };
    Evprof__Pb__PushRequest request;
    evprof__pb__push_sample__init(&sample);
    evprof__pb__push_series__init(&one);
    evprof__pb__push_request__init(&request);
    make_id(id);
    sample.profile = (ProtobufCBinaryData){ .len = profile->len,
                                            .data = (uint8_t *)profile->data };
    sample.id = id;
    one.labels = labels;
    one.n_labels = label_count;
    one.samples = samples;
    one.n_samples = 1;
    request.series = series;
    request.n_series = 1;
    size_t size = evprof__pb__push_request__get_packed_size(&request);
    if (!evprof_buf_reserve(out, size)) {
        return EVPROF_ENOMEM;
    }
    out->len += evprof__pb__push_request__pack(
        &request, (uint8_t *)(void *)(out->data + out->len));
    return EVPROF_OK;
}

int
evprof_push_message(const evprof_push_conf_t *conf, const char *profile,
                    const evprof_buf_t *bytes, evprof_buf_t *out)
{
    size_t room = OWN_LABELS;
    for (const evprof_push_label_t *l = conf->labels; l != NULL; l = l->next) {
        room++;
    }
    Evprof__Pb__PushLabel *labels = calloc(room, sizeof(*labels));
    Evprof__Pb__PushLabel **list =
        calloc(room, sizeof(Evprof__Pb__PushLabel *));
    int status = EVPROF_ENOMEM;
    if (labels != NULL && list != NULL) {
        char instance[NAME_MAX_BYTES];
        size_t n = 0;
        name_instance(instance);
        set_label(&labels[n++], "__name__", engine_name(profile));
        set_label(&labels[n++], "__delta__", "false");
        if (!has_label(conf, "service_name")) {
            set_label(&labels[n++], "service_name",
                      program_invocation_short_name);
        }
        if (!has_label(conf, "instance")) {
            set_label(&labels[n++], "instance", instance);
        }
        for (const evprof_push_label_t *l = conf->labels; l != NULL;
             l = l->next) {
            set_label(&labels[n++], l->name, l->value);
        }
        for (size_t i = 0; i < n; i++) {
            list[i] = &labels[i];
        }
        status = pack(list, n, bytes, out);
    }
    free(labels);
    free(list);
    return status;
}
