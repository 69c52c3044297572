#include "settings/objects.h"

namespace waypost::settings {
namespace {

constexpr size_t depth_max = 8;
constexpr size_t members_max = 1000;

class Walk {
 public:
  Walk(const Code& code, size_t open) : code_(code), at_(open + 1), paths_{""} {}

  std::vector<Member> run() {
    while (at_ < code_.size() && !paths_.empty() && members_.size() < members_max) step();
    return std::move(members_);
  }

 private:
  void step() {
    if (code_.is(at_, "}")) {
      paths_.pop_back();
      ++at_;
    } else if (code_.is(at_, ",")) {
      ++at_;
    } else if (is_key(at_) && code_.is(at_ + 1, ":")) {
      take_member();
    } else {
      skip_expression(at_);
    }
  }

  bool is_key(size_t index) const { return code_.is_name(index) || code_.is_text(index); }

  void take_member() {
    const std::string_view key = code_.text(at_);
    Member member;
    member.path = paths_.back() + (code_.is_text(at_) ? code_.literal(at_) : std::string(key));
    member.key = at_;
    member.begin = at_ + 2;
    if (code_.is(member.begin, "{") && paths_.size() < depth_max) {
      paths_.push_back(member.path + ".");
      at_ = member.begin + 1;
      return;
    }
    skip_expression(member.begin);
    member.end = at_;
    if (member.end > member.begin) members_.push_back(std::move(member));
  }

  // Always moves on, whatever the octets.
  void skip_expression(size_t begin) {
    at_ = code_.expression_end(begin);
    if (at_ < code_.size() && !code_.is(at_, "}") && !code_.is(at_, ",")) ++at_;
  }

  const Code& code_;
  size_t at_;
  std::vector<std::string> paths_;
  std::vector<Member> members_;
};

}  // namespace

std::vector<Member> members_of(const Code& code, size_t open) { return Walk(code, open).run(); }

}  // namespace waypost::settings
