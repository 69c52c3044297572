#pragma once

#include <array>
#include <cstdint>

// Of the database of a day. Only for the reading and writing of it.
namespace waypost::records {

// Files of an older version have neither `words` nor `tags`; who reads them must not ask for these.
inline constexpr int64_t version_with_subjects = 4;

// Every table is described in docs/format/records.md.
inline constexpr std::array<const char*, 4> day_migrations{R"sql(
CREATE TABLE feed (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  batch_file TEXT NOT NULL, batch_offset INTEGER NOT NULL,
  end_file TEXT NOT NULL, end_offset INTEGER NOT NULL,
  rebuilding INTEGER NOT NULL);
CREATE TABLE messages (
  number INTEGER PRIMARY KEY,
  id BLOB UNIQUE,
  at INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  sender TEXT NOT NULL COLLATE NOCASE,
  message_id TEXT NOT NULL,
  session TEXT NOT NULL,
  transaction_number INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  stream TEXT NOT NULL,
  login TEXT NOT NULL,
  client TEXT NOT NULL,
  size INTEGER NOT NULL,
  tags TEXT NOT NULL,
  metadata TEXT NOT NULL);
CREATE INDEX messages_by_sender ON messages (sender);
CREATE INDEX messages_by_message_id ON messages (message_id) WHERE message_id <> '';
CREATE INDEX messages_by_session ON messages (session) WHERE session <> '';
CREATE TABLE recipients (
  message INTEGER NOT NULL,
  place INTEGER NOT NULL,
  address TEXT NOT NULL COLLATE NOCASE,
  domain TEXT NOT NULL,
  state TEXT NOT NULL,
  settled_at INTEGER,
  PRIMARY KEY (message, place)) WITHOUT ROWID;
CREATE INDEX recipients_by_address ON recipients (address);
CREATE INDEX recipients_by_domain ON recipients (domain);
CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  class TEXT NOT NULL,
  host TEXT NOT NULL,
  line TEXT NOT NULL);
CREATE INDEX events_by_message ON events (message);
CREATE INDEX events_by_class ON events (class, message) WHERE class <> '';
CREATE INDEX events_by_host ON events (host, message) WHERE host <> '';
CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE gaps (
  number INTEGER PRIMARY KEY,
  from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, lost INTEGER NOT NULL);
)sql",
                                                           R"sql(
CREATE INDEX messages_by_at ON messages (at);
CREATE INDEX recipients_by_state ON recipients (state, message);
)sql",
                                                           R"sql(
CREATE INDEX events_that_came_back ON events (kind, message) WHERE kind IN (
  'late_bounced', 'late_delayed', 'complained', 'unsubscribed', 'auto_replied');
)sql",
                                                           R"sql(
ALTER TABLE messages ADD COLUMN words TEXT NOT NULL DEFAULT '';
CREATE INDEX messages_by_sender_domain ON messages (
  lower(substr(sender, length(rtrim(sender, replace(sender, '@', ''))) + 1)));
CREATE TABLE tags (
  tag TEXT NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (tag, message)) WITHOUT ROWID;
CREATE VIRTUAL TABLE subjects USING fts5(
  words, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
CREATE VIRTUAL TABLE subject_instances USING fts5vocab(subjects, 'instance');
)sql"};

// Random places of the indexes are written again and again: a larger log writes them less often.
// Nobody else writes, and whoever waits for a lock can try again later.
inline constexpr const char* day_tuning =
    "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000; "
    "PRAGMA journal_size_limit = 33554432; PRAGMA busy_timeout = 500";

}  // namespace waypost::records
