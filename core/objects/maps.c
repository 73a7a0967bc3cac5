/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's names of mapped files. The loader keeps a name as it was asked
 * for (relative, a symbolic link, empty for the executable); /proc/self/maps
 * has the file that is really mapped. Lines and segments are both sorted by
 * address, so one pass over each pairs them.
 */
#include "core/objects/loader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/base/parse.h"
#include "core/base/read_file.h"
#include "core/base/self.h"

static const char *
parse_hex(const char *text, uintptr_t *out)
{
    uintptr_t value = 0;
    int digit;
    for (; (digit = evprof_hex_digit(*text)) >= 0; text++) {
        value = value << 4 | (unsigned)digit;
    }
    *out = value;
    return text;
}

/* Undoes the kernel's escape of a newline, its only one in this file. */
static char *
unescape(evprof_arena_t *arena, const char *text, size_t len)
{
    char *out = evprof_arena_strndup(arena, text, len);
    if (out == NULL) {
        return NULL;
    }
    char *from = out;
    char *to = out;
    while (*from != '\0') {
        if (strncmp(from, "\\012", 4) == 0) {
            *to++ = '\n';
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return out;
}

/* The fields behind the addresses: access, offset, device, inode. */
static void
read_file_of(const char *rest, evprof_object_t *object)
{
    uintptr_t major = 0;
    uintptr_t minor = 0;
    uintptr_t offset = 0;
    const char *at = strchr(rest, ' ');
    at = at == NULL ? NULL : strchr(at + 1, ' ');
    if (at == NULL) {
        return;
    }
    at = parse_hex(at + 1, &offset);
    at = parse_hex(*at == ' ' ? at + 1 : at, &major);
    at = parse_hex(*at == ':' ? at + 1 : at, &minor);
    object->device = makedev((unsigned)major, (unsigned)minor);
    object->inode = strtoull(at, NULL, 10);
}

/* The name is the sixth field; it starts with '/' when it is a file. */
static const char *
find_name(const char *line, const char *end, size_t *len)
{
    const char *slash = memchr(line, '/', (size_t)(end - line));
    if (slash == NULL) {
        return NULL;
    }
    *len = (size_t)(end - slash);
    return slash;
}

/* Without /proc the names of the loader stay. The program has none there, and
 * gets the name by which it was started. */
static int
name_without_proc(evprof_arena_t *arena, evprof_loader_list_t *list)
{
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const char *started = (const char *)getauxval(AT_EXECFN);
    for (size_t i = 0; i < list->count && started != NULL; i++) {
        if (list->items[i].path[0] == '\0') {
            list->items[i].path = unescape(arena, started, strlen(started));
            if (list->items[i].path == NULL) {
                return EVPROF_ENOMEM;
            }
        }
    }
    return EVPROF_OK;
}

/* A line of the file. */
typedef struct piece {
    uintptr_t start;
    uintptr_t limit;
    const char *rest; /* from the second address on */
    const char *end;
} piece_t;

/* Reads the line at `line`. Returns the next one; NULL: it was the last. */
static const char *
read_piece(const char *line, piece_t *out)
{
    out->end = strchrnul(line, '\n');
    out->rest = parse_hex(line, &out->start);
    parse_hex(*out->rest == '-' ? out->rest + 1 : out->rest, &out->limit);
    return *out->end == '\0' ? NULL : out->end + 1;
}

/* Copies what the line says of the file into the object. */
static int
take_name(evprof_arena_t *arena, const piece_t *piece, evprof_object_t *object)
{
    size_t len = 0;
    const char *name = find_name(piece->rest, piece->end, &len);
    if (name == NULL || object->path[0] == '[') {
        return EVPROF_OK;
    }
    read_file_of(piece->rest, object);
    object->path = unescape(arena, name, len);
    return object->path == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

/* Code that was moved to anonymous memory, to have huge pages, has lost its
 * name; the object's first page has kept it. */
static int
name_by_first_page(evprof_arena_t *arena, const char *maps,
                   evprof_object_t *object)
{
    for (const char *line = maps; line != NULL && *line != '\0';) {
        piece_t piece;
        line = read_piece(line, &piece);
        if (object->low >= piece.start && object->low < piece.limit) {
            return take_name(arena, &piece, object);
        }
    }
    return EVPROF_OK;
}

static int
name_pieces(evprof_arena_t *arena, const char *maps, evprof_loader_list_t *list)
{
    size_t next = 0;
    int status = EVPROF_OK;
    for (const char *line = maps; status == EVPROF_OK && line != NULL &&
                                  *line != '\0' && next < list->count;) {
        piece_t piece;
        line = read_piece(line, &piece);
        while (next < list->count && list->items[next].start < piece.start) {
            next++;
        }
        for (; status == EVPROF_OK && next < list->count &&
               list->items[next].start < piece.limit;
             next++) {
            evprof_object_t *object = &list->items[next];
            object->piece_start = piece.start;
            object->piece_limit = piece.limit;
            status = take_name(arena, &piece, object);
            if (status == EVPROF_OK && object->inode == 0 &&
                object->path[0] != '[') {
                status = name_by_first_page(arena, maps, object);
            }
        }
    }
    return status;
}

int
evprof_loader_name(evprof_arena_t *arena, evprof_loader_list_t *list)
{
    evprof_buf_t maps = { 0 };
    int status = evprof_read_file(EVPROF_SELF("maps"), SIZE_MAX, &maps);
    if (status == EVPROF_OK && maps.data != NULL) {
        status = name_pieces(arena, maps.data, list);
    }
    evprof_buf_free(&maps);
    /* An object without a name is the program itself; the kernel gave its name
     * at the start. */
    return status == EVPROF_OK || status == EVPROF_EIO
               ? name_without_proc(arena, list)
               : status;
}
