/* SPDX-License-Identifier: Apache-2.0 */
/* What perf script prints, by its options. */
#include "tests/unit/formats/tests.h"

static void
test_default_output(void **state)
{
    (void)state;
    assert_read("# captured on a machine\n"
                "shop worker 4711/4713 [001]  10.500000:   250000 "
                "cpu-clock:u:\n"
                "\t55d0c0a1 work+0x12 (/srv/bin/shop)\n"
                "\t55d0c0f0 shop::Cart::add(int)+0x40 (/srv/bin/shop)\n"
                "\n"
                "shop 4711 12.000000:     500000 cpu-clock:u: \n"
                "\tffff1000 [unknown] ([kernel.kallsyms])\n",
                "cpu-clock/nanoseconds period 0 / for 1500000000\n"
                "250000: work@:0 shop::Cart::add(int)@:0 thread=shop worker\n"
                "500000: [unknown]@:0 thread=shop\n"
                "0-0+0 /srv/bin/shop \n"
                "0-0+0 [kernel.kallsyms] \n");
}

/* Two clocks are two columns, and what has no period counts itself. */
static void
test_events_are_not_added_up(void **state)
{
    (void)state;
    assert_read("a 1 1.0: 100 cycles: \n\t1 f (/a)\n\n"
                "a 1 1.5: 900 instructions: \n\t1 f (/a)\n\n",
                "cycles/count instructions/count period 0 / for 500000000\n"
                "100 0: f@:0 thread=a\n"
                "0 900: f@:0 thread=a\n"
                "0-0+0 /a \n");
    assert_read("a 1 1.0: cpu-clock: \n\t1 f (/a)\n\n"
                "a 1 1.0: task-clock: \n\t1 f (/a)\n\n"
                "a 1 1.0: task-clock: \n\t1 f (/a)\n\n",
                "cpu-clock/count task-clock/count period 0 /\n"
                "1 0: f@:0 thread=a\n"
                "0 1: f@:0 thread=a\n"
                "0 1: f@:0 thread=a\n"
                "0-0+0 /a \n");
    /* Modifiers stay only where they alone tell events apart. */
    assert_read("a 1 1.0: 1 cycles:u: \n\t1 f (/a)\n\n"
                "a 1 1.0: 2 cycles:k: \n\t1 f (/a)\n\n",
                "cycles:u/count cycles:k/count period 0 /\n"
                "1 0: f@:0 thread=a\n"
                "0 2: f@:0 thread=a\n"
                "0-0+0 /a \n");
}

/* perf script -G, and records without -g: one frame on the event's line. */
static void
test_one_line_an_event(void **state)
{
    (void)state;
    assert_read(
        "          a b 1 [000]  1.0:  7 cycles:  10 f+0x1 (/bin/a b (c) d)\n"
        "            a 1 [000]  1.0:  8 cycles:  20 operator()(int) (/x.so)\n",
        "cycles/count period 0 /\n"
        "7: f@:0 thread=a b\n"
        "8: operator()(int)@:0 thread=a\n"
        "0-0+0 /bin/a b (c) d \n"
        "0-0+0 /x.so \n");
    assert_read("               w task-clock: \n"
                "               w  cpu-clock: \n",
                "task-clock/count cpu-clock/count period 0 /\n"
                "1 0: thread=w\n"
                "0 1: thread=w\n");
}

