# SPDX-License-Identifier: Apache-2.0
# evprof_embed(TARGET NAME FILE [HEADER])
#
# Compiles FILE into TARGET as `const char NAME[]`, NUL-terminated, with its
# length in `const size_t NAME_len`. Pages, styles and scripts stay files of
# their own that editors and browsers understand.
set(EVPROF_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(evprof_embed target name file)
  cmake_path(ABSOLUTE_PATH file OUTPUT_VARIABLE input)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${name}.c")
  add_custom_command(OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" -D "INPUT=${input}" -D "OUTPUT=${output}"
      -D "NAME=${name}" -P "${EVPROF_EMBED_SCRIPT}"
    DEPENDS "${input}" "${EVPROF_EMBED_SCRIPT}" VERBATIM
    COMMENT "Embedding ${file}")
  target_sources(${target} PRIVATE "${output}")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR length "${digits} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(REGEX REPLACE "(......................................................................)"
    "\\1\n    " bytes "${bytes}")
  file(WRITE "${OUTPUT}"
"/* Generated from a file beside its user. */
#include <stddef.h>

extern const char ${NAME}[];
extern const size_t ${NAME}_len;
const char ${NAME}[] = {
    ${bytes}0
};
const size_t ${NAME}_len = ${length};
")
endif()
