/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in a configuration file of this build: the modules, the rules
 * of access, and `load_module`, which brings modules that were compiled
 * elsewhere. A shared object stays loaded for as long as a configuration that
 * names it, and a configuration as long as a profile that was set up by it.
 */
#include "core/runtime/settings.h"

#include <dlfcn.h>
#include <string.h>

#include "core/base/error.h"
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

/* ---- load_module ---- */

static bool
is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 64 && name[0] != '.' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] ==
               '\0';
}

/* Nothing but `abi` may be read before it is known to be ours. */
static const char *
module_fault(evprof_conf_t *cf, const evprof_module_t *module)
{
    if (module->abi != EVPROF_MODULE_ABI) {
        return evprof_conf_fragment(
            cf,
            "%s was built for module ABI %u, this library has %u: build it "
            "anew with the installed headers",
            evprof_conf_arg(cf, 0), module->abi, EVPROF_MODULE_ABI);
    }
    if (module->name == NULL || !is_name(module->name)) {
        return evprof_conf_fragment(
            cf, "%s has a module without a name that fits into a URL",
            evprof_conf_arg(cf, 0));
    }
    if (evprof_leaf_is_page(module->name)) {
        return evprof_conf_fragment(
            cf, "%s brings the profile \"%s\", but a page has that name",
            evprof_conf_arg(cf, 0), module->name);
    }
    if (module->summary == NULL ||
        (module->snapshot == NULL && module->text == NULL)) {
        return evprof_conf_fragment(
            cf,
            "%s has a module that lacks its summary, or both snapshot and "
            "text",
            evprof_conf_arg(cf, 0));
    }
    return NULL;
}

static void
close_library(void *library)
{
    dlclose(library);
}

static const char *
add_library(evprof_conf_t *cf, void *library)
{
    const evprof_module_t *module = dlsym(library, EVPROF_MODULE_SYMBOL);
    if (module == NULL) {
        return evprof_conf_fragment(cf,
                                    "%s is no module: it does not export "
                                    "%s",
                                    evprof_conf_arg(cf, 0),
                                    EVPROF_MODULE_SYMBOL);
    }
    const char *fault = module_fault(cf, module);
    return fault != NULL ? fault : evprof_conf_add_module(cf, module);
}

static const char *
set_load_module(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    (void)d;
    (void)conf;
    const char *path = evprof_conf_path(cf, evprof_conf_arg(cf, 0));
    if (path == NULL) {
        return "cannot be kept: out of memory";
    }
    /* Without a slash the loader would search its own list of folders. */
    if (strchr(path, '/') == NULL) {
        return evprof_conf_fragment(cf, "needs a path: ./%s", path);
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return evprof_conf_fragment(cf, "cannot load a module: %s", dlerror());
    }
    if (evprof_conf_defer(cf, close_library, library) != EVPROF_OK) {
        dlclose(library);
        return "cannot be kept: out of memory";
    }
    return add_library(cf, library);
}

static const evprof_directive_t module_directives[] = {
    { .name = "load_module",
      .args = "FILE",
      .help = "Adds a profile type that was compiled elsewhere, from a shared "
              "object; may be repeated.",
      .min_args = 1,
      .max_args = 1,
      .flags = EVPROF_DIRECTIVE_MANY | EVPROF_DIRECTIVE_FIXED,
      .set = set_load_module },
    EVPROF_DIRECTIVE_END
};

static const evprof_section_t module_section = {
    .name = "modules",
    .contexts = EVPROF_CONTEXT_MAIN,
    .directives = module_directives,
};

static const evprof_section_t *const sections[] = { &module_section,
                                                    &evprof_access_section,
                                                    NULL };

const evprof_schema_t evprof_runtime_schema = {
    .modules = evprof_profile_modules,
    .sections = sections,
};

/* ---- The configuration in force ---- */

evprof_config_t *
evprof_settings_hold(evprof_t *prof)
{
    evprof_config_t *config = NULL;
    evprof_lock_enter(&prof->lock);
    if (prof->config != NULL) {
        config = evprof_config_ref(prof->config);
    }
    evprof_lock_leave(&prof->lock);
    return config;
}

void
evprof_settings_release(evprof_config_t *config)
{
    evprof_config_unref(config);
}

const evprof_access_conf_t *
evprof_settings_access(const evprof_config_t *config, const char *leaf)
{
    const char *profile = leaf;
    size_t count = evprof_config_profile_count(config);
    for (size_t i = 0; i < count && leaf != NULL; i++) {
        const evprof_module_t *module =
            evprof_config_profile_at(config, i)->module;
        if (evprof_module_has_leaf(module, leaf)) {
            profile = module->name;
        }
    }
    return evprof_config_section(config, &evprof_access_section, profile);
}

const evprof_main_conf_t *
evprof_settings_main(const evprof_config_t *config)
{
    return evprof_config_main(config);
}

const evprof_preload_conf_t *
evprof_settings_preload(const evprof_config_t *config)
{
    return evprof_config_preload(config);
}

const evprof_pprof_conf_t *
evprof_settings_pprof(const evprof_config_t *config)
{
    return evprof_config_pprof(config);
}

/* ---- Checking, dumping, describing ---- */

int
evprof_conf_check(const char *conf_file, const evprof_writer_t *out,
                  evprof_error_t *err)
{
    return evprof_config_check(conf_file, &evprof_runtime_schema, out, err);
}

static int
check_written(int status, evprof_error_t *err)
{
    return status == EVPROF_OK
               ? status
               : evprof_fail(err, status, "configuration: cannot write: %s",
                             evprof_status_text(status));
}

int
evprof_conf_dump(const char *conf_file, const evprof_writer_t *out,
                 evprof_error_t *err)
{
    evprof_config_t *config = NULL;
    int status =
        evprof_config_load(conf_file, &evprof_runtime_schema, &config, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_config_dump(config, out);
    evprof_config_unref(config);
    return check_written(status, err);
}

int
evprof_conf_reference(const evprof_writer_t *out, evprof_error_t *err)
{
    return check_written(evprof_config_reference(&evprof_runtime_schema, out),
                         err);
}
