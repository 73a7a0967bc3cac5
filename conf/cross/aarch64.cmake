# SPDX-License-Identifier: Apache-2.0
# For the preset aarch64: Debian's cross compiler, the packages that sysroot.sh has
# unpacked, and an emulator that runs what was built.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH top)
cmake_path(GET top PARENT_PATH top)
if(NOT DEFINED EVPROF_SYSROOT)
  set(EVPROF_SYSROOT "${top}/build/sysroot-arm64")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EVPROF_SYSROOT)
if(NOT EXISTS "${EVPROF_SYSROOT}/usr/share/evprof-sysroot")
  message(FATAL_ERROR
    "There are no packages for aarch64 in ${EVPROF_SYSROOT}; run first:\n"
    "  sh conf/cross/sysroot.sh build/sysroot-arm64")
endif()
set(CMAKE_SYSROOT "${EVPROF_SYSROOT}")
set(CMAKE_CROSSCOMPILING_EMULATOR
  qemu-aarch64 -cpu max -L "${EVPROF_SYSROOT}")

# Programs that run while building are this machine's, all else the sysroot's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${CMAKE_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
  "${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig")
