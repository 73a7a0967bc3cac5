# SPDX-License-Identifier: Apache-2.0
# What Debian calls these packages stands in conf/install-deps.sh. What only one
# room needs is looked for there; nothing is asked for a part that is switched off.
# The targets are those of a whole project: whoever links our libraries from another
# folder links these.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent)
# The same under a name that no other project takes, for those who link us.
pkg_check_modules(EVPROF_LIBEVENT REQUIRED IMPORTED_TARGET GLOBAL libevent)
# For the helper program that reads debug information.
pkg_check_modules(LIBDW REQUIRED IMPORTED_TARGET libdw libelf)
if(EVPROF_BUILD_TOOL OR EVPROF_BUILD_RUNNER)
  pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
  pkg_check_modules(EVPROF_PCRE2 REQUIRED IMPORTED_TARGET GLOBAL libpcre2-8)
endif()
if(EVPROF_BUILD_TOOL)
  pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
  pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
  find_program(PROTOC_C protoc-c REQUIRED)
endif()
if(EVPROF_BUILD_EXAMPLES)
  # For the example with heap profiles; the library itself needs no jemalloc.
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
endif()
