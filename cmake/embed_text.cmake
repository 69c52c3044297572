# cmake -DFILE=docs/format/openapi.json -DLIBRARY=api -DFUNCTION=openapi_document -DOUTPUT=x.cc -P embed_text.cmake
# Writes a file as a C++ text, so that the program carries it and needs no data folder.
file(READ ${FILE} text)
if(text MATCHES "\\)~text~\"")
  message(FATAL_ERROR "${FILE} holds the sequence that ends a text in C++")
endif()
file(WRITE ${OUTPUT} "#include <string_view>

namespace waypost::${LIBRARY} {

std::string_view ${FUNCTION}();
std::string_view ${FUNCTION}() { return R\"~text~(${text})~text~\"; }

}  // namespace waypost::${LIBRARY}
")
