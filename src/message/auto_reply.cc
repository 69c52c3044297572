#include "message/auto_reply.h"

#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "message/address_list.h"

namespace waypost::message {
namespace {

// Fields that only answering programs write.
constexpr std::array<const char*, 6> answering_fields{"X-Autoreply",      "X-Autorespond",
                                                      "X-Autoreply-From", "X-Autoreply-Domain",
                                                      "X-Mail-Autoreply", "X-Vacation"};

// How subjects of such answers begin, in the languages of Exchange and others. Letters of ASCII are
// small here; all others stand as the programs write them.
constexpr std::string_view subjects[] = {"auto reply:",
                                         "auto:",
                                         "autoreply:",
                                         "auto-reply:",
                                         "auto response:",
                                         "autoresponse:",
                                         "auto-response:",
                                         "automatic reply:",
                                         "automatic reply",
                                         "out of office",
                                         "out of the office",
                                         "out-of-office",
                                         "vacation reply",
                                         "i am away",
                                         "away from my mail",
                                         "abwesenheitsnotiz",
                                         "abwesend:",
                                         "automatische antwort",
                                         "automatisch antwoord",
                                         "réponse automatique",
                                         "absence du bureau",
                                         "respuesta automática",
                                         "fuera de la oficina",
                                         "risposta automatica",
                                         "fuori sede:",
                                         "resposta automática",
                                         "resposta automàtica",
                                         "ausência temporária",
                                         "自動応答",
                                         "自動返信",
                                         "不在通知",
                                         "不在:",
                                         "不在：",
                                         "自动答复",
                                         "自动回复",
                                         "自動回覆",
                                         "자동 회신",
                                         "자동 응답",
                                         "autosvar:",
                                         "automatiskt svar:",
                                         "automatisk svar:",
                                         "automaattinen vastaus:",
                                         "autoodpowied",
                                         "automatyczna odpowied",
                                         "automatická odpov",
                                         "automatikus válasz",
                                         "răspuns automat",
                                         "samodejni odgovor",
                                         "automatski odgovor",
                                         "automaatvastus",
                                         "automātiska atbilde",
                                         "automatinis atsakymas",
                                         "otomatik yanıt",
                                         "автоматический ответ",
                                         "Автоматический ответ",
                                         "Автоматична відповідь",
                                         "Автоматичен отговор",
                                         "Автоответ",
                                         "Αυτόματη απάντηση",
                                         "trả lời tự động"};

std::string address_in(std::string_view field) {
  auto addresses = parse_address_list(field);
  return addresses && !addresses->empty() ? addresses->front() : std::string();
}

std::string reason_of(const MimeMessage& message) {
  std::string submitted = base::to_lower(message.field("Auto-Submitted"));
  if (submitted.starts_with("auto-replied"))
    return fmt::format("Auto-Submitted: {}", message.field("Auto-Submitted"));
  // Programs of lists and monitors say so; they answer nobody.
  if (submitted.starts_with("auto-generated") && message.field("In-Reply-To").empty()) return {};
  for (const char* name : answering_fields)
    if (!message.field(name).empty()) return fmt::format("{}: {}", name, message.field(name));
  std::string precedence = base::to_lower(message.field("Precedence"));
  if (precedence == "auto_reply" || precedence == "auto-reply")
    return fmt::format("Precedence: {}", precedence);
  if (base::to_lower(message.field("X-Apple-Action")) == "vacation") return "X-Apple-Action";
  std::string subject = base::to_lower(message.field("Subject"));
  for (std::string_view start : subjects)
    if (subject.starts_with(start)) return fmt::format("Subject: {}", message.field("Subject"));
  return {};
}

}  // namespace

std::optional<AutoReply> auto_reply_of(const MimeMessage& message) {
  if (!message.field("List-Id").empty()) return std::nullopt;
  // A mail system answers for nobody.
  std::string from = base::to_lower(message.field("From"));
  if (from.find("mailer-daemon") != std::string::npos || from.starts_with("postmaster@") ||
      from.find("<postmaster@") != std::string::npos)
    return std::nullopt;
  std::string reason = reason_of(message);
  if (reason.empty()) return std::nullopt;
  return AutoReply{address_in(message.field("From")), std::move(reason)};
}

}  // namespace waypost::message
