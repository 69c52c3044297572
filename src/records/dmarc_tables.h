#pragma once

#include <array>

// Of the database of DMARC reports. Only for dmarc_store.cc.
namespace waypost::records {

inline constexpr std::array<const char*, 2> dmarc_migrations{
    "CREATE TABLE reports ("
    "  number INTEGER PRIMARY KEY,"
    "  organisation TEXT NOT NULL,"
    "  report_id TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  email TEXT NOT NULL,"
    "  begin_at INTEGER NOT NULL,"  // seconds since 1970, UTC
    "  end_at INTEGER NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  subdomain_policy TEXT NOT NULL,"
    "  testing INTEGER NOT NULL,"
    "  room INTEGER NOT NULL,"
    "  cut_off INTEGER NOT NULL,"
    "  kept_at INTEGER NOT NULL,"
    "  UNIQUE (organisation, report_id, domain)"
    ") STRICT;"
    "CREATE INDEX reports_end ON reports (end_at);"
    "CREATE TABLE rows ("
    "  report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE,"
    "  place INTEGER NOT NULL,"
    "  source TEXT NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  disposition TEXT NOT NULL,"
    "  dkim TEXT NOT NULL,"
    "  spf TEXT NOT NULL,"
    "  overrides TEXT NOT NULL,"  // JSON: [reason, ...]
    "  header_from TEXT NOT NULL,"
    "  envelope_from TEXT NOT NULL,"
    "  signatures TEXT NOT NULL,"  // JSON: [[domain, selector, result], ...]
    "  spf_domain TEXT NOT NULL,"
    "  spf_result TEXT NOT NULL,"
    "  PRIMARY KEY (report, place)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE failures ("
    "  number INTEGER PRIMARY KEY,"
    "  kept_at INTEGER NOT NULL,"
    "  reporter TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  sender TEXT NOT NULL,"
    "  arrived TEXT NOT NULL,"  // as the reporter wrote it
    "  message_id TEXT NOT NULL,"
    "  auth_failure TEXT NOT NULL,"
    "  alignment TEXT NOT NULL,"
    "  delivery TEXT NOT NULL,"
    "  incidents INTEGER NOT NULL,"
    "  UNIQUE (reporter, source, domain, sender, arrived, message_id)"
    ") STRICT;"
    "CREATE INDEX failures_kept ON failures (kept_at)",
    // Reports without an id of their own are told apart by their times. The rows go first: dropping
    // what they refer to would drop them.
    "CREATE TABLE new_reports ("
    "  number INTEGER PRIMARY KEY,"
    "  organisation TEXT NOT NULL,"
    "  report_id TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  email TEXT NOT NULL,"
    "  begin_at INTEGER NOT NULL,"  // seconds since 1970, UTC
    "  end_at INTEGER NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  subdomain_policy TEXT NOT NULL,"
    "  testing INTEGER NOT NULL,"
    "  room INTEGER NOT NULL,"
    "  cut_off INTEGER NOT NULL,"
    "  kept_at INTEGER NOT NULL,"
    "  UNIQUE (organisation, report_id, domain, begin_at, end_at)"
    ") STRICT;"
    "INSERT INTO new_reports SELECT * FROM reports;"
    "CREATE TABLE new_rows ("
    "  report INTEGER NOT NULL REFERENCES new_reports ON DELETE CASCADE,"
    "  place INTEGER NOT NULL,"
    "  source TEXT NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  disposition TEXT NOT NULL,"
    "  dkim TEXT NOT NULL,"
    "  spf TEXT NOT NULL,"
    "  overrides TEXT NOT NULL,"  // JSON: [reason, ...]
    "  header_from TEXT NOT NULL,"
    "  envelope_from TEXT NOT NULL,"
    "  signatures TEXT NOT NULL,"  // JSON: [[domain, selector, result], ...]
    "  spf_domain TEXT NOT NULL,"
    "  spf_result TEXT NOT NULL,"
    "  PRIMARY KEY (report, place)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO new_rows SELECT * FROM rows;"
    "DROP TABLE rows;"
    "DROP TABLE reports;"
    "ALTER TABLE new_reports RENAME TO reports;"
    "ALTER TABLE new_rows RENAME TO rows;"
    "CREATE INDEX reports_end ON reports (end_at)"};

}  // namespace waypost::records
