#include "doctor/trial.h"

#include <algorithm>

#include "doctor/door.h"

namespace waypost::doctor {
namespace {

Trial::Reached reached(const Opening& opening) {
  switch (opening.step) {
    case Opening::Step::connect:
      return Trial::Reached::nothing;
    case Opening::Step::greeting:
    case Opening::Step::handshake:
      return Trial::Reached::connected;
    case Opening::Step::hello:
    case Opening::Step::starttls:
      return Trial::Reached::greeted;
    case Opening::Step::hello_again:
    case Opening::Step::open:
      return Trial::Reached::secured;
  }
  return Trial::Reached::nothing;
}

}  // namespace

io::Task<Trial> try_way(Context& context, std::string host, Endpoint at, Encryption encryption,
                        Duration patience) {
  DoorKey key{std::move(host), at, encryption, {}};
  key.connect_patience = patience;
  key.greeting_patience = patience;
  key.reply_patience = patience;
  key.handshake_patience = patience;
  Opening opening = co_await open_door(context, std::move(key), nullptr);
  Trial trial;
  trial.at = at;
  trial.encryption = encryption;
  trial.reached = reached(opening);
  trial.certificate_holds =
      opening.tls && opening.certificate.shown && opening.certificate.problems.empty();
  trial.certificate = opening.certificate;
  trial.works = opening.is_open() && (trial.certificate_holds || encryption == Encryption::none);
  if (opening.error)
    trial.words = opening.error->message();
  else if (opening.reply)
    trial.words = opening.reply->text();
  else if (opening.tls && !trial.certificate_holds)
    trial.words = opening.tls->certificate_problem;
  if (opening.session) {
    trial.greeting = opening.session->greeting;
    trial.mechanisms = opening.session->capabilities.auth_mechanisms;
  }
  co_await close_door(opening);
  co_return trial;
}

}  // namespace waypost::doctor
