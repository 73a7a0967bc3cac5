# SPDX-License-Identifier: Apache-2.0
# Run after a test program was linked: asks it for its tests and writes the
# add_test() lines that ctest reads; by an emulator where one is needed. See EvprofAddTest.cmake. With -v a test says
# that it was skipped, and ctest then calls it so.
execute_process(COMMAND ${EMULATOR} "${PROGRAM}" -list "^Test"
  OUTPUT_VARIABLE names RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} -list failed: ${result}")
endif()
string(REPLACE "\n" ";" names "${names}")
set(lines "")
set(command "")
foreach(word IN LISTS EMULATOR ITEMS "${PROGRAM}")
  string(APPEND command " [==[${word}]==]")
endforeach()
foreach(name IN LISTS names)
  if(name)
    string(APPEND lines
      "add_test([==[${NAME}.${name}]==]${command} [==[-run=^${name}$]==] -v")
    foreach(arg IN LISTS ARGS)
      string(APPEND lines " [==[${arg}]==]")
    endforeach()
    string(APPEND lines ")\n")
    string(APPEND lines "set_tests_properties([==[${NAME}.${name}]==] PROPERTIES"
      " SKIP_REGULAR_EXPRESSION [==[--- SKIP: ${name} [(]]==]")
    foreach(word IN LISTS PROPERTIES)
      string(APPEND lines " [==[${word}]==]")
    endforeach()
    string(APPEND lines ")\n")
  endif()
endforeach()
file(WRITE "${LIST}" "${lines}")
