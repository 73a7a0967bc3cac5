/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with a secret in each line, and the two questions about them. crypt(3)
 * is in a library that a server without passwords need not load, so it is
 * opened on first use. Hashes are compared in constant time, and an unknown
 * user costs the hash of a known one: the time of an answer does not show
 * whether a name exists.
 */
#include "core/access/credentials.h"

#include <crypt.h>
#include <ctype.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 20)
#define LONGEST_TOKEN 4096

/* The highest cost accepted: about a second, and each step doubles it. */
#define BCRYPT_COST_MOST 14

/* ---- Lines ---- */

typedef struct line {
    const char *text;
    size_t len;
    unsigned number;
} line_t;

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Finds the next line that is neither empty nor a comment, without surrounding
 * blanks. */
static bool
next_line(const evprof_secret_t *file, size_t *at, line_t *line)
{
    while (*at < file->len) {
        const char *start = file->data + *at;
        const char *newline = memchr(start, '\n', file->len - *at);
        size_t len =
            newline == NULL ? file->len - *at : (size_t)(newline - start);
        *at += len + 1;
        line->number++;
        while (len > 0 && is_blank(start[len - 1])) {
            len--;
        }
        while (len > 0 && is_blank(*start)) {
            start++;
            len--;
        }
        if (len > 0 && *start != '#') {
            line->text = start;
            line->len = len;
            return true;
        }
    }
    return false;
}

/* ---- crypt(3) ---- */

typedef struct crypt_calls {
    char *(*rn)(const char *phrase, const char *setting, void *data, int size);
    int (*check)(const char *setting);
} crypt_calls_t;

static crypt_calls_t crypt_calls;
static pthread_once_t crypt_once = PTHREAD_ONCE_INIT;

/* A copy, since C11 cannot cast the result of dlsym() to a function. */
static void
find_function(void *library, const char *name, void *out)
{
    void *address = dlsym(library, name);
    memcpy(out, &address, sizeof(address));
}

static void
open_crypt(void)
{
    void *library = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        library = dlopen("libcrypt.so.2", RTLD_NOW | RTLD_LOCAL);
    }
    if (library != NULL) {
        find_function(library, "crypt_rn", &crypt_calls.rn);
        find_function(library, "crypt_checksalt", &crypt_calls.check);
    }
}

/*
 * Whether `phrase` has the hash `setting`, which ends in a NUL. The computed
 * hash never leaves secret memory.
 */
static bool
hash_matches(const char *phrase, const char *setting)
{
    evprof_secret_t data;
    if (!evprof_secret_init(&data, sizeof(struct crypt_data))) {
        return false;
    }
    const char *hash = crypt_calls.rn(phrase, setting, data.data,
                                      (int)sizeof(struct crypt_data));
    bool equal = hash != NULL && evprof_secret_equal(hash, strlen(hash),
                                                     setting, strlen(setting));
    evprof_secret_fini(&data);
    return equal;
}

/* ---- Users ---- */

typedef struct user {
    size_t name_len;
    const char *hash;
    size_t hash_len;
} user_t;

static bool
split_user(const line_t *line, user_t *out)
{
    const char *colon = memchr(line->text, ':', line->len);
    if (colon == NULL || colon == line->text) {
        return false;
    }
    out->name_len = (size_t)(colon - line->text);
    out->hash = colon + 1;
    const char *end = line->text + line->len;
    const char *second = memchr(out->hash, ':', (size_t)(end - out->hash));
    out->hash_len = (size_t)((second == NULL ? end : second) - out->hash);
    return true;
}

static bool
begins(const user_t *user, const char *prefix)
{
    size_t len = strlen(prefix);
    return user->hash_len >= len && memcmp(user->hash, prefix, len) == 0;
}

/* The cost in "$2y$NN$..."; 0: another kind of hash. */
static int
bcrypt_cost(const user_t *user)
{
    const char *hash = user->hash;
    bool is_bcrypt = user->hash_len > 6 && memcmp(hash, "$2", 2) == 0 &&
                     hash[3] == '$' && isdigit((unsigned char)hash[4]) &&
                     isdigit((unsigned char)hash[5]);
    return is_bcrypt ? (hash[4] - '0') * 10 + (hash[5] - '0') : 0;
}

/* Why crypt(3) cannot use this hash, or NULL. */
static const char *
hash_fault(const user_t *user)
{
    char setting[CRYPT_OUTPUT_SIZE];
    if (begins(user, "$apr1$")) {
        return "has an apr1 hash, which crypt(3) does not know: make it anew "
               "with htpasswd -B";
    }
    if (begins(user, "{")) {
        return "has a hash of an LDAP kind, which crypt(3) does not know: "
               "make it anew with htpasswd -B";
    }
    if (bcrypt_cost(user) > BCRYPT_COST_MOST) {
        return "has a bcrypt hash of a cost above 14, which would take seconds "
               "for each guess: make it anew with htpasswd -B -C 12";
    }
    if (user->hash_len == 0 || user->hash_len >= sizeof(setting)) {
        return "has no hash: make it with htpasswd -B";
    }
    memcpy(setting, user->hash, user->hash_len);
    setting[user->hash_len] = '\0';
    int kind =
        crypt_calls.check == NULL ? CRYPT_SALT_OK : crypt_calls.check(setting);
    explicit_bzero(setting, sizeof(setting));
    bool is_known =
        kind != CRYPT_SALT_INVALID && kind != CRYPT_SALT_METHOD_DISABLED;
    return is_known ? NULL
                    : "has a hash that crypt(3) does not know: make it anew "
                      "with htpasswd -B";
}

