/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/cli/flag_table.h"

#include <string.h>

#include "adapters/cli/cli.h"

const char *const cli_flag_groups[CLI_GROUP_COUNT] = {
    [CLI_GROUP_SOURCES] = "Sources",
    [CLI_GROUP_NETWORK] = "Asking a server",
    [CLI_GROUP_TRACES] = "Execution traces",
    [CLI_GROUP_COLUMNS] = "Old names of sample types",
    [CLI_GROUP_SERVER] = "A server's configuration",
    [CLI_GROUP_OTHER] = "Other",
};

/* A row whose value is kept in the field `at` of cli_t. */
#define ROW(of_name, takes, in_group, of_kind, at, text)                       \
    {                                                                          \
        .name = (of_name), .value = (takes), .group = CLI_GROUP_##in_group,    \
        .kind = CLI_FLAG_##of_kind, .offset = offsetof(cli_t, at),             \
        .help = (text),                                                        \
    }
#define COLUMN(of_name, type, mean, text)                                      \
    {                                                                          \
        .name = (of_name), .group = CLI_GROUP_COLUMNS,                         \
        .kind = CLI_FLAG_COLUMN, .column = (type), .is_mean = (mean),          \
        .help = (text),                                                        \
    }
#define ALONE(of_name, takes, in_group, text)                                  \
    {                                                                          \
        .name = (of_name), .value = (takes), .group = CLI_GROUP_##in_group,    \
        .kind = CLI_FLAG_ALONE, .help = (text),                                \
    }

