# SPDX-License-Identifier: Apache-2.0
# Compiler flags of every target of ours, kept in one interface target so that
# nothing leaks into a project that adds us as a subdirectory.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

add_library(evprof_flags INTERFACE)
target_compile_features(evprof_flags INTERFACE c_std_11)
target_compile_definitions(evprof_flags INTERFACE _GNU_SOURCE)
# A profiler keeps its own frame pointers: fp stacks pass through our code.
target_compile_options(evprof_flags INTERFACE
  -fno-omit-frame-pointer -fvisibility=hidden -Wall -Wextra
  $<$<COMPILE_LANGUAGE:C>:-std=c11 -Wpedantic -Wshadow -Wconversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
    -Wcast-qual -Wwrite-strings -Wpointer-arith>)
if(EVPROF_WERROR)
  target_compile_options(evprof_flags INTERFACE -Werror)
endif()
if(EVPROF_SANITIZE)
  target_compile_options(evprof_flags INTERFACE
    -fsanitize=${EVPROF_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(evprof_flags INTERFACE -fsanitize=${EVPROF_SANITIZE})
endif()
# Coverage of our own code is what guides a fuzzer.
if(EVPROF_FUZZ)
  target_compile_options(evprof_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(EVPROF_COVERAGE)
  target_compile_options(evprof_flags INTERFACE --coverage)
  target_link_options(evprof_flags INTERFACE --coverage)
endif()
if(EVPROF_TIDY)
  set(CMAKE_C_CLANG_TIDY clang-tidy --quiet --warnings-as-errors=*)
  set(CMAKE_C_CPPCHECK cppcheck --enable=warning,performance,portability
    --inline-suppr --quiet --error-exitcode=1 -D__x86_64__
    --suppress=missingIncludeSystem)
endif()
