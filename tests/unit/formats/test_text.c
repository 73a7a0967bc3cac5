/* SPDX-License-Identifier: Apache-2.0 */
/* The text formats, one example each and their odd cases. */
#include <string.h>

#include "tests/unit/formats/tests.h"

#define EVERYTHING "0-ffffffffffffffff+0  \n"

static void
test_heap_is_scaled_up(void **state)
{
    (void)state;
    /* The numbers of Go's own tests: rate 512 KiB, which "heap" doubles. */
    assert_read("heap profile: 4: 4096 [4: 4096] @ heap/1048576\n"
                "3: 3072 [4: 4096] @ 0x1001 0x2001\n"
                "1: 524288 [1: 524288] @ 0x3001\n",
                "objects/count space/bytes period 524288 space/bytes\n"
                "1537 1574400: 1000 2000 bytes=1024\n"
                "1 829411: 3000 bytes=524288\n" EVERYTHING);
    assert_read("heap profile: 3: 3072 [ 4: 4096] @ heap_v2/524288\n"
                "  3: 3072 [  4: 4096] @ 0x1001\n"
                "  0: 0 [  1: 64] @ 0x2001\n",
                "alloc_objects/count alloc_space/bytes inuse_objects/count "
                "inuse_space/bytes period 524288 space/bytes\n"
                "2050 2099200 1537 1574400: 1000 bytes=1024\n"
                "8192 524320 0 0: 2000 bytes=64\n" EVERYTHING);
}

static void
test_heap_relatives_are_exact(void **state)
{
    (void)state;
    assert_read("heap profile: 2: 64 [2: 64] @ heapprofile\n"
                "# a remark\n\n"
                "2: 64 [2: 64] @ 0x1001\n",
                "objects/count space/bytes period 1 space/bytes\n"
                "2 64: 1000 bytes=32\n" EVERYTHING);
    /* A row may stand behind other words. */
    assert_read("heap profile: 1: 100 [1: 100] @ growthz\n"
                "heap profile: 2: 64 [2: 64] @ growthz\n",
                "objects/count space/bytes period 1 space/bytes\n"
                "2 64: bytes=32\n");
    assert_read("heap profile: 1: 100 [1: 100] @ growthz\n"
                "1: 100 [1: 100] @ 0x1001\n",
                "objects/count space/bytes period 1 space/bytes\n"
                "1 100: 1000 bytes=100\n" EVERYTHING);
    assert_read("heap profile: 1: 100 [9: 900] @ fragmentationz\n"
                "-1: -100 [1: 100] @\n",
                "objects/count space/bytes period 1 space/bytes\n"
                "-1 -100: bytes=100\n");
}

static void
test_counts(void **state)
{
    (void)state;
    assert_read("# Go writes remarks\n"
                "goroutine profile: total 5\n"
                "4 @ 0x1001 0x2001\n"
                "#\t0x1000 main.run+0x10 /src/main.go:7\n\n"
                "1 @ 0x2001\n",
                "goroutine/count period 1 goroutine/count\n"
                "4: 1000 2000\n"
                "1: 2000\n" EVERYTHING);
}

static void
test_threads(void **state)
{
    (void)state;
    assert_read("--- threadz 1 ---\n"
                "\n"
                "--- Thread 7f01 (name: accept/11) stack: ---\n"
                "  PC: @ 0x1000 accept\n"
                "  @ 0x2001 serve\n"
                "--- Thread 7f02 (name: a/b/12) stack: ---\n"
                "  [same as previous thread]\n"
                "--- Thread 7f03 (name: idle/13) stack: ---\n"
                "  0x1500 0x1500 0x2001\n"
                "--- Memory map: ---\n"
                "1000-3000 r-xp 0 08:01 1 /bin/a\n",
                "thread/count period 1 thread/count\n"
                "2: 1000 2000\n"
                "1: 1500 2000\n"
                "1000-3000+0 /bin/a \n");
}

static void
test_contention(void **state)
{
    (void)state;
    assert_read("--- contentionz 1 ---\n"
                "cycles/second = 2000000000\n"
                "sampling period = 100\n"
                "ms since reset = 5000\n"
                "discarded samples = 0\n"
                "  3000 2 @ 0x1001 0x2001\n",
                "contentions/count delay/nanoseconds period 100 "
                "contentions/count for 5000000000\n"
                "200 150000: 1000 2000\n" EVERYTHING);
    assert_read("--- mutex:\n"
                "sampling period=1\n"
                "77 3 @ 0x1001\n",
                "contentions/count delay/nanoseconds period 1 "
                "contentions/count\n"
                "3 77: 1000\n" EVERYTHING);
}

static void
test_java(void **state)
{
    (void)state;
    assert_read("--- heapz 1 ---\n"
                "format = java\n"
                "resolution = bytes\n"
                "  524288   1 @ 0x1 0x2\n"
                "  0x1 shop.Cart.grow (Cart.java:12)\n"
                "  0x2 generated stub/JIT\n",
                "inuse_objects/count inuse_space/bytes period 0 /\n"
                "1 829411: shop.Cart.grow@Cart.java:12 STUB@:0 "
                "bytes=524288\n");
    assert_read("--- contentionz 1 ---\n"
                "format = java\n"
                "resolution = microseconds\n"
                "sampling period = 10\n"
                "ms since reset = 2\n"
                "  50 2 @ 0x1\n"
                "  0x1 shop.Lock.take (Lock.java:-1)\n",
                "contentions/count delay/microseconds period 10 "
                "contentions/count for 2000000\n"
                "20 500: shop.Lock.take@Lock.java:0\n");
    /* An id that nothing names gets the mapping of everything. */
    assert_read("--- contentionz 1 ---\n"
                "format = java\n"
                "resolution = microseconds\n"
                "  50 2 @ 0x1 0x2\n"
                "  0x1 shop.Lock.take (Lock.java:3)\n",
                "contentions/count delay/microseconds period 0 /\n"
                "2 50: shop.Lock.take@Lock.java:3 0\n" EVERYTHING);
}

