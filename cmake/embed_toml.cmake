# cmake -DFOLDER=rules/replies -DLIBRARY=classify -DFUNCTION=shipped_rules -DOUTPUT=x.cc -P embed_toml.cmake
# Writes TOML files as C++ text, so that the program carries them and needs no data folder.
file(GLOB files ${FOLDER}/*.toml)
list(SORT files)
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  if(text MATCHES "\\)~toml~\"")
    message(FATAL_ERROR "${file} holds the sequence that ends a text in C++")
  endif()
  string(APPEND entries "      {\"${name}\", R\"~toml~(${text})~toml~\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${LIBRARY}/${FUNCTION}.h\"

namespace waypost::${LIBRARY} {

const std::vector<toml::Source>& ${FUNCTION}() {
  static const std::vector<toml::Source> files{
${entries}  };
  return files;
}

}  // namespace waypost::${LIBRARY}
")