static const char *
line_fault(const line_t *line)
{
    user_t user;
    return split_user(line, &user) ? hash_fault(&user) : "is not NAME:HASH";
}

const char *
evprof_users_check(evprof_conf_t *cf, const char *path)
{
    evprof_secret_t file = { 0 };
    pthread_once(&crypt_once, open_crypt);
    if (crypt_calls.rn == NULL) {
        return "needs crypt(3): libcrypt.so.1 cannot be loaded";
    }
    const char *fault = evprof_secret_read(&file, path, MOST_BYTES, NULL);
    if (fault != NULL) {
        return evprof_conf_fragment(cf, "%s %s", path, fault);
    }
    line_t line = { 0 };
    size_t at = 0;
    size_t users = 0;
    while (fault == NULL && next_line(&file, &at, &line)) {
        fault = line_fault(&line);
        users++;
    }
    evprof_secret_fini(&file);
    if (fault != NULL) {
        return evprof_conf_fragment(cf, "%s: line %u %s", path, line.number,
                                    fault);
    }
    return users > 0 ? NULL
                     : evprof_conf_fragment(cf, "%s has no user in it", path);
}

/* Finds the user's line. When there is none, `out` is another usable line, so
 * that the same time can be spent on it. */
static bool
find_user(const evprof_secret_t *file, const char *name, size_t name_len,
          user_t *out)
{
    line_t line = { 0 };
    size_t at = 0;
    bool found = false;
    user_t user;
    out->hash_len = 0;
    while (!found && next_line(file, &at, &line)) {
        if (!split_user(&line, &user) || hash_fault(&user) != NULL) {
            continue;
        }
        found = evprof_secret_equal(name, name_len, line.text, user.name_len);
        if (found || out->hash_len == 0) {
            *out = user;
        }
    }
    return found;
}

bool
evprof_users_have(const char *path, const evprof_secret_t *name_password,
                  evprof_file_id_t *id)
{
    evprof_secret_t file = { 0 };
    const char *name = name_password->data;
    const char *colon = memchr(name, ':', name_password->len);
    pthread_once(&crypt_once, open_crypt);
    if (colon == NULL || crypt_calls.rn == NULL ||
        strlen(name) != name_password->len ||
        evprof_secret_read(&file, path, MOST_BYTES, id) != NULL) {
        return false;
    }
    user_t user;
    bool known = find_user(&file, name, (size_t)(colon - name), &user);
    bool matches = false;
    if (user.hash_len > 0) {
        /* Our copy of the file may be written to: the setting needs a NUL. */
        file.data[(size_t)(user.hash - file.data) + user.hash_len] = '\0';
        matches = hash_matches(colon + 1, user.hash);
    }
    evprof_secret_fini(&file);
    return known && matches;
}

/* ---- Tokens ---- */

static bool
is_token(const line_t *line)
{
    for (size_t i = 0; i < line->len; i++) {
        if (line->text[i] <= ' ' || line->text[i] > '~') {
            return false;
        }
    }
    return line->len <= LONGEST_TOKEN;
}

const char *
evprof_tokens_check(evprof_conf_t *cf, const char *path)
{
    evprof_secret_t file = { 0 };
    const char *fault = evprof_secret_read(&file, path, MOST_BYTES, NULL);
    if (fault != NULL) {
        return evprof_conf_fragment(cf, "%s %s", path, fault);
    }
    line_t line = { 0 };
    size_t at = 0;
    size_t tokens = 0;
    bool good = true;
    while (good && next_line(&file, &at, &line)) {
        good = is_token(&line);
        tokens++;
    }
    evprof_secret_fini(&file);
    if (!good) {
        return evprof_conf_fragment(
            cf, "%s: line %u is no token: printable ASCII without spaces", path,
            line.number);
    }
    return tokens > 0 ? NULL
                      : evprof_conf_fragment(cf, "%s has no token in it", path);
}

bool
evprof_tokens_have(const char *path, const char *token, size_t len,
                   evprof_file_id_t *id)
{
    evprof_secret_t file = { 0 };
    if (len == 0 || evprof_secret_read(&file, path, MOST_BYTES, id) != NULL) {
        return false;
    }
    line_t line = { 0 };
    size_t at = 0;
    bool found = false;
    while (next_line(&file, &at, &line)) {
        bool equal = is_token(&line) &&
                     evprof_secret_equal(token, len, line.text, line.len);
        found = found || equal;
    }
    evprof_secret_fini(&file);
    return found;
}

/* ---- base64 ---- */

static int
sextet(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool
evprof_base64_decode(const char *text, size_t len, evprof_secret_t *out)
{
    size_t padding = 0;
    while (padding < 2 && len > 0 && text[len - 1] == '=') {
        padding++;
        len--;
    }
    size_t decoded = len - (len + 3) / 4;
    if ((len + padding) % 4 != 0 || decoded >= out->size) {
        return false;
    }
    unsigned long bits = 0;
    out->len = 0;
    for (size_t i = 0; i < len; i++) {
        int value = sextet(text[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (unsigned long)value;
        if (i % 4 != 0) {
            unsigned shift = 6 - 2 * (unsigned)(i % 4);
            out->data[out->len++] = (char)(bits >> shift & 0xff);
        }
    }
    out->data[out->len] = '\0';
    return len % 4 != 1;
}
