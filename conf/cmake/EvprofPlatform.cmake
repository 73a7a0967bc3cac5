# SPDX-License-Identifier: Apache-2.0
# Says at once where Evprof does not run. The unwinder, the signal path and the
# wrappers of libc are written for two processors and for one libc.
include(CheckSymbolExists)

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR
    "Evprof runs on Linux only, and this build is for ${CMAKE_SYSTEM_NAME}.")
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|aarch64|arm64)$" OR
    NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  message(FATAL_ERROR
    "Evprof runs on 64-bit x86-64 and aarch64, and this build is for "
    "${CMAKE_SYSTEM_PROCESSOR} with pointers of ${CMAKE_SIZEOF_VOID_P} bytes.")
endif()
check_symbol_exists(__GLIBC__ features.h EVPROF_HAS_GLIBC)
if(NOT EVPROF_HAS_GLIBC)
  message(FATAL_ERROR
    "Evprof needs the GNU C library, and this build's libc is another, such as "
    "musl.")
endif()
