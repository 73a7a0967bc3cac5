/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of core/base in one program, so that it starts once. */
#include "tests/unit/base/tests.h"

int
main(void)
{
    return run_address_tests() + run_arena_tests() + run_buf_tests() +
           run_bulk_tests() + run_flag_text_tests() + run_grow_tests() +
           run_html_tests() + run_index_tests() + run_intern_tests() +
           run_json_tests() + run_lock_tests() + run_name_list_tests() +
           run_nearest_tests() + run_new_file_tests() +
           run_own_descriptor_tests() + run_own_folder_tests() +
           run_own_thread_tests() + run_parse_tests() + run_path_tests() +
           run_perf_ring_tests() + run_plain_name_tests() +
           run_process_tests() + run_process_age_tests() +
           run_read_file_tests() + run_scheme_tests() + run_self_tests() +
           run_sender_tests() + run_status_tests() + run_stream_tests() +
           run_strings_tests() + run_sum_tests() + run_template_tests() +
           run_unit_tests() + run_utf8_tests() + run_visible_tests() +
           run_writer_tests();
}
