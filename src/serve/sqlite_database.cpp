// SPDX-License-Identifier: Apache-2.0
#include "serve/sqlite_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "serve/problem.h"

namespace truenext::serve {
namespace {

constexpr int64_t kApplication = 0x74727565;  // "true"
constexpr int64_t kVersion = 1;

constexpr const char* kTables = R"sql(
CREATE TABLE users(id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);
CREATE TABLE kinds(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE events(user INTEGER NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
                    item BLOB NOT NULL, kind INTEGER NOT NULL, event_id BLOB,
                    PRIMARY KEY(user, time, seq)) WITHOUT ROWID;
CREATE UNIQUE INDEX by_id ON events(user, event_id) WHERE event_id IS NOT NULL;
CREATE TABLE replies(key BLOB PRIMARY KEY, hash BLOB NOT NULL, accepted INTEGER NOT NULL,
                     duplicates INTEGER NOT NULL, expires INTEGER NOT NULL);
CREATE INDEX by_expiry ON replies(expires);
PRAGMA user_version = 1;
)sql";

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

/// By this user: a file, and its folder, where the log of a database stands beside it.
bool can_write(const std::filesystem::path& path) {
  const auto allowed = [](const std::filesystem::path& place) {
    return ::faccessat(AT_FDCWD, place.c_str(), W_OK, AT_EACCESS) == 0;
  };
  std::error_code ignored;
  return allowed(folder_of(path)) && (!std::filesystem::exists(path, ignored) || allowed(path));
}

/// What can be done with a file that may not be written.
void check_readable(const std::string& path, Database::Use use, bool has_log) {
  std::error_code ignored;
  const std::filesystem::path folder = folder_of(path);
  check_data(std::filesystem::is_directory(folder, ignored),
             "{}: no such folder, where the event store {} is to be", folder.string(), path);
  check_data(use == Database::Use::read,
             "{}: this user may not write the event store; give it the file and its folder, or "
             "keep the events elsewhere with --events",
             path);
  check_data(!has_log,
             "{0}: its log, {0}-wal, has to be written into it, and this user may not; copy both "
             "to a folder of your own",
             path);
}

/// A file that nobody changes meanwhile, for SQLite to read without a lock and a log.
std::string fixed_file(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

[[noreturn]] void fail_store(sqlite3* database) {
  refuse("store-unavailable", fmt::format("the event store: {}", sqlite3_errmsg(database)));
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      database_(other.database_),
      next_(other.next_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int64_t value) {
  sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

Statement& Statement::bind(std::string_view bytes) {
  sqlite3_bind_blob64(statement_, next_++, bytes.data() != nullptr ? bytes.data() : "",
                      bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_, next_++);
  return *this;
}

bool Statement::step() {
  const int status = sqlite3_step(statement_);
  if (status != SQLITE_ROW && status != SQLITE_DONE) fail_store(database_);
  return status == SQLITE_ROW;
}

int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::bytes(int column) const {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? "" : std::string(data, static_cast<size_t>(size));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Database::Database(const std::string& path, Use use) {
  std::error_code ignored;
  const auto log_size = std::filesystem::file_size(path + "-wal", ignored);
  const bool left_behind = !ignored && log_size > 0;
  fixed_ = !can_write(path);
  if (fixed_) check_readable(path, use, left_behind);
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (fixed_ ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE) |
                    (use == Use::serve ? SQLITE_OPEN_CREATE : 0);
  const mode_t before = ::umask(0077);
  const int opened =
      sqlite3_open_v2((fixed_ ? fixed_file(path) : path).c_str(), &database_, flags, nullptr);
  ::umask(before);
  const std::string reason = database_ != nullptr ? sqlite3_errmsg(database_) : "out of memory";
  try {
    check_data(opened == SQLITE_OK, "{}: cannot open the event store: {}", path, reason);
    check_ours(path, use);
    if (left_behind) {
      Statement check = prepare("PRAGMA quick_check(1)");
      const std::string result = check.step() ? check.bytes(0) : "no answer";
      check_data(result == "ok",
                 "{}: the event store is damaged ({}); recover what can be read with sqlite3 {} "
                 "'.recover' | sqlite3 NEW.db",
                 path, result, path);
    }
  } catch (const ProblemError& error) {
    const int code = sqlite3_errcode(database_);
    const std::string text = error.what();
    close();
    check_data(code != SQLITE_BUSY && code != SQLITE_LOCKED,
               "{}: another process has the event store; one server at a time (a running one gives "
               "its events by GET /v1/admin/events.jsonl)",
               path);
    fail_data("{}: {}", path, text);
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() {
  close();
}

void Database::close() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close(database_);
  database_ = nullptr;
}

void Database::check_ours(const std::string& path, Use use) {
  run("PRAGMA locking_mode = EXCLUSIVE");
  const auto pragma = [this](const char* sql) {
    Statement statement = prepare(sql);
    return statement.step() ? statement.number(0) : 0;
  };
  const bool empty = pragma("SELECT count(*) FROM sqlite_master") == 0;
  if (!empty) {
    check_data(pragma("PRAGMA application_id") == kApplication,
               "{}: an SQLite database, but no event store of truenext serve; write a table of it "
               "as CSV: sqlite3 -header -csv FILE \"select * from TABLE\" > events.csv",
               path);
    check_data(pragma("PRAGMA user_version") <= kVersion,
               "{}: an event store of a newer version; use a newer truenext", path);
  }
  check_data(!empty || use == Use::serve, "{}: holds no events", path);
  if (fixed_) return;
  // Before the log begins, so that it is in the file itself, where `prepare` looks for it.
  if (empty) run("PRAGMA application_id = 0x74727565");
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = FULL");
  run("PRAGMA secure_delete = ON");
  run("BEGIN EXCLUSIVE");
  if (empty) make_tables();
  run("COMMIT");
}

void Database::make_tables() {
  if (sqlite3_exec(database_, kTables, nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail_store(database_);
  }
}

Statement Database::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr && sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                 &statement, nullptr) != SQLITE_OK) {
    fail_store(database_);
  }
  return Statement(statement, database_);
}

void Database::run(const char* sql) {
  Statement statement = prepare(sql);
  while (statement.step()) {
  }
}

int64_t Database::changes() const {
  return sqlite3_changes64(database_);
}

int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(database_);
}

}  // namespace truenext::serve
