/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directives of access, and the check that they are consistent. A server
 * with half of a credential's directives would start without protection, so it
 * does not start.
 */
#include <string.h>
#include <sys/stat.h>

#include "core/access/credentials.h"
#include "core/access/rules.h"

/* Adds a rule. The rules are in one array, since every request searches
 * them. */
static const char *
add_rule(evprof_conf_t *cf, evprof_rules_t *rules, bool is_allow)
{
    const char *arg = evprof_conf_arg(cf, 0);
    evprof_access_rule_t rule = { .is_allow = is_allow };
    bool has_low_bits;
    if (!evprof_network_parse(arg, &rule.network, &has_low_bits)) {
        return evprof_conf_fragment(
            cf,
            "must be an address, a network such as 10.0.0.0/8, unix:, "
            "direct or all, not %s",
            arg);
    }
    if (has_low_bits) {
        evprof_conf_warn(cf,
                         "has bits beyond the prefix in %s, which have no "
                         "meaning",
                         arg);
    }
    if (rules->count == rules->room) {
        size_t room = rules->room == 0 ? 8 : rules->room * 2;
        evprof_access_rule_t *grown =
            evprof_conf_alloc(cf, room * sizeof(*grown));
        if (grown == NULL) {
            return "cannot be kept: out of memory";
        }
        if (rules->count > 0) {
            memcpy(grown, rules->list, rules->count * sizeof(*grown));
        }
        rules->list = grown;
        rules->room = room;
    }
    rules->list[rules->count++] = rule;
    return NULL;
}

static const char *
set_rule(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_access_conf_t *access = conf;
    return add_rule(cf, &access->rules, strcmp(d->name, "allow") == 0);
}

/* In any spelling: "all", or a network of all addresses of a kind. */
static bool
is_everybody(const char *text)
{
    evprof_network_t network;
    bool has_low_bits;
    return evprof_network_parse(text, &network, &has_low_bits) &&
           (network.is_all || (network.prefix_bits == 0 &&
                               (network.address.kind == EVPROF_ADDRESS_V4 ||
                                network.address.kind == EVPROF_ADDRESS_V6)));
}

static const char *
set_proxy(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_access_conf_t *access = conf;
    (void)d;
    if (is_everybody(evprof_conf_arg(cf, 0))) {
        return "must name the proxies: whoever is trusted can claim any "
               "address";
    }
    if (strcmp(evprof_conf_arg(cf, 0), "direct") == 0) {
        return "must be an address, a network such as 10.0.0.0/8 or unix:, not "
               "direct";
    }
    return add_rule(cf, &access->proxies, true);
}

/* Sets a file of secrets. One that others can read or change gives a warning
 * and not an error, since it may belong to a test. */
