/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: stuck SCENE CONF WORD
 * Gets its threads stuck, asks what is stuck until the text has WORD, for up to
 * ten seconds, and writes what it was told to the files text, all, json and
 * profile.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

#define LOCKS 3
#define BEHIND 30

static pthread_mutex_t locks[LOCKS] = { PTHREAD_MUTEX_INITIALIZER,
                                        PTHREAD_MUTEX_INITIALIZER,
                                        PTHREAD_MUTEX_INITIALIZER };
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t all_hold;
static pthread_t others[LOCKS];
static sem_t never;

static pthread_t
start(void *(*routine)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, routine, arg) != 0) {
        abort();
    }
    return thread;
}

static void *
philosopher(void *arg)
{
    size_t i = (size_t)((pthread_mutex_t *)arg - locks);
    pthread_mutex_lock(&locks[i]);
    pthread_barrier_wait(&all_hold);
    pthread_mutex_lock(&locks[(i + 1) % LOCKS]);
    return NULL;
}

/* Each has its own lock and wants the next one's. */
static void
scene_cycle(void)
{
    pthread_barrier_init(&all_hold, NULL, LOCKS + 1);
    for (size_t i = 0; i < LOCKS; i++) {
        start(philosopher, &locks[i]);
    }
    pthread_barrier_wait(&all_hold);
}

static void *
takes_and_ends(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

static void *
wants_mutex(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

/* Many wait for those of the circle, and are not in it. */
static void
scene_behind(void)
{
    scene_cycle();
    for (size_t i = 0; i < BEHIND; i++) {
        start(wants_mutex, &locks[i % LOCKS]);
    }
}

static void
scene_ended(void)
{
    pthread_join(start(takes_and_ends, &locks[0]), NULL);
    start(wants_mutex, &locks[0]);
}

static void *
keeps_mutex(void *arg)
{
    pthread_mutex_lock(arg);
    sem_post(&never);
    for (;;) {
        pause();
    }
    return NULL;
}

static void
scene_long(void)
{
    start(keeps_mutex, &locks[0]);
    sem_wait(&never);
    start(wants_mutex, &locks[0]);
}

static void *
writes_and_joins(void *arg)
{
    (void)arg;
    pthread_rwlock_wrlock(&rwlock);
    pthread_barrier_wait(&all_hold);
    pthread_join(others[1], NULL);
    return NULL;
}

static void *
reads(void *arg)
{
    (void)arg;
    pthread_barrier_wait(&all_hold);
    pthread_rwlock_rdlock(&rwlock);
    return NULL;
}

/* One waits for the end of the other, which waits for its lock. */
static void
scene_join(void)
{
    pthread_barrier_init(&all_hold, NULL, 2);
    others[1] = start(reads, NULL);
    others[0] = start(writes_and_joins, NULL);
}

static void *
loads(void *arg)
{
    (void)dlopen(PLUGIN, RTLD_NOW);
    return arg;
}

/* Whoever asks the loader from here on waits for ever. */
static void
scene_loading(void)
{
    start(loads, NULL);
}

static void *
works(void *arg)
{
    for (;;) {
        pthread_mutex_lock(arg);
        pthread_mutex_unlock(arg);
    }
    return NULL;
}

static void *
idles(void *arg)
{
    sem_wait(arg);
    return NULL;
}

/* Nothing is wrong here. */
static void
scene_busy(void)
{
    for (int i = 0; i < 4; i++) {
        start(works, &locks[0]);
        start(idles, &never);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} scenes[] = {
    { "cycle", scene_cycle },   { "ended", scene_ended },
    { "long", scene_long },     { "join", scene_join },
    { "busy", scene_busy },     { "loading", scene_loading },
    { "behind", scene_behind },
};

static void
write_form(evprof_profile_t *profile, const char *file, int debug)
{
    evprof_error_t err;
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    evprof_writer_t out = evprof_writer_fd(fd);
    if (evprof_profile_write(profile, &out, debug, &err) != 0) {
        fprintf(stderr, "%s: %s\n", file, err.message);
        exit(1);
    }
    close(fd);
}

static bool
has_word(const char *file, const char *word)
{
    static char text[1 << 20];
    int fd = open(file, O_RDONLY);
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    return strstr(text, word) != NULL;
}

int
main(int argc, char **argv)
{
    evprof_error_t err;
    evprof_t *prof = argc == 4 ? evprof_new(argv[2], &err) : NULL;
    if (prof == NULL) {
        fprintf(stderr, "usage: stuck SCENE CONF WORD\n");
        return 2;
    }
    sem_init(&never, 0, 0);
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        if (strcmp(scenes[i].name, argv[1]) == 0) {
            scenes[i].run();
        }
    }
    evprof_profile_t *profile = evprof_lookup(prof, "deadlock");
    time_t end = time(NULL) + 10;
    do {
        write_form(profile, "text", 1);
    } while (!has_word("text", argv[3]) && time(NULL) < end);
    write_form(profile, "all", 2);
    write_form(profile, "json", 3);
    write_form(profile, "profile", 0);
    printf("%ld\n", evprof_profile_count(profile));
    /* A log is written by a thread of the library, in its own time. */
    while (getenv("LOG") != NULL && !has_word("log", "deadlock:") &&
           time(NULL) < end) {
    }
    evprof_free(prof);
    /* exit() asks the loader. */
    fflush(stdout);
    _exit(0);
}
