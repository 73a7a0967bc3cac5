/* SPDX-License-Identifier: Apache-2.0 */
/* A query string of any client, read for each parameter that we know. */
#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/query.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = { "seconds", "debug", "gc", "" };
    char value[EVPROF_QUERY_VALUE_MAX];
    char *query = malloc(size + 1);
    if (query == NULL) {
        return 0;
    }
    memcpy(query, data, size);
    query[size] = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        evprof_query_get(query, keys[i], value);
        if (strlen(value) >= sizeof(value)) {
            abort();
        }
        evprof_query_int(query, keys[i], 0);
        evprof_query_number(query, keys[i], 0);
    }
    free(query);
    return 0;
}