/* clang-format off */
const cli_flag_t cli_flag_table[] = {
    ROW("base", "SOURCE", SOURCES, LIST, bases,
        "Profile to take away from the others\n"
        "It may be given several times; what remains is the difference.\n"),
    ROW("diff_base", "SOURCE", SOURCES, LIST, diff_bases,
        "The same, with percentages of the base\n"),
    ROW("sources", "FILE", SOURCES, TEXT, sources_file,
        "File that lists sources, with labels and credentials\n"
        "A line holds one URL or file, and words label:KEY=VALUE,\n"
        "header=@FILE, cert=FILE, key=FILE after it. Prometheus'\n"
        "file_sd JSON is read too.\n"),
    ROW("seconds", "N", SOURCES, INT, seconds,
        "Seconds that a server measures\n"
        "It becomes seconds=N of the URL.\n"),
    ROW("symbolize", "HOW", SOURCES, TEXT, symbolize,
        "Where names of functions come from\n"
        "none: from the profile alone; local: from binaries of this machine;\n"
        "fastlocal: names only; remote: from the server; force, after a colon:\n"
        "anew; demangle=none|full|templates|default, after a colon: how C++\n"
        "names read.\n"),
    ROW("debuginfod", NULL, SOURCES, BOOL, uses_debuginfod,
        "Get missing binaries and debug files from debuginfod servers\n"
        "The environment's DEBUGINFOD_URLS names them. What was got is kept\n"
        "below $XDG_CACHE_HOME/evprof/debuginfod.\n"),
    ROW("buildid", "ID", SOURCES, TEXT, build_id,
        "Build id of the program, where the profile has none\n"),
    ROW("add_comment", "TEXT", SOURCES, TEXT, comment,
        "Remark to add to the profile\n"),
    ROW("all_frames", NULL, SOURCES, BOOL, all_frames,
        "Keep frames that the profile says are to be dropped\n"),
    ROW("timeout", "SECONDS", NETWORK, INT, timeout,
        "Seconds to wait for an answer\n"
        "By default 60, or one and a half times what is measured.\n"),
    ROW("proxy", "URL", NETWORK, TEXT, fetch.proxy,
        "Proxy for all sources: http, https, socks5, socks5h\n"),
    ROW("proxy_user", "USER", NETWORK, TEXT, fetch.proxy_user,
        "Its name:password, or @FILE; a name alone asks\n"),
    ROW("proxy_auth", "KIND", NETWORK, TEXT, fetch.proxy_auth,
        "any, basic, digest, ntlm or negotiate\n"),
    ROW("proxy_tls_ca", "FILE", NETWORK, TEXT, fetch.proxy_tls_ca,
        "Authorities that an https proxy may be signed by\n"),
    ROW("proxy_header", "LINE", NETWORK, LIST, proxy_headers,
        "Header for the proxy, or @FILE; may be repeated\n"),
    ROW("header", "LINE", NETWORK, LIST, headers,
        "Header for the server, or @FILE; may be repeated\n"),
    ROW("bearer_token_file", "FILE", NETWORK, TEXT, fetch.bearer_token_file,
        "Token for the server\n"),
    ROW("netrc", NULL, NETWORK, BOOL, wants_netrc,
        "Names and passwords from ~/.netrc\n"),
    ROW("netrc_file", "FILE", NETWORK, TEXT, fetch.netrc_file,
        "Names and passwords from another such file\n"),
    ROW("cookie_file", "FILE", NETWORK, TEXT, fetch.cookie_file,
        "Cookies in Netscape's or curl's format\n"),
    ROW("tls_cert", "FILE", NETWORK, TEXT, fetch.tls_cert,
        "Client certificate\n"),
    ROW("tls_key", "FILE", NETWORK, TEXT, fetch.tls_key,
        "Its key\n"),
    ROW("tls_ca", "FILE", NETWORK, TEXT, fetch.tls_ca,
        "Authorities that the server may be signed by\n"),
    ROW("unix_socket", "PATH", NETWORK, TEXT, fetch.unix_socket,
        "Connect to this socket; or http+unix://%2Fpath/...\n"),
    ROW("retry", "N", NETWORK, INT, fetch.retry,
        "Attempts more when a profile cannot have begun\n"),
    ROW("parallel", "N", NETWORK, INT, fetch.parallel,
        "Connections at once, 64 by default\n"),
    ROW("max_bytes", "N", NETWORK, INT, fetch.max_bytes,
        "Largest answer to accept, 1 GiB by default\n"),
    ROW("trace", "FILE", TRACES, TEXT, trace.file,
        "Read an execution trace, of Evprof or of a program in Go\n"
        "By itself it shows what threads did, the slowest tasks, how long\n"
        "tasks and regions take, and who ended the waits of others.\n"),
    ROW("pprof", "KIND", TRACES, TEXT, trace.profile,
        "Profile of the trace, for any report: net, sync, syscall, sched,\n"
        "region or task\n"
        "The first four are those of go tool trace.\n"),
    ROW("perfetto", NULL, TRACES, BOOL, trace.is_perfetto,
        "Write the trace for ui.perfetto.dev, to the file of -output\n"),
    ROW("from", "TIME", TRACES, TEXT, trace.from,
        "Leave out of the trace what is before, as in -from 1.2s\n"),
    ROW("to", "TIME", TRACES, TEXT, trace.to,
        "Leave out of the trace what is after\n"),
    COLUMN("inuse_space", "inuse_space", false,
        "-sample_index=inuse_space\n"),
    COLUMN("inuse_objects", "inuse_objects", false,
        "-sample_index=inuse_objects\n"),
    COLUMN("alloc_space", "alloc_space", false,
        "-sample_index=alloc_space\n"),
    COLUMN("alloc_objects", "alloc_objects", false,
        "-sample_index=alloc_objects\n"),
    COLUMN("total_delay", "delay", false,
        "-sample_index=delay\n"),
    COLUMN("contentions", "contentions", false,
        "-sample_index=contentions\n"),
    COLUMN("mean_delay", "delay", true,
        "-sample_index=delay -mean\n"),
    ALONE("t", "FILE", SERVER,
        "Check the configuration file and exit; also -t -c FILE\n"),
    ALONE("T", "FILE", SERVER,
        "Print the configuration in force and where it is from\n"),
    ALONE("directives", NULL, SERVER,
        "Print every directive that such a file may have\n"),
    ROW("http", "[HOST]:PORT", OTHER, TEXT, http,
        "Show reports in a browser, from a server at that address\n"
        "Without a host at localhost, without a port at a free one.\n"),
    ROW("no_browser", NULL, OTHER, BOOL, no_browser,
        "Do not open a browser for -http\n"),
    ROW("strict", NULL, OTHER, BOOL, is_strict,
        "Do as pprof does where evprof does better\n"),
    ROW("version", NULL, OTHER, BOOL, wants_version,
        "Print the version and exit\n"),
    ALONE("help", "NAME", OTHER,
        "Explain a report, an option or a flag; all explains all\n"
        "man prints a manual page; bash, zsh and fish print completions.\n"),
    /* Taken, without effect: help does not show it. */
    ROW("tools", "PATH", OTHER, TEXT, tools, NULL),
};
/* clang-format on */

const size_t cli_flag_count =
    sizeof(cli_flag_table) / sizeof(cli_flag_table[0]);

const cli_flag_t *
cli_flag_find(const char *name)
{
    for (size_t i = 0; i < cli_flag_count; i++) {
        if (strcmp(cli_flag_table[i].name, name) == 0) {
            return &cli_flag_table[i];
        }
    }
    return NULL;
}
