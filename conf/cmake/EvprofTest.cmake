# SPDX-License-Identifier: Apache-2.0
# evprof_test(NAME SOURCES... [LINK libs...] [LABELS labels...])
#
# A cmocka program registered with ctest. Labels name the tier: quick, golden,
# e2e, fault, fuzz-replay, soak (left out of the default runs).
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

function(evprof_test name)
  cmake_parse_arguments(TEST "" "" "LINK;LABELS" ${ARGN})
  add_executable(${name} ${TEST_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  target_include_directories(${name} PRIVATE
    "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/core/include")
  target_link_libraries(${name} PRIVATE
    evprof_flags ${TEST_LINK} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT TEST_LABELS)
    set(TEST_LABELS quick)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}")
endfunction()
