/* SPDX-License-Identifier: Apache-2.0 */
/* Whether totals are the clocks' and shares are the program's. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "tests/bench/sample/bench_sample.h"

static const uint64_t second_ns = 1000000000;

/* ---- Sums ---- */

static void *
burn(void *arg)
{
    bench_burn(*(const uint64_t *)arg);
    return NULL;
}

/* Works for one part in ten of the time. */
static void *
burn_a_tenth(void *arg)
{
    const uint64_t total = *(const uint64_t *)arg / 10;
    const struct timespec pause = { .tv_nsec = 9000000 };
    for (uint64_t done = 0; done < total; done += 1000000) {
        bench_burn(1000000);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Runs `count` threads, the second of them a tenth of the time; the CPU time of
 * the process. */
static uint64_t
run_threads(int count, uint64_t each_ns)
{
    pthread_t threads[16];
    uint64_t work_ns = each_ns;
    const uint64_t began = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, i == 1 ? burn_a_tenth : burn,
                       &work_ns);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    return bench_clock(CLOCK_PROCESS_CPUTIME_ID) - began;
}

static _Atomic uint64_t itimer_signals;

static void
count_signal(int signum)
{
    (void)signum;
    atomic_fetch_add(&itimer_signals, 1);
}

/* What setitimer() would have counted, as a share of the truth. */
static double
peer_share(unsigned rate_hz, int count, uint64_t each_ns)
{
    struct sigaction before;
    struct sigaction counting = { .sa_handler = count_signal,
                                  .sa_flags = SA_RESTART };
    const suseconds_t period = (suseconds_t)(1000000 / rate_hz);
    const struct itimerval on = { .it_interval = { .tv_usec = period },
                                  .it_value = { .tv_usec = period } };
    const struct itimerval off = { .it_interval = { .tv_usec = 0 } };
    atomic_store(&itimer_signals, 0);
    sigaction(SIGPROF, &counting, &before);
    setitimer(ITIMER_PROF, &on, NULL);
    const uint64_t used = run_threads(count, each_ns);
    setitimer(ITIMER_PROF, &off, NULL);
    sigaction(SIGPROF, &before, NULL);
    return (double)atomic_load(&itimer_signals) * 1e9 / rate_hz / (double)used;
}

void
bench_sums(void)
{
    static const unsigned rates[] = { 100, 1000 };
    static const int counts[] = { 1, 8 };
    for (int i = 0; i < 4; i++) {
        const unsigned rate_hz = rates[i % 2];
        const int count = counts[i / 2];
        const uint64_t each_ns = count == 1 ? 3 * second_ns : second_ns;
        bench_begin(rate_hz, "auto");
        const uint64_t used = run_threads(count, each_ns);
        evprof_pprof_t *profile = bench_end();
        evprof_cpu_stats_t stats;
        evprof_cpu_stats(&stats);
        const double share =
            (double)bench_samples(profile) * 1e9 / rate_hz / (double)used;
        printf("  %4u Hz, %d thread(s): %.3f of %.3f s of CPU (%llu signals); "
               "peer: setitimer %.3f\n",
               rate_hz, count, share, (double)used / 1e9,
               (unsigned long long)stats.tap.records,
               peer_share(rate_hz, count, each_ns));
        evprof_pprof_free(profile);
        fflush(stdout);
    }
}

/* ---- Shares ---- */

/* Each in a section of its own, whose bounds the linker names. */
#define PART(name)                                                             \
    extern const char __start_bench_##name[];                                  \
    extern const char __stop_bench_##name[];                                   \
    static                                                                     \
        __attribute__((noinline, section("bench_" #name))) double work_##name( \
            uint64_t rounds)                                                   \
    {                                                                          \
        volatile double x = 1;                                                 \
        for (uint64_t i = 0; i < rounds; i++) {                                \
            x = x * 1.0000001 + 0.1;                                           \
        }                                                                      \
        return x;                                                              \
    }

PART(sixty)
PART(thirty)
PART(ten)

static uint64_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static double
share_within(const evprof_pprof_t *profile, const char *start, const char *stop)
{
    int64_t sum = 0;
    for (size_t i = 0; i < profile->sample_count; i++) {
        const evprof_sample_t *sample = &profile->samples[i];
        const uint64_t leaf = profile->locations[sample->locations[0]].address;
        if (leaf >= (uintptr_t)start && leaf < (uintptr_t)stop) {
            sum += sample->values[0];
        }
    }
    return 100.0 * (double)sum / (double)bench_samples(profile);
}

/* Segments of random lengths, so that no period resonates with the timer; which
 * function has a segment is drawn too, by the shares. */
void
bench_shares(void)
{
    enum { SAMPLES = 5000, RATE_HZ = 250 };
    uint64_t seed = 42;
    uint64_t rounds[3] = { 0 };
    evprof_cpu_stats_t stats;
    bench_begin(RATE_HZ, "auto");
    do {
        for (int i = 0; i < 200; i++) {
            const uint64_t draw = next_random(&seed) % 10;
            const int which = draw < 6 ? 0 : draw < 9 ? 1 : 2;
            const uint64_t length = 5000 + next_random(&seed) % 200000;
            double (*const work[])(uint64_t) = { work_sixty, work_thirty,
                                                 work_ten };
            (void)work[which](length);
            rounds[which] += length;
        }
        evprof_cpu_stats(&stats);
    } while (stats.tap.records < SAMPLES);
    evprof_pprof_t *profile = bench_end();
    const double all = (double)(rounds[0] + rounds[1] + rounds[2]) / 100;
    const double seen[] = {
        share_within(profile, __start_bench_sixty, __stop_bench_sixty),
        share_within(profile, __start_bench_thirty, __stop_bench_thirty),
        share_within(profile, __start_bench_ten, __stop_bench_ten),
    };
    for (int i = 0; i < 3; i++) {
        printf("  true %.2f %%, sampled %.2f %%: %+.2f points\n",
               (double)rounds[i] / all, seen[i],
               seen[i] - (double)rounds[i] / all);
    }
    printf("  of %lld samples (%llu signals)\n",
           (long long)bench_samples(profile),
           (unsigned long long)stats.tap.records);
    evprof_pprof_free(profile);
}
