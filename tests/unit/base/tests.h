/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_BASE_TESTS_H
#define TESTS_UNIT_BASE_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each file of this folder offers its tests as one function. */
int run_address_tests(void);
int run_arena_tests(void);
int run_buf_tests(void);
int run_bulk_tests(void);
int run_flag_text_tests(void);
int run_grow_tests(void);
int run_html_tests(void);
int run_index_tests(void);
int run_intern_tests(void);
int run_json_tests(void);
int run_lock_tests(void);
int run_name_list_tests(void);
int run_nearest_tests(void);
int run_new_file_tests(void);
int run_own_descriptor_tests(void);
int run_own_folder_tests(void);
int run_own_thread_tests(void);
int run_parse_tests(void);
int run_path_tests(void);
int run_perf_ring_tests(void);
int run_plain_name_tests(void);
int run_process_tests(void);
int run_process_age_tests(void);
int run_read_file_tests(void);
int run_scheme_tests(void);
int run_self_tests(void);
int run_sender_tests(void);
int run_status_tests(void);
int run_stream_tests(void);
int run_strings_tests(void);
int run_sum_tests(void);
int run_template_tests(void);
int run_unit_tests(void);
int run_utf8_tests(void);
int run_visible_tests(void);
int run_writer_tests(void);

#endif
