# waypost_library(NAME DEPENDS folder ... USES target ...): one folder of src/ is one library.
# DEPENDS names the only folders that it may include; `./dev check` compares it with the real
# #includes. USES names third-party targets.

add_library(waypost_flags INTERFACE)
target_include_directories(waypost_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(waypost_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Werror -fno-omit-frame-pointer)

function(waypost_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(TRANSFORM ARG_DEPENDS PREPEND waypost_)
  if(sources)
    add_library(waypost_${name} STATIC ${sources})
    target_link_libraries(waypost_${name} PUBLIC waypost_flags ${ARG_DEPENDS} ${ARG_USES})
  else()
    add_library(waypost_${name} INTERFACE)
    target_link_libraries(waypost_${name} INTERFACE waypost_flags ${ARG_DEPENDS} ${ARG_USES})
  endif()
endfunction()

# waypost_embed_toml(NAME FOLDER FUNCTION): the TOML files of FOLDER become part of the library, which
# declares `const std::vector<toml::Source>& FUNCTION();` in FUNCTION.h.
function(waypost_embed_toml name folder function)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.toml)
  set(output ${CMAKE_BINARY_DIR}/${function}.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${CMAKE_SOURCE_DIR}/${folder} -DLIBRARY=${name}
      -DFUNCTION=${function} -DOUTPUT=${output} -P ${CMAKE_SOURCE_DIR}/cmake/embed_toml.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_toml.cmake
    COMMENT "Embedding ${folder}")
  target_sources(waypost_${name} PRIVATE ${output})
endfunction()

# waypost_embed_text(NAME FILE FUNCTION): the file becomes part of the library as what
# `std::string_view FUNCTION();` returns.
function(waypost_embed_text name file function)
  set(output ${CMAKE_BINARY_DIR}/${function}.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFILE=${CMAKE_SOURCE_DIR}/${file} -DLIBRARY=${name}
      -DFUNCTION=${function} -DOUTPUT=${output} -P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
    DEPENDS ${CMAKE_SOURCE_DIR}/${file} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
    COMMENT "Embedding ${file}")
  target_sources(waypost_${name} PRIVATE ${output})
endfunction()

# waypost_embed_files(NAME FOLDER FUNCTION): all files below FOLDER become part of the library, which
# declares `const std::vector<File>& FUNCTION();` in FUNCTION.h.
function(waypost_embed_files name folder function)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*)
  set(output ${CMAKE_BINARY_DIR}/${function}.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${CMAKE_SOURCE_DIR}/${folder} -DLIBRARY=${name}
      -DFUNCTION=${function} -DOUTPUT=${output} -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    COMMENT "Embedding ${folder}")
  target_sources(waypost_${name} PRIVATE ${output})
endfunction()
