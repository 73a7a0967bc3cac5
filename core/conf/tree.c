/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes statements of tokens and a tree of statements, before any directive is
 * looked at: so a mistake in one line does not hide those in others. `include`
 * is resolved here, in place, so that directives need not know of several
 * files. The number of files and bytes and the depth are bounded, and a file
 * that includes itself is recognised by its inode, so reading always ends.
 */
#include "core/conf/tree.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/utf8.h"
#include "core/conf/include.h"
#include "core/conf/lexer.h"
#include "core/conf/source.h"

/* A file that is being read; `outer` includes it. */
typedef struct chain {
    const struct chain *outer;
    evprof_file_id_t id;
    unsigned depth;
} chain_t;

typedef struct reader {
    evprof_tree_t *tree;
    size_t bytes;
    unsigned files;
    unsigned blocks; /* open ones */
    bool stopped;    /* a bound was exceeded, which has been reported */
} reader_t;

/* Where the statements of one block are appended. */
typedef struct list {
    evprof_statement_t **end;
    const evprof_statement_t *opening; /* NULL: the file itself */
} list_t;

static int read_file(reader_t *r, list_t *list, const chain_t *outer,
                     const char *path, const evprof_place_t *named_at);

static evprof_statement_t *
statement_new(evprof_arena_t *arena, const evprof_buf_t *words,
              const evprof_place_t *place)
{
    evprof_statement_t *s = evprof_arena_calloc(arena, 1, sizeof(*s));
    evprof_word_t *copy =
        words->failed ? NULL : evprof_arena_alloc(arena, words->len);
    if (s == NULL || copy == NULL) {
        return NULL;
    }
    memcpy(copy, words->data, words->len);
    s->place = *place;
    s->words = copy;
    s->count = (unsigned)(words->len / sizeof(*copy));
    return s;
}

/* ---- Bytes that no configuration may hold ---- */

static void
place_of_byte(const char *text, size_t offset, evprof_place_t *place)
{
    place->line = 1;
    place->column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            place->line++;
            place->column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            place->column++;
        }
    }
}

static size_t
first_invalid_line(const char *text, size_t len)
{
    size_t start = 0;
    while (start < len) {
        const char *newline = memchr(text + start, '\n', len - start);
        size_t end = newline == NULL ? len : (size_t)(newline - text);
        if (!evprof_utf8_valid(text + start, end - start)) {
            return start;
        }
        start = end + 1;
    }
    return len;
}

static bool
is_text(reader_t *r, const char *text, size_t len, evprof_place_t *place)
{
    const char *nul = len == 0 ? NULL : memchr(text, '\0', len);
    if (nul != NULL) {
        place_of_byte(text, (size_t)(nul - text), place);
        evprof_problems_add(r->tree->problems, place,
                            "a NUL byte: this is no text file");
        return false;
    }
    if (len > 0 && !evprof_utf8_valid(text, len)) {
        place_of_byte(text, first_invalid_line(text, len), place);
        evprof_problems_add(r->tree->problems, place,
                            "this line is not valid UTF-8");
        return false;
    }
    return true;
}

/* ---- include ---- */

typedef struct included {
    reader_t *r;
    list_t *list;
    const chain_t *chain;
    const evprof_statement_t *statement;
} included_t;

static int
read_included(void *ctx, const char *path)
{
    included_t *in = ctx;
    return read_file(in->r, in->list, in->chain, path, &in->statement->place);
}

static int
include(reader_t *r, list_t *list, const chain_t *chain,
        const evprof_statement_t *s)
{
    evprof_tree_t *tree = r->tree;
    if (s->has_block || s->count != 2) {
        evprof_problems_add(tree->problems, &s->place,
                            "\"include\" needs one file or pattern and a ;");
        return EVPROF_OK;
    }
    if (chain == NULL || chain->depth >= EVPROF_TREE_MAX_INCLUDES) {
        evprof_problems_add(tree->problems, &s->place,
                            "\"include\" goes more than %d files deep",
                            EVPROF_TREE_MAX_INCLUDES);
        return EVPROF_OK;
    }
    included_t in = { .r = r, .list = list, .chain = chain, .statement = s };
    const char *fault = NULL;
    int status = evprof_include_each(tree->folder, s->words[1].text,
                                     read_included, &in, &fault);
    if (fault != NULL) {
        evprof_problems_add(tree->problems, &s->place, "\"include\" %s", fault);
    }
    return status;
}

/* ---- Statements ---- */

