#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>

#include "io/disk.h"

// What people set and what lasts over a restart: each kind is a small file of one list, written as
// a whole (docs/format/control.md).
namespace waypost::daemon {

// {"v":1,"KEY":[...]}
std::string encode_list(std::string_view key, boost::json::array list);
// Total: takes any octets. Fails with corrupt, saying what is wrong.
Result<boost::json::array> decode_list(std::string_view octets, std::string_view key,
                                       size_t count_max);

// Once it returns, the next start finds them.
Result<void> save_list(io::Disk& disk, const std::string& path, std::string_view octets);
Result<std::string> read_list(io::Disk& disk, const std::string& path);

// Of a file that cannot be read as one, since mail that goes out by mistake should not take the
// only note of the mistake with it: it becomes `path`.damaged. What to tell about it.
std::string set_aside(io::Disk& disk, const std::string& path, const Error& why,
                      std::string_view consequence);

template <class T>
struct Kept {
  std::vector<T> list;
  std::string trouble;  // one sentence; empty when all is well
};
// `decode` takes the octets; `has_ended` says of each whether it is left out.
template <class T, class Decode, class HasEnded>
Kept<T> load_list(io::Disk& disk, const std::string& path, std::string_view consequence,
                  Decode decode, HasEnded has_ended) {
  Kept<T> kept;
  if (!disk.exists(path)) return kept;
  Result<std::vector<T>> list = read_list(disk, path).and_then(decode);
  if (list) {
    kept.list = *std::move(list);
    std::erase_if(kept.list, has_ended);
  } else {
    kept.trouble = set_aside(disk, path, list.error(), consequence);
  }
  return kept;
}

}  // namespace waypost::daemon
