/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger sends: the credential and the header of a trusted proxy. No
 * bytes of either let anybody in.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/access/access.h"
#include "tests/fuzz/fuzz.h"
#include "tests/memory_file.h"

static const evprof_module_t *const modules[] = { NULL };
static const evprof_section_t *const sections[] = { &evprof_access_section,
                                                    NULL };
static const evprof_schema_t schema = { .modules = modules,
                                        .sections = sections };

/* A configuration whose one user has a hash that no password gives. */
static evprof_config_t *
make_config(void)
{
    static const char users[] = "ann:$1$aaaaaaaa$......................\n";
    char text[512];
    char path[MEMORY_FILE_PATH];
    evprof_config_t *config = NULL;
    memory_file(users, strlen(users), path);
    int len = snprintf(text, sizeof(text),
                       "pprof { auth_basic r; auth_basic_user_file %s;"
                       " trusted_proxy 127.0.0.1; real_ip_header X-Real-IP;"
                       " allow 203.0.113.77; deny all; satisfy any; }",
                       path);
    int fd = memory_file(text, (size_t)len, path);
    if (evprof_config_load(path, &schema, &config, NULL) != 0) {
        abort();
    }
    close(fd);
    return config;
}

static const char *
find_header(void *ctx, const char *name)
{
    return strcasecmp(name, "Authorization") == 0 ||
                   strcasecmp(name, "X-Real-IP") == 0
               ? ctx
               : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static evprof_config_t *config;
    if (config == NULL) {
        config = make_config();
    }
    const evprof_access_conf_t *conf =
        evprof_config_section(config, &evprof_access_section, NULL);
    char *header = calloc(1, len + 1);
    if (header == NULL) {
        abort();
    }
    if (len > 0) {
        memcpy(header, data, len);
    }
    struct sockaddr_in peer = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    evprof_access_request_t request = { .peer = (void *)&peer,
                                        .header = find_header,
                                        .ctx = header };
    enum evprof_verdict verdict = evprof_access_judge(conf, &request, NULL);
    if (verdict == EVPROF_ACCESS_ALLOW &&
        strstr(header, "203.0.113.77") == NULL) {
        abort();
    }
    if (verdict == EVPROF_ACCESS_VERIFY && evprof_access_verify(conf, header)) {
        abort();
    }
    free(header);
    return 0;
}
