#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "doctor/host_text.h"
#include "doctor/name_questions.h"
#include "doctor/rungs.h"

// Of name_rung.cc and absent_name.cc alone.
namespace waypost::doctor {

inline constexpr size_t mail_hosts_max = 10;

class NameRung {
 public:
  NameRung(Context& context, const Request& request, Ground& ground)
      : context_(context), request_(request), ground_(ground) {
    result_.rung = Rung::name;
    result_.status = RungStatus::pass;
  }

  io::Task<RungResult> run();

 private:
  io::Task<bool> read_text();
  void refuse_text();
  void refuse_port(const std::string& port);
  io::Task<bool> is_meant_with_dots(const HostText& text);
  io::Task<void> walk_host();
  io::Task<void> walk_domain(dns::MxAnswer answer);
  io::Task<bool> walk_service();
  io::Task<void> resolve_mail_hosts(std::vector<dns::MxRecord> hosts);
  io::Task<void> explain_absence(Both both);
  io::Task<void> explain_error(Error error);
  void fail_unanswered(Finding found);
  io::Task<void> name_alias(Finding& found);
  io::Task<Both> ask_addresses(std::string name);
  io::Task<Result<dns::MxAnswer>> ask_mx(std::string name);
  io::Task<bool> is_deaf(Result<dns::MxAnswer>& answer);
  io::Task<bool> is_heard_at_last(Both& both);
  void note_wait(Instant began);
  void keep_for_later(std::string name, const std::vector<IpAddress>& addresses);
  void remark_slowness();
  io::Task<bool> is_broken_domain(dns::MxAnswer mx);
  io::Task<bool> find_by_suffix();
  io::Task<bool> has_other_family();
  io::Task<void> find_submission_host(Finding& finding);
  io::Task<std::optional<Finding>> find_look_alike(std::string id);
  std::vector<IpAddress> visitable(std::vector<IpAddress> addresses) const;
  void leave_out_forbidden();
  void take(const std::vector<IpAddress>& addresses);
  void fail(Finding finding, std::string line);
  Finding finding(std::string id) const {
    Finding made;
    made.id = std::move(id);
    made.parameters = ground_.parameters();
    if (!context_.evidence.all().empty()) made.evidence = {context_.evidence.all().back().n};
    return made;
  }

  Context& context_;
  const Request& request_;
  Ground& ground_;
  RungResult result_;
  Duration patience_ =
      dns_patience;              // for one question; longer once the resolver is known to be slow
  Duration longest_wait_{0};     // for one name that mattered
  std::string unanswered_ = {};  // "IPv6": addresses that nobody could be asked for
};

}  // namespace waypost::doctor
