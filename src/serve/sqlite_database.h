// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace truenext::serve {

/// A statement with its values. Reset and unbound when it goes out of scope.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement, sqlite3* database)
      : statement_(statement), database_(database) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int64_t value);
  Statement& bind(std::string_view bytes);
  Statement& bind_null();
  /// Whether there is a row. Throws store-unavailable.
  bool step();
  int64_t number(int column) const;
  std::string bytes(int column) const;
  bool is_null(int column) const;

 private:
  sqlite3_stmt* statement_;
  sqlite3* database_;
  int next_ = 1;
};

/// The one connection of a process to a file of events, which nobody else has meanwhile: Debian's
/// SQLite 3.40.1 may damage a write-ahead log that two connections reset (decision 0030).
class Database {
 public:
  enum class Use { serve, read };
  /// Data Error when the file is none of ours, of a newer version, damaged, another's, or not to be
  /// written by this user, who can read it all the same when it has no log.
  Database(const std::string& path, Use use);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Of a constant text: it is compiled once.
  Statement prepare(const char* sql);
  void run(const char* sql);
  int64_t changes() const;
  int64_t last_row() const;

 private:
  void check_ours(const std::string& path, Use use);
  void make_tables();
  void close();

  sqlite3* database_ = nullptr;
  bool fixed_ = false;  ///< may not be written, and is only read
  std::map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace truenext::serve
