# SPDX-License-Identifier: Apache-2.0
# evprof_install(words...): install(), unless this build installs nothing.
macro(evprof_install)
  if(EVPROF_INSTALL)
    install(${ARGV})
  endif()
endmacro()

# evprof_install_library(TARGET COMPONENT PC_NAME INCLUDE_DIR)
#
# Installs a library made by evprof_library(): the shared library as the CMake
# target evprof::COMPONENT, the archive as evprof::COMPONENT_static, its public
# headers, and PC_NAME.pc for both. Dependencies that only the archive needs at link
# time stand in the .pc file as private. Each has a file of targets of its own, so
# that a package may leave out archives, or a library.
function(evprof_install_library target component pc_name include_dir)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${component})
  set_target_properties(${target}_static PROPERTIES
    EXPORT_NAME ${component}_static)
  install(TARGETS ${target} EXPORT evprof_${component}
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS ${target}_static EXPORT evprof_${component}_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  foreach(form IN ITEMS ${component} ${component}_static)
    install(EXPORT evprof_${form} NAMESPACE evprof:: FILE evprof-${form}.cmake
      DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/evprof")
  endforeach()
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
  install(FILES
    "${PROJECT_BINARY_DIR}/packaging/evprofConfig.cmake"
    "${PROJECT_BINARY_DIR}/packaging/evprofConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/conf/cmake/EvprofAddTest.cmake"
    "${PROJECT_SOURCE_DIR}/conf/cmake/EvprofListTests.cmake"
    DESTINATION "${folder}")
endfunction()

# evprof_uninstall_target(): the target `uninstall` removes what the last
# `cmake --install` of this build wrote.
function(evprof_uninstall_target)
  if(NOT TARGET uninstall)
    add_custom_target(uninstall
      COMMAND "${CMAKE_COMMAND}" "-DMANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt"
        -P "${PROJECT_SOURCE_DIR}/conf/cmake/EvprofUninstall.cmake"
      VERBATIM)
  endif()
endfunction()
