# SPDX-License-Identifier: Apache-2.0
# Run after a test program was linked: asks it for its tests and writes the
# add_test() lines that ctest reads. See EvprofAddTest.cmake.
execute_process(COMMAND "${PROGRAM}" -list "^Test"
  OUTPUT_VARIABLE names RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} -list failed: ${result}")
endif()
string(REPLACE "\n" ";" names "${names}")
set(lines "")
foreach(name IN LISTS names)
  if(name)
    string(APPEND lines
      "add_test([==[${NAME}.${name}]==] [==[${PROGRAM}]==] [==[-run=^${name}$]==]")
    foreach(arg IN LISTS ARGS)
      string(APPEND lines " [==[${arg}]==]")
    endforeach()
    string(APPEND lines ")\n")
    if(PROPERTIES)
      string(APPEND lines "set_tests_properties([==[${NAME}.${name}]==] PROPERTIES")
      foreach(word IN LISTS PROPERTIES)
        string(APPEND lines " [==[${word}]==]")
      endforeach()
      string(APPEND lines ")\n")
    endif()
  endif()
endforeach()
file(WRITE "${LIST}" "${lines}")
