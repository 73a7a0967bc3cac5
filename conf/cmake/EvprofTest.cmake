# SPDX-License-Identifier: Apache-2.0
# evprof_test(NAME SOURCES... [LINK libs...] [LABELS labels...])
#
# A cmocka program registered with ctest. Labels name the tier: quick, golden,
# e2e, fault, fuzz-replay, soak and fleet (left out of the default runs).
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
  if(CMAKE_CROSSCOMPILING)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT EVPROF_EMULATED=1)
  endif()
endfunction()

# evprof_test_memory(NAME SOURCES... [LINK libs...] [LABELS labels...])
#
# A test in which allocations can be made to fail: tests/short_of_memory.h.
function(evprof_test_memory name)
  evprof_test(${name} "${PROJECT_SOURCE_DIR}/tests/short_of_memory.c" ${ARGN})
  target_link_options(${name} PRIVATE
    LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc)
endfunction()

# evprof_bench_target(FOLDERS...)
#
# The target `bench` runs every program called bench_x in these folders, one
# after the other, since they measure time. Their arguments are the target
# property EVPROF_BENCH_ARGS.
function(evprof_bench_target)
  set(commands "")
  foreach(folder IN LISTS ARGN)
    get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      if(target MATCHES "^bench_" AND type STREQUAL "EXECUTABLE")
        get_target_property(args ${target} EVPROF_BENCH_ARGS)
        if(NOT args)
          set(args "")
        endif()
        list(APPEND commands
          COMMAND "${CMAKE_COMMAND}" -E echo "== ${target}"
          COMMAND ${target} ${args})
      endif()
    endforeach()
  endforeach()
  add_custom_target(bench ${commands} USES_TERMINAL VERBATIM)
endfunction()
