#pragma once

#include <filesystem>

namespace waypost::fakes {

// The root of the source tree, for documents and golden files. Only source_folder.cc is compiled
// with its path, so that a compiler cache serves every checkout.
std::filesystem::path source_folder();

// $WAYPOST_TEST_DATA, or ../shared/data beside the source tree; it may not exist.
std::filesystem::path test_data_folder();

}  // namespace waypost::fakes
