# SPDX-License-Identifier: Apache-2.0
# evprof_add_test(TARGET [ARGS args...] [PROPERTIES property value...])
#
# Registers every test of a program made with <evprof/testing.h> with ctest, as
# TARGET.TestName. The program is asked for its tests when it has been built, so
# that no list is kept by hand.
set(EVPROF_ADD_TEST_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/EvprofListTests.cmake")

function(evprof_add_test target)
  cmake_parse_arguments(ADD "" "" "ARGS;PROPERTIES" ${ARGN})
  set(list "${CMAKE_CURRENT_BINARY_DIR}/${target}_tests.cmake")
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}"
      "-DPROGRAM=$<TARGET_FILE:${target}>" "-DNAME=${target}"
      "-DEMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}"
      "-DARGS=${ADD_ARGS}" "-DPROPERTIES=${ADD_PROPERTIES}"
      "-DLIST=${list}" -P "${EVPROF_ADD_TEST_SCRIPT}"
    BYPRODUCTS "${list}"
    VERBATIM)
  set(wait "${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake")
  file(WRITE "${wait}"
"if(EXISTS \"${list}\")
  include(\"${list}\")
else()
  add_test(${target}_NOT_BUILT ${target}_NOT_BUILT)
endif()
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${wait}")
endfunction()
