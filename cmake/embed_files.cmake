# cmake -DFOLDER=ui/dist -DLIBRARY=dashboard -DFUNCTION=shipped_files -DOUTPUT=x.cc -P embed_files.cmake
# Writes every file below a folder as C++ text, each beside itself as gzip makes it, so that the
# program carries them and needs no data folder. No folder: no files.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
# What has no ending is not for browsers.
list(FILTER files INCLUDE REGEX "\\.[a-z0-9]+$")
list(SORT files)

# Octets as a C++ literal: each is escaped, so that none can end the text or join its neighbour.
function(literal_of path result)
  file(READ ${path} octets HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" octets "${octets}")
  set(${result} "std::string_view(\"${octets}\", sizeof(\"${octets}\") - 1)" PARENT_SCOPE)
endfunction()

set(entries "")
foreach(file IN LISTS files)
  literal_of(${FOLDER}/${file} plain)
  # -n: neither name nor time, so that the same files make the same program.
  execute_process(COMMAND gzip -9 -n -c ${FOLDER}/${file}
    OUTPUT_FILE ${OUTPUT}.gz COMMAND_ERROR_IS_FATAL ANY)
  literal_of(${OUTPUT}.gz packed)
  file(REMOVE ${OUTPUT}.gz)
  string(APPEND entries "      {\"/${file}\", ${plain}, ${packed}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${LIBRARY}/${FUNCTION}.h\"

namespace waypost::${LIBRARY} {

const std::vector<File>& ${FUNCTION}() {
  static const std::vector<File> files{
${entries}  };
  return files;
}

}  // namespace waypost::${LIBRARY}
")
