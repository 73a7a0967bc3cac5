# SPDX-License-Identifier: Apache-2.0
# evprof_install_library(TARGET EXPORT_NAME PC_NAME INCLUDE_DIR)
#
# Installs a library made by evprof_library(): the shared library as the CMake
# target evprof::EXPORT_NAME, the archive beside it, its public headers, and
# PC_NAME.pc for both. Dependencies that only the archive needs at link time
# stand in the .pc file as private.
function(evprof_install_library target export_name pc_name include_dir)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${export_name})
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${include_dir}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS ${target} EXPORT evprofTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS ${target}_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY "${include_dir}/evprof"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
  file(RELATIVE_PATH EVPROF_PC_UP
    "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" EVPROF_PC_UP "${EVPROF_PC_UP}")
  configure_file("${PROJECT_SOURCE_DIR}/conf/packaging/${pc_name}.pc.in"
    "${PROJECT_BINARY_DIR}/packaging/${pc_name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/packaging/${pc_name}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

# evprof_install_package(): what find_package(evprof CONFIG) reads.
function(evprof_install_package)
  include(CMakePackageConfigHelpers)
  set(folder "${CMAKE_INSTALL_LIBDIR}/cmake/evprof")
  configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/conf/packaging/evprofConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/packaging/evprofConfig.cmake"
    INSTALL_DESTINATION "${folder}")
  write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/packaging/evprofConfigVersion.cmake"
    COMPATIBILITY SameMajorVersion)
  install(EXPORT evprofTargets NAMESPACE evprof:: DESTINATION "${folder}")
  install(FILES
    "${PROJECT_BINARY_DIR}/packaging/evprofConfig.cmake"
    "${PROJECT_BINARY_DIR}/packaging/evprofConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/conf/cmake/EvprofAddTest.cmake"
    "${PROJECT_SOURCE_DIR}/conf/cmake/EvprofListTests.cmake"
    DESTINATION "${folder}")
endfunction()