static void
test_jemalloc(void **state)
{
    (void)state;
    assert_read("heap_v2/524288\n"
                "  t*: 4: 4096 [0: 0]\n"
                "  t0: 4: 4096 [0: 0]\n"
                "@ 0x1001 0x2001\n"
                "  t*: 3: 3072 [0: 0]\n"
                "  t0: 3: 3072 [0: 0]\n"
                "\nMAPPED_LIBRARIES:\n"
                "1000-3000 r-xp 00000000 08:01 1 /bin/a\n",
                "inuse_objects/count inuse_space/bytes period 524288 "
                "space/bytes\n"
                "1537 1574400: 1000 2000 bytes=1024\n"
                "1000-3000+0 /bin/a \n");
    assert_read("heap_v2/1\n"
                "  t*: 0: 0 [5: 640]\n"
                "@ 0x1001\n"
                "  t*: 0: 0 [5: 640]\n"
                "\nMAPPED_LIBRARIES:\n",
                "alloc_objects/count alloc_space/bytes inuse_objects/count "
                "inuse_space/bytes period 1 space/bytes\n"
                "5 640 0 0: 1000 bytes=128\n" EVERYTHING);
    assert_read("heap_v2/1\n"
                "  t*: 0: 0 [1: 640]\n"
                "@ 0x1001\n"
                "  t*: 0: 0 [1: 640]\n"
                "\nMAPPED_LIBRARIES:\n",
                "alloc_objects/count alloc_space/bytes inuse_objects/count "
                "inuse_space/bytes period 1 space/bytes\n"
                "1 640 0 0: 1000 bytes=640\n" EVERYTHING);
}

static void
test_folded_stacks(void **state)
{
    (void)state;
    assert_read("main;serve;read [k] 12\n"
                "main;serve;operator new(unsigned long) 3\n"
                "main 1\n",
                "samples/count period 0 /\n"
                "12: read [k]@:0 serve@:0 main@:0\n"
                "3: operator new(unsigned long)@:0 serve@:0 main@:0\n"
                "1: main@:0\n");
}

/* Remarks, empty lines and the line ends of other systems are passed over. */
static void
test_folded_stacks_of_all_kinds(void **state)
{
    (void)state;
    assert_read("\xef\xbb\xbf# a remark\r\n// another\r\n\r\nmain;a 1\r\n",
                "samples/count period 0 /\n"
                "1: a@:0 main@:0\n");
    /* What one number loses to rounding the next one gets. */
    assert_read("main;a 1.5\nmain;b 2.5\nmain;c -0.25\n",
                "samples/count period 0 /\n"
                "2: a@:0 main@:0\n"
                "2: b@:0 main@:0\n"
                "0: c@:0 main@:0\n");
    /* As difffolded.pl writes them. */
    assert_read("main;a 10 12\nmain;b 0 5\n",
                "before/count after/count period 0 /\n"
                "10 12: a@:0 main@:0\n"
                "0 5: b@:0 main@:0\n");
    /* One line without a second number, and the first belongs to the name. */
    assert_read("main;a 10 12\nmain;b 5\n", "samples/count period 0 /\n"
                                            "12: a 10@:0 main@:0\n"
                                            "5: b@:0 main@:0\n");
    assert_read("main;a 9223372036854775807\n",
                "samples/count period 0 /\n"
                "9223372036854775807: a@:0 main@:0\n");
    assert_not_read("main;a 1\nmain;b 9223372036854775808\n",
                    "line 2: 9223372036854775808 is more than a 64-bit number "
                    "holds");
}

static void
test_symbolized(void **state)
{
    (void)state;
    assert_read("--- symbol\n"
                "binary=/bin/shop\n"
                "0x0000000000001000 inner--outer<0000000000000f80>\n"
                "0x0000000000002001 operator--\n"
                "---\n"
                "--- heapprofile\n"
                "heap profile: 1: 64 [1: 64] @ heapprofile\n"
                "1: 64 [1: 64] @ 0x1001 0x2001 0x3001\n",
                "objects/count space/bytes period 1 space/bytes\n"
                "1 64: inner@:0 outer@:0 operator--@:0 3000 bytes=64\n"
                "0-ffffffffffffffff+0 /bin/shop \n");
    assert_not_read("--- symbol\n---\n--- symbol\n---\n--- x\n",
                    "behind its symbols there are symbols again");
}

static void
test_frames_to_drop_follow_the_kind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *drops;
    } cases[] = {
        { "heap profile: 0: 0 [0: 0] @ heapprofile\n", "tc_" },
        { "--- mutex:\nsampling period=1\n", "RecordLockProfileData" },
        { "work profile: total 0\n", "ProfileData::Add" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_pprof_t *p = read_bytes(cases[i].text, strlen(cases[i].text));
        assert_non_null(strstr(p->drop_frames, cases[i].drops));
        evprof_pprof_free(p);
    }
}

int
run_text_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_is_scaled_up),
        cmocka_unit_test(test_heap_relatives_are_exact),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_contention),
        cmocka_unit_test(test_java),
        cmocka_unit_test(test_jemalloc),
        cmocka_unit_test(test_folded_stacks),
        cmocka_unit_test(test_folded_stacks_of_all_kinds),
        cmocka_unit_test(test_symbolized),
        cmocka_unit_test(test_frames_to_drop_follow_the_kind),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
