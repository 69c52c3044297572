#include "publish/known_answers.h"

namespace waypost::publish {
namespace {

dns::AnswerStatus status_of(bool empty) {
  return empty ? dns::AnswerStatus::no_such_record : dns::AnswerStatus::found;
}

}  // namespace

void KnownAnswers::set_txt(const std::string& name, std::vector<std::string> texts) {
  dns::TxtAnswer& answer = txt_[name];
  answer.status = status_of(texts.empty());
  for (std::string& text : texts) answer.records.push_back({{std::move(text)}});
}

void KnownAnswers::set_mx(const std::string& name, std::vector<dns::MxRecord> records) {
  dns::MxAnswer& answer = mx_[name];
  answer.status = status_of(records.empty());
  answer.records = std::move(records);
}

io::Task<Result<dns::MxAnswer>> KnownAnswers::mx(std::string domain, Instant deadline) {
  const auto known = mx_.find(domain);
  if (known != mx_.end()) co_return known->second;
  auto answer = co_await inner_.mx(std::move(domain), deadline);
  co_return answer;
}

io::Task<Result<dns::AddressAnswer>> KnownAnswers::addresses(std::string host,
                                                             dns::AddressFamily family,
                                                             Instant deadline) {
  return inner_.addresses(std::move(host), family, deadline);
}

io::Task<Result<dns::TxtAnswer>> KnownAnswers::txt(std::string name, Instant deadline) {
  const auto known = txt_.find(name);
  if (known != txt_.end()) co_return known->second;
  auto answer = co_await inner_.txt(std::move(name), deadline);
  co_return answer;
}

io::Task<Result<dns::PtrAnswer>> KnownAnswers::ptr(IpAddress address, Instant deadline) {
  return inner_.ptr(address, deadline);
}

io::Task<Result<dns::SrvAnswer>> KnownAnswers::srv(std::string service, Instant deadline) {
  return inner_.srv(std::move(service), deadline);
}

}  // namespace waypost::publish