static const char *
set_secret_file(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *fault = evprof_set_path(cf, d, conf);
    struct stat info;
    const char *path;
    memcpy(&path, (const char *)conf + d->offset, sizeof(path));
    if (fault == NULL && stat(path, &info) == 0 &&
        (info.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
        bool may_write = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
        evprof_conf_warn(cf, "names %s, which others may %s", path,
                         may_write ? "change" : "read");
    }
    return fault;
}

/* Sets the realm, which is sent in a header: newlines and quotes are
 * refused. */
static const char *
set_realm(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_access_conf_t *access = conf;
    const char *arg = evprof_conf_arg(cf, 0);
    if (strcmp(arg, "off") == 0) {
        access->realm = "";
        return NULL;
    }
    if (arg[0] == '\0' || strpbrk(arg, "\"\\\r\n\t") != NULL) {
        return "must be a realm without quotes, backslashes and line breaks";
    }
    return evprof_set_string(cf, d, conf);
}

static const char *
set_header(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *arg = evprof_conf_arg(cf, 0);
    if (arg[0] == '\0' ||
        arg[strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_")] != '\0') {
        return evprof_conf_fragment(
            cf, "must be the name of a header, such as X-Real-IP, not %s", arg);
    }
    return evprof_set_string(cf, d, conf);
}

static const char *
set_names(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    evprof_access_conf_t *access = conf;
    (void)d;
    unsigned count = evprof_conf_arg_count(cf);
    access->names = evprof_conf_alloc(cf, count * sizeof(*access->names));
    if (access->names == NULL) {
        return "cannot be kept: out of memory";
    }
    for (unsigned i = 0; i < count; i++) {
        const char *name = evprof_conf_arg(cf, i);
        if (name[0] == '\0' || strpbrk(name, ":/*[] \t\r\n") != NULL) {
            return evprof_conf_fragment(
                cf, "must be host names without ports, not %s", name);
        }
        access->names[i] = evprof_conf_strdup(cf, name);
        if (access->names[i] == NULL) {
            return "cannot be kept: out of memory";
        }
    }
    access->name_count = count;
    return NULL;
}

static const char *const satisfy_names[] = { "all", "any", NULL };

static const evprof_directive_t directives[] = {
    { .name = "allow",
      .args = "ADDRESS|NETWORK|unix:|direct|all",
      .help = "Lets these peers in; with deny, the first match decides; "
              "without any rule or credential, and where none matches, only "
              "loopback peers are let in. direct is a trusted_proxy that sends "
              "nobody's address: who asks from its machine without it.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, rules),
      .flags = EVPROF_DIRECTIVE_MANY,
      .set = set_rule },
    { .name = "deny",
      .args = "ADDRESS|NETWORK|unix:|direct|all",
      .help = "Keeps these peers out.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, rules),
      .flags = EVPROF_DIRECTIVE_MANY,
      .set = set_rule },
    { .name = "server_name",
      .args = "NAME...",
      .help = "Names that clients may call this server by, besides its "
              "addresses and localhost, where they are let in only for being "
              "local: other names in Host are refused, as DNS can point any "
              "name here.",
      .min_args = 1,
      .max_args = 16,
      .offset = offsetof(evprof_access_conf_t, names),
      .set = set_names },
    { .name = "satisfy",
      .args = "all|any",
      .help = "Whether the address rules and a credential are both needed, or "
              "one of them.",
      .by_default = "all",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, satisfy),
      .data = satisfy_names,
      .set = evprof_set_choice },
    { .name = "auth_basic",
      .args = "REALM|off",
      .help = "Asks for a name and a password of auth_basic_user_file; off "
              "where it is not set, and to end what a profile inherits.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, realm),
      .set = set_realm },
    { .name = "auth_basic_user_file",
      .args = "FILE",
      .help =
          "Lines NAME:HASH with hashes of crypt(3), as htpasswd -B makes them.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, user_file),
      .set = set_secret_file },
    { .name = "auth_bearer_file",
      .args = "FILE",
      .help = "Asks for a bearer token, one of the lines of this file.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, bearer_file),
      .set = set_secret_file },
    { .name = "trusted_proxy",
      .args = "ADDRESS|NETWORK|unix:",
      .help = "Peers whose real_ip_header is believed.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, proxies),
      .flags = EVPROF_DIRECTIVE_MANY,
      .set = set_proxy },
    { .name = "real_ip_header",
      .args = "NAME",
      .help = "The header in which a trusted_proxy names the peer.",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(evprof_access_conf_t, real_ip_header),
      .set = set_header },
    EVPROF_DIRECTIVE_END
};

static const char *
half_set(const evprof_access_conf_t *access, const char **culprit)
{
    if (evprof_access_has_basic(access) && access->user_file == NULL) {
        *culprit = "auth_basic";
        return "needs \"auth_basic_user_file\" as well";
    }
    if (access->user_file != NULL && access->realm == NULL) {
        *culprit = "auth_basic_user_file";
        return "needs \"auth_basic\" with a realm as well";
    }
    if (access->real_ip_header != NULL && access->proxies.count == 0) {
        *culprit = "real_ip_header";
        return "needs \"trusted_proxy\" as well";
    }
    if (access->proxies.count > 0 && access->real_ip_header == NULL) {
        *culprit = "trusted_proxy";
        return "needs \"real_ip_header\" as well";
    }
    return NULL;
}

static const char *
finish(evprof_conf_t *cf, void *conf, const char **culprit)
{
    const evprof_access_conf_t *access = conf;
    const char *fault = half_set(access, culprit);
    if (fault == NULL && evprof_access_has_basic(access)) {
        *culprit = "auth_basic_user_file";
        fault = evprof_users_check(cf, access->user_file);
    }
    if (fault == NULL && access->bearer_file != NULL) {
        *culprit = "auth_bearer_file";
        fault = evprof_tokens_check(cf, access->bearer_file);
    }
    return fault;
}

const evprof_section_t evprof_access_section = {
    .name = "access",
    .contexts = EVPROF_CONTEXT_PPROF | EVPROF_CONTEXT_PROFILE,
    .directives = directives,
    .conf_size = sizeof(evprof_access_conf_t),
    .finish = finish,
};
