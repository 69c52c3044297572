# Third-party libraries, all Debian 12 packages (docs/decisions has the reasons). Boost 1.81 is
# installed beside Debian's default 1.74, so its version is pinned here.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81.0 EXACT REQUIRED CONFIG COMPONENTS json)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(RocksDB 7.8 REQUIRED)
find_package(PkgConfig REQUIRED)
# RE2's own CMake files are not in Debian's package; its .pc file is.
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(GSASL REQUIRED IMPORTED_TARGET libgsasl>=2.2)
find_package(EXPAT 2.5 REQUIRED)
find_package(LibArchive 3.6 REQUIRED)
find_package(CURL 7.88 REQUIRED)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0>=3.2)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2>=2.3)

# libunbound's own .pc file asks for libevent, which we do not use.
find_path(UNBOUND_INCLUDE_DIR unbound.h REQUIRED)
find_library(UNBOUND_LIBRARY unbound REQUIRED)
add_library(unbound INTERFACE)
target_include_directories(unbound INTERFACE ${UNBOUND_INCLUDE_DIR})
target_link_libraries(unbound INTERFACE ${UNBOUND_LIBRARY})