static int read_statements(reader_t *r, evprof_lexer_t *lexer, list_t *list,
                           const chain_t *chain);

static int
read_children(reader_t *r, evprof_lexer_t *lexer, evprof_statement_t *s,
              const chain_t *chain)
{
    if (r->blocks >= EVPROF_TREE_MAX_BLOCKS) {
        evprof_problems_add(r->tree->problems, &s->place,
                            "\"%s\" lies in more than %d blocks",
                            s->words[0].text, EVPROF_TREE_MAX_BLOCKS);
        r->stopped = true;
        return EVPROF_OK;
    }
    list_t inner = { .end = &s->children, .opening = s };
    s->has_block = true;
    r->blocks++;
    int status = read_statements(r, lexer, &inner, chain);
    r->blocks--;
    return status;
}

/* Adds a statement whose words are known; its block, if any, is read next. */
static int
add_statement(reader_t *r, evprof_lexer_t *lexer, list_t *list,
              evprof_statement_t *s, const chain_t *chain)
{
    if (s->has_block) {
        int status = read_children(r, lexer, s, chain);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    if (strcmp(s->words[0].text, "include") == 0) {
        return include(r, list, chain, s);
    }
    *list->end = s;
    list->end = &s->next;
    return EVPROF_OK;
}

static void
report_unfinished(reader_t *r, const evprof_word_t *words,
                  const evprof_place_t *place)
{
    evprof_problems_add(r->tree->problems, place,
                        "\"%s\" is not ended by ; or a block", words->text);
}

static void
report_end(reader_t *r, const list_t *list, const evprof_token_t *token)
{
    if (token->kind == EVPROF_TOKEN_CLOSE && list->opening == NULL) {
        evprof_problems_add(r->tree->problems, &token->place,
                            "this } closes nothing");
    } else if (token->kind == EVPROF_TOKEN_END && list->opening != NULL &&
               !r->stopped) {
        evprof_problems_add(r->tree->problems, &list->opening->place,
                            "\"%s\" has a block that is never closed by }",
                            list->opening->words[0].text);
    }
}

/*
 * Reads the words of one statement. `token` becomes the token that ended them.
 */
static int
read_words(evprof_lexer_t *lexer, evprof_buf_t *words, evprof_place_t *place,
           evprof_token_t *token)
{
    evprof_buf_clear(words);
    for (;;) {
        int status = evprof_lexer_next(lexer, token);
        if (status != EVPROF_OK || token->kind != EVPROF_TOKEN_WORD) {
            return status;
        }
        if (words->len == 0) {
            *place = token->place;
        }
        evprof_word_t word = { .text = token->text, .line = token->place.line };
        evprof_buf_add(words, &word, sizeof(word));
    }
}

/* Reads one statement. `done` becomes true at the end of the block or file. */
static int
read_statement(reader_t *r, evprof_lexer_t *lexer, list_t *list,
               const chain_t *chain, bool *done)
{
    evprof_buf_t words = { 0 };
    evprof_place_t place = lexer->place;
    evprof_token_t token;
    int status = read_words(lexer, &words, &place, &token);
    bool ends =
        token.kind == EVPROF_TOKEN_END || token.kind == EVPROF_TOKEN_CLOSE;
    evprof_statement_t *s = NULL;
    if (status == EVPROF_OK && words.len > 0) {
        s = statement_new(r->tree->arena, &words, &place);
        status = s == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    }
    evprof_buf_free(&words);
    if (status != EVPROF_OK) {
        return status;
    }
    if (s == NULL && !ends) {
        evprof_problems_add(r->tree->problems, &token.place,
                            "a directive must stand before this %s",
                            token.kind == EVPROF_TOKEN_OPEN ? "{" : ";");
    }
    if (s != NULL && ends) {
        report_unfinished(r, s->words, &place);
        s = NULL;
    }
    if (ends) {
        report_end(r, list, &token);
        *done = token.kind == EVPROF_TOKEN_END || list->opening != NULL;
        return EVPROF_OK;
    }
    if (s != NULL) {
        s->has_block = token.kind == EVPROF_TOKEN_OPEN;
        return add_statement(r, lexer, list, s, chain);
    }
    return EVPROF_OK;
}

static int
read_statements(reader_t *r, evprof_lexer_t *lexer, list_t *list,
                const chain_t *chain)
{
    bool done = false;
    int status = EVPROF_OK;
    while (!done && !r->stopped && status == EVPROF_OK) {
        status = read_statement(r, lexer, list, chain, &done);
    }
    return status;
}

/* ---- Files ---- */

/* The length of a UTF-8 byte order mark at the start. */
static size_t
mark_length(const evprof_buf_t *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t len = sizeof(mark) - 1;
    return text->len >= len && memcmp(text->data, mark, len) == 0 ? len : 0;
}

static int
read_text(reader_t *r, list_t *list, const chain_t *chain,
          const evprof_place_t *file, const evprof_buf_t *text)
{
    evprof_place_t place = *file;
    if (!is_text(r, text->data, text->len, &place)) {
        return EVPROF_OK;
    }
    evprof_lexer_t lexer = { .place = *file,
                             .arena = r->tree->arena,
                             .problems = r->tree->problems };
    size_t skip = mark_length(text);
    evprof_lexer_init(&lexer, text->data == NULL ? "" : text->data + skip,
                      text->len - skip);
    list_t own = { .end = list->end, .opening = NULL };
    int status = read_statements(r, &lexer, &own, chain);
    list->end = own.end;
    return status;
}

static bool
includes_itself(const chain_t *chain, const evprof_file_id_t *id)
{
    for (; chain != NULL; chain = chain->outer) {
        if (chain->id.device == id->device && chain->id.inode == id->inode) {
            return true;
        }
    }
    return false;
}

/* The bound that a further file of `len` bytes would exceed, as a fragment, or
 * NULL. */
static const char *
bound_met(reader_t *r, const chain_t *outer, const evprof_file_id_t *id,
          size_t len)
{
    if (includes_itself(outer, id)) {
        return "includes itself";
    }
    r->files++;
    r->bytes += len;
    if (r->files > EVPROF_TREE_MAX_FILES) {
        r->stopped = true;
        return "is one file too many: 256 are the most";
    }
    if (r->bytes > EVPROF_TREE_MAX_BYTES) {
        r->stopped = true;
        return "makes the configuration larger than 1 MiB";
    }
    return NULL;
}

static int
read_file(reader_t *r, list_t *list, const chain_t *outer, const char *path,
          const evprof_place_t *named_at)
{
    evprof_arena_t *arena = r->tree->arena;
    evprof_place_t file = { .file =
                                evprof_arena_strndup(arena, path, strlen(path)),
                            .file_number = r->files };
    if (file.file == NULL) {
        return EVPROF_ENOMEM;
    }
    evprof_buf_t text = { 0 };
    chain_t chain = { .outer = outer,
                      .depth = outer == NULL ? 1 : outer->depth + 1 };
    const char *fault =
        evprof_source_read(path, EVPROF_TREE_MAX_BYTES, &text, &chain.id);
    if (fault == NULL) {
        fault = bound_met(r, outer, &chain.id, text.len);
    }
    int status = EVPROF_OK;
    if (fault == NULL) {
        status = read_text(r, list, &chain, &file, &text);
    } else if (named_at != NULL) {
        evprof_problems_add(r->tree->problems, named_at, "\"include\" %s %s",
                            path, fault);
    } else {
        evprof_problems_add(r->tree->problems, &file, "the file %s", fault);
        status = EVPROF_EIO;
    }
    evprof_buf_free(&text);
    return status;
}

int
evprof_tree_read(evprof_tree_t *tree, const char *path)
{
    reader_t r = { .tree = tree };
    list_t list = { .end = &tree->first };
    tree->first = NULL;
    return read_file(&r, &list, NULL, path, NULL);
}

evprof_statement_t *
evprof_tree_default(evprof_arena_t *arena, const char *name, const char *args)
{
    evprof_problems_t problems = { 0 };
    evprof_buf_t text = { 0 };
    evprof_tree_t tree = { .arena = arena, .problems = &problems };
    reader_t r = { .tree = &tree };
    list_t list = { .end = &tree.first };
    evprof_place_t file = { .file = NULL };
    chain_t chain = { .depth = 1 };
    evprof_buf_printf(&text, "%s %s;", name, args);
    if (!text.failed) {
        (void)read_text(&r, &list, &chain, &file, &text);
    }
    evprof_buf_free(&text);
    evprof_problems_free(&problems);
    return tree.first;
}

unsigned
evprof_statement_open_line(const evprof_statement_t *s)
{
    for (unsigned i = 1; i < s->count; i++) {
        if (s->words[i].line != s->words[i - 1].line) {
            return s->words[i - 1].line;
        }
    }
    return 0;
}
