#pragma once

#include <cstddef>
#include <string_view>

namespace waypost::toml {

// Where on a line the value of a key begins that sounds as if it were a password, a token or a key:
// what is said of a configuration may end in a log. npos for none. The name of a file is no secret.
size_t secret_value(std::string_view line);

}  // namespace waypost::toml
