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

# evprof_library(TARGET OUTPUT ROOMS rooms... LINK libs... [LOCAL patterns...])
#
# libOUTPUT.so and libOUTPUT.a of the rooms' objects. The archive holds a single
# object: a linker takes from an archive only objects that resolve something,
# and would leave out interposed functions and malloc_conf. What is hidden in the
# shared library is local in that object, so that two of our archives which both
# hold a room can be linked into one program; so is, in both, what LOCAL names of
# a room's public functions that another library offers already.
function(evprof_library target output)
  cmake_parse_arguments(LIB "" "" "ROOMS;LINK;LOCAL" ${ARGN})
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
  # What the linker makes around a section (__start_x) it exports by itself.
  set(script "${CMAKE_CURRENT_BINARY_DIR}/${output}.map")
  set(locals "__start_evprof_*" "__stop_evprof_*" ${LIB_LOCAL})
  list(JOIN locals "; " patterns)
  file(WRITE "${script}" "{ local: ${patterns}; };\n")
  target_link_options(${target} PRIVATE "LINKER:--version-script=${script}")
  set(localize --localize-hidden --wildcard)
  foreach(pattern IN LISTS LIB_LOCAL)
    list(APPEND localize "--localize-symbol=${pattern}")
  endforeach()

  set(single "${CMAKE_CURRENT_BINARY_DIR}/${output}-single.o")
  add_custom_command(OUTPUT "${single}"
    COMMAND "${CMAKE_C_COMPILER}" -r -nostdlib -o "${single}" ${objects}
    COMMAND "${CMAKE_OBJCOPY}" ${localize} "${single}"
    DEPENDS ${objects}
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Joining the objects of lib${output}.a")
  add_library(${target}_static STATIC "${single}")
  set_target_properties(${target}_static PROPERTIES
    OUTPUT_NAME ${output} LINKER_LANGUAGE C)
  target_link_libraries(${target}_static PUBLIC ${LIB_LINK})
endfunction()
