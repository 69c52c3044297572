# cmake -DFOLDER=rules/replies -DOUTPUT=shipped_rules.cc -P embed_rules.cmake
# Writes the rule files as C++ text, so that the program carries them and needs no data folder.
file(GLOB files ${FOLDER}/*.toml)
list(SORT files)
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  if(text MATCHES "\\)~rule~\"")
    message(FATAL_ERROR "${file} holds the sequence that ends a text in C++")
  endif()
  string(APPEND entries "      {\"${name}\", R\"~rule~(${text})~rule~\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"classify/shipped_rules.h\"

namespace waypost::classify {

const std::vector<toml::Source>& shipped_rules() {
  static const std::vector<toml::Source> files{
${entries}  };
  return files;
}

}  // namespace waypost::classify
")
