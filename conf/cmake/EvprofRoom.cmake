# SPDX-License-Identifier: Apache-2.0
# evprof_room(NAME SOURCES... [LINK libs...])
#
# One folder of the house as an object library called evprof_NAME. Its headers
# are included from the top of the tree ("core/base/buf.h"), so that the test of
# the arrows between floors can read them.
function(evprof_room name)
  cmake_parse_arguments(ROOM "" "" "LINK" ${ARGN})
  add_library(evprof_${name} OBJECT ${ROOM_UNPARSED_ARGUMENTS})
  set_target_properties(evprof_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(evprof_${name} PUBLIC
    "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/core/include")
  target_link_libraries(evprof_${name} PUBLIC evprof_flags ${ROOM_LINK})
  set_property(GLOBAL APPEND PROPERTY EVPROF_ROOMS evprof_${name})
endfunction()

# evprof_contract_list(OUT FILE SYMBOL_PREFIX TYPE HEADER ARRAY words...)
#
# Writes the array that a contract's users walk, from the words of a list: for
# each word w, `extern const TYPE PREFIX_w;` and a pointer to it.
function(evprof_contract_list out file prefix type header array)
  set(externs "")
  set(rows "")
  foreach(word IN LISTS ARGN)
    string(APPEND externs "extern const ${type} ${prefix}_${word};\n")
    string(APPEND rows "    &${prefix}_${word},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT
"/* Generated from the list in modules/CMakeLists.txt. */
#include \"${header}\"

${externs}
const ${type} *const ${array}[] = {
${rows}    NULL,
};
")
  set(${out} "${file}" PARENT_SCOPE)
endfunction()

# evprof_join_flags(OUT)
#
# What the joining of objects needs of the flags of this build: those of the
# compiler, and for clang the linker that reads its objects. Any other joins by the
# default one, since mold drops the versions of names that mutex.c asks for. Objects
# for link-time optimisation become machine code here: what is hidden can be made
# local only in that.
function(evprof_join_flags out)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND flags -flinker-output=nolto-rel)
  else()
    string(REGEX MATCHALL "-fuse-ld=[^ ]+" linker
      "${CMAKE_SHARED_LINKER_FLAGS}")
    list(APPEND flags ${linker})
  endif()
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# evprof_library(TARGET OUTPUT ROOMS rooms... LINK libs... INCLUDE folder
#   [LOCAL patterns...])
#
# libOUTPUT.so and libOUTPUT.a of the rooms' objects. The archive holds a single
# object: a linker takes from an archive only objects that resolve something,
# and would leave out interposed functions and malloc_conf. What is hidden in the
# shared library is local in that object, so that two of our archives which both
# hold a room can be linked into one program; so is, in both, what LOCAL names of
# a room's public functions that another library offers already. INCLUDE has the
# public headers.
function(evprof_library target output)
  cmake_parse_arguments(LIB "" "" "ROOMS;LINK;LOCAL;INCLUDE" ${ARGN})
  set(objects "")
  foreach(room IN LISTS LIB_ROOMS)
    list(APPEND objects $<TARGET_OBJECTS:${room}>)
  endforeach()
  add_library(${target} SHARED ${objects})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${output} LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_link_libraries(${target} PRIVATE evprof_flags ${LIB_LINK})
  # Never unmapped: handlers, fork handlers and thread exits point into it.
  target_link_options(${target} PRIVATE
    LINKER:--as-needed LINKER:-z,nodelete)
  set(script "${CMAKE_CURRENT_BINARY_DIR}/${output}.map")
  configure_file("${PROJECT_SOURCE_DIR}/conf/packaging/${output}.map.in"
    "${script}" @ONLY)
  target_link_options(${target} PRIVATE "LINKER:--version-script=${script}")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
  set(localize --localize-hidden --wildcard)
  foreach(pattern IN LISTS LIB_LOCAL)
    list(APPEND localize "--localize-symbol=${pattern}")
  endforeach()

  set(single "${CMAKE_CURRENT_BINARY_DIR}/${output}-single.o")
  evprof_join_flags(flags)
  add_custom_command(OUTPUT "${single}"
    COMMAND "${CMAKE_C_COMPILER}" ${flags} -r -nostdlib -o "${single}"
      ${objects}
    COMMAND "${CMAKE_OBJCOPY}" ${localize} "${single}"
    DEPENDS ${objects}
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Joining the objects of lib${output}.a")
  add_library(${target}_static STATIC "${single}")
  set_target_properties(${target}_static PROPERTIES
    OUTPUT_NAME ${output} LINKER_LANGUAGE C)
  target_link_libraries(${target}_static PUBLIC ${LIB_LINK})
  foreach(form IN ITEMS ${target} ${target}_static)
    target_include_directories(${form} INTERFACE
      "$<BUILD_INTERFACE:${LIB_INCLUDE}>"
      "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  endforeach()
endfunction()
