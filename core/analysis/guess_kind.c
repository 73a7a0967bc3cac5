/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/guess_kind.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "core/analysis/lines.h"

/* How much of a file is looked at. */
#define LOOK_AT 4096

/* Bytes that files of a kind begin with. */
static const struct magic {
    const char *bytes;
    size_t len;
    const char *means;
} magics[] = {
#define MAGIC(bytes, means)                                                    \
    {                                                                          \
        bytes, sizeof(bytes) - 1, means                                        \
    }
    MAGIC("PERFILE2", "it is a perf.data file: give it by its name, or what "
                      "perf script makes of it"),
    MAGIC("2ELIFREP", "it is a perf.data file of a machine with another byte "
                      "order: run perf script there"),
    MAGIC("\xfd"
          "7zXZ\0",
          "it is compressed with xz: unpack it with unxz"),
    MAGIC("BZh", "it is compressed with bzip2: unpack it with bunzip2"),
    MAGIC("\x04\x22\x4d\x18", "it is compressed with lz4: unpack it with lz4"),
    MAGIC("7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it"),
    MAGIC("PK\x03\x04", "it is a zip archive: unpack it"),
    MAGIC("!<arch>\n", "it is an archive of object files, not a profile"),
    MAGIC("MZ", "it is a program for Windows, not a profile"),
    MAGIC("\xcf\xfa\xed\xfe", "it is a program for macOS, not a profile"),
    MAGIC("\xca\xfe\xba\xbe", "it is a Java class or a program for macOS, not "
                              "a profile"),
    MAGIC("FLR\0", "it is a recording of Java Flight Recorder: the program "
                   "jfr reads it"),
    MAGIC("SQLite format 3", "it is an SQLite database, not a profile"),
    MAGIC("\x89PNG", "it is a picture, not a profile"),
    MAGIC("%PDF-", "it is a PDF document, not a profile"),
    MAGIC("%!PS", "it is a PostScript document, not a profile"),
    MAGIC("digraph", "it is a graph in the language of Graphviz: dot draws "
                     "it"),
    MAGIC("# callgrind format", "it is a callgrind file: KCachegrind and "
                                "callgrind_annotate read it"),
    MAGIC("version: 1\ncreator: callgrind",
          "it is a callgrind file: KCachegrind and callgrind_annotate read "
          "it"),
    MAGIC("desc: --", "it is a file of Valgrind: ms_print or cg_annotate "
                      "reads it"),
    MAGIC("goroutine ", "it is the text of Go's stack traces: fetch the "
                        "profile without debug=2"),
#undef MAGIC
};

static bool
is_text(evprof_span_t s)
{
    for (const char *c = s.at; c < s.end; c++) {
        bool is_control =
            (unsigned char)*c < ' ' && strchr("\t\n\r\f", *c) == NULL;
        if (is_control || *c == '\x7f' || *c == '\0') {
            return false;
        }
    }
    return true;
}

/* Programs, libraries, object files and memory images. */
static const char *
guess_elf(evprof_span_t s)
{
    size_t len = evprof_span_len(s);
    if (len < EI_NIDENT + 2 || memcmp(s.at, ELFMAG, SELFMAG) != 0) {
        return NULL;
    }
    bool is_big = s.at[EI_DATA] == ELFDATA2MSB;
    unsigned char low = (unsigned char)s.at[EI_NIDENT + (is_big ? 1 : 0)];
    return low == ET_CORE
               ? "it is a core file, the memory of a program that has died: "
                 "gdb reads it"
               : "it is a program or a library, not a profile: name the "
                 "profile behind it";
}

/* "go 1.21 trace" and zeroes. */
static const char *
guess_go_trace(evprof_span_t s)
{
    evprof_span_t head = { s.at, s.end - s.at > 16 ? s.at + 16 : s.end };
    return evprof_span_starts(head, "go 1.") &&
                   evprof_span_find(head, " trace") != NULL
               ? "it is an execution trace of Go: go tool trace reads it"
               : NULL;
}

static const char *
guess_archive(evprof_span_t s)
{
    enum { AT = 257 };
    return evprof_span_len(s) > AT + 5 && memcmp(s.at + AT, "ustar", 5) == 0
               ? "it is a tar archive: unpack it"
               : NULL;
}

static bool
begins_tag(evprof_span_t s, const char *name)
{
    size_t len = strlen(name);
    return evprof_span_len(s) >= len && strncasecmp(s.at, name, len) == 0;
}

static const char *
guess_markup(evprof_span_t s)
{
    if (begins_tag(s, "<!doctype html") || begins_tag(s, "<html") ||
        begins_tag(s, "<head")) {
        return "it is a web page, not a profile: perhaps a login is asked for";
    }
    if (begins_tag(s, "<svg") || evprof_span_find(s, "<svg") != NULL) {
        return "it is an SVG image, not a profile";
    }
    return begins_tag(s, "<?xml") || begins_tag(s, "<!doctype")
               ? "it is XML, not a profile"
               : NULL;
}

static const char *
guess_json(evprof_span_t s)
{
    if (s.at == s.end || (*s.at != '{' && *s.at != '[')) {
        return NULL;
    }
    if (evprof_span_find(s, "speedscope.app") != NULL) {
        return "it is a file of speedscope: speedscope.app shows it";
    }
    if (evprof_span_find(s, "\"traceEvents\"") != NULL) {
        return "it is a trace of Chrome: ui.perfetto.dev shows it";
    }
    return "it is JSON, which evprof does not read";
}

const char *
evprof_guess(const void *data, size_t len)
{
    const char *bytes = data;
    evprof_span_t s = evprof_span(bytes, len < LOOK_AT ? len : LOOK_AT);
    const char *(*const guesses[])(evprof_span_t s) = {
        guess_elf, guess_go_trace, guess_archive, guess_markup, guess_json
    };
    evprof_span_t inner = s;
    evprof_take_spaces(&inner);
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (evprof_span_len(s) >= magics[i].len &&
            memcmp(s.at, magics[i].bytes, magics[i].len) == 0) {
            return magics[i].means;
        }
    }
    for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
        const char *found = guesses[i](i < 3 ? s : inner);
        if (found != NULL) {
            return found;
        }
    }
    if (inner.at == inner.end) {
        return "it is empty";
    }
    return is_text(s) ? "it is text, but of no format that evprof reads"
                      : "it is of no format that evprof reads";
}
