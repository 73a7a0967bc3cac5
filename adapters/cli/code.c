/* SPDX-License-Identifier: Apache-2.0 */
/* Binaries and their machine code. The disassembler is a shared object that is
 * opened when a report first asks for it. */
#include "adapters/cli/code.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/debuginfod.h"
#include "adapters/cli/library.h"
#include "core/base/error.h"

const char *
cli_search_path(void)
{
    static char *usual;
    const char *path = getenv("PPROF_BINARY_PATH");
    const char *home = getenv("HOME");
    if (path != NULL && path[0] != '\0') {
        return path;
    }
    if (usual == NULL && home != NULL && home[0] != '\0') {
        evprof_buf_t text = { 0 };
        evprof_buf_printf(&text, "%s/pprof/binaries", home);
        usual = text.failed ? NULL : text.data;
    }
    return usual == NULL ? "" : usual;
}

static const evprof_disassembler_t *
open_disassembler(evprof_error_t *err)
{
    void *library =
        cli_open_library("evprof/libevprof_disasm.so", RTLD_NOW | RTLD_LOCAL);
    void *symbol =
        library == NULL ? NULL : dlsym(library, "evprof_disassembler");
    evprof_disassembler_fn get;
    if (symbol == NULL) {
        const char *why = dlerror();
        evprof_fail(err, EVPROF_ENOTSUP, "cannot disassemble: %s",
                    why == NULL ? "libevprof_disasm.so is missing" : why);
        return NULL;
    }
    memcpy(&get, &symbol, sizeof(get));
    return get();
}

const evprof_code_source_t *
cli_code(const cli_t *cli)
{
    static evprof_code_source_t source = { .disassembler = open_disassembler };
    source.search_path = cli_search_path();
    source.binary = cli->binary;
    source.fetch = cli_debuginfod;
    source.fetch_ctx = cli;
    return &source;
}