/* perf script -F leaves out what is not named. */
static void
test_missing_fields(void **state)
{
    (void)state;
    static const char ip_sym[] = "\n\n\t 10 f\n\t 20 main\n\n\n\t 10 f\n\n";
    assert_read(ip_sym, "samples/count period 0 /\n"
                        "1: f@:0 main@:0\n"
                        "1: f@:0\n");
    assert_read("a 1 cpu-clock: \n\t 1153 f (/a)\n",
                "cpu-clock/count period 0 /\n"
                "1: f@:0 thread=a\n"
                "0-0+0 /a \n");
    assert_read("w \n\t 10 f\n\nv 12 \n\t 10 f\n\n   -1 \n\t 10 f\n",
                "samples/count period 0 /\n"
                "1: f@:0 thread=w\n"
                "1: f@:0 thread=v\n"
                "1: f@:0\n");
    assert_read(" 1246.5: \n\t 10 [unknown]\n\n 1247.5: \n\t 11\n",
                "samples/count period 0 / for 1000000000\n"
                "1: [unknown]@:0\n"
                "1: [unknown]@:0\n");
    assert_read("    250000  cycles: \n\t 10 f\n\n"
                "w 21    250000  cycles: \n\t 10 f\n",
                "cycles/count period 0 /\n"
                "250000: f@:0\n"
                "250000: f@:0 thread=w\n");
}

/* A line with a place belongs to the frame above it; frames inlined at one
 * address are one location. */
static void
test_places_and_inlining(void **state)
{
    (void)state;
    assert_read("a 1/1 1.0: cycles: \n"
                "\t 11c7 inner+0x37\n"
                "  w.c:4 (inlined)\n"
                "\t 11c7 work+0x37 (/a)\n"
                "  w.c:5\n"
                "\t 1069 main+0x19 (/a)\n"
                "  w.c:7 (discriminator 2)\n"
                "\t 10c0 _start+0x20 (/a)\n"
                "  ??:0\n"
                "\tffff1 entry ([kernel.kallsyms])\n"
                "  [kernel.kallsyms][ffff1]\n",
                "cycles/count period 0 /\n"
                "1: inner@w.c:4 work@w.c:5 main@w.c:7 _start@:0 entry@:0 "
                "thread=a\n"
                "0-0+0 /a \n"
                "0-0+0 [kernel.kallsyms] \n");
    evprof_pprof_t *p = read_bytes("a 1 1.0: cycles: \n"
                                   "\t 11c7 inner (inlined)\n"
                                   "\t 11c7 work (/a)\n"
                                   "\t 10c0 _start (/a)\n",
                                   68);
    assert_int_equal(p->samples[0].location_count, 2);
    assert_int_equal(p->locations[0].line_count, 2);
    evprof_pprof_free(p);
}

static void
test_tracepoints(void **state)
{
    (void)state;
    assert_read("w 1 [000]  1.0: sched:sched_switch: prev_comm=a b "
                "prev_state=R ==> next_comm=c\n"
                "\t 10 f (/a)\n\n"
                "w 1 [000]  1.0: syscalls:sys_enter_write: fd: 0x01, buf: 0x2\n"
                "\t 10 f (/a)\n",
                "sched:sched_switch/count syscalls:sys_enter_write/count "
                "period 0 /\n"
                "1 0: f@:0 next_comm=c prev_comm=a b prev_state=R thread=w\n"
                "0 1: f@:0 buf=0x2 fd=0x01 thread=w\n"
                "0-0+0 /a \n");
}

/* What perf prints besides, and output that was indented whole. */
static void
test_other_lines(void **state)
{
    (void)state;
    assert_read("w 1 1.0: PERF_RECORD_MMAP2 1/1: [0x7f(0x1) @ 0]: r-xp /a\n"
                "w 1 1.0: cycles: \n"
                "\t 10 f (/a)\n"
                " ilen: 6 insn: 81 ee bd\n"
                " ABI:2    AX:0x1\n"
                "\n"
                "    w 1 KU 1.0: 3 cycles: \n"
                "    \t 10 f (/a)\n",
                "cycles/count period 0 /\n"
                "1: f@:0 thread=w\n"
                "3: f@:0 thread=w\n"
                "0-0+0 /a \n");
}

int
run_perf_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_output),
        cmocka_unit_test(test_events_are_not_added_up),
        cmocka_unit_test(test_one_line_an_event),
        cmocka_unit_test(test_missing_fields),
        cmocka_unit_test(test_places_and_inlining),
        cmocka_unit_test(test_tracepoints),
        cmocka_unit_test(test_other_lines),
    };
    return cmocka_run_group_tests_name("perf", tests, NULL, NULL);
}
