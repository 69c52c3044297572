#include "queue/notifier.h"

namespace waypost::queue {

bool wants_notice(const spool::Envelope& envelope, uint32_t recipient, NoticeKind kind) {
  if (!envelope.sender || envelope.inbound) return false;
  auto stated = envelope.recipient_dsn.find(recipient);
  smtp::Notify notify;
  if (stated != envelope.recipient_dsn.end()) notify = stated->second.notify;
  if (!notify.stated()) return kind != NoticeKind::relayed;
  if (notify.never) return false;
  switch (kind) {
    case NoticeKind::failed:
      return notify.failure;
    case NoticeKind::delayed:
      return notify.delay;
    case NoticeKind::relayed:
      return notify.success;
  }
  return false;
}

}  // namespace waypost::queue
