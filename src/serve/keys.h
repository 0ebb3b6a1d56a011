// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/words.h"

namespace truenext::serve {

/// What a caller may do; each includes those before it. `none` is for everybody.
enum class Role { none, read, write, admin };

/// SHA-256 of a key.
using KeyDigest = std::array<uint8_t, 32>;

struct Key {
  std::string name;
  Role role = Role::read;
  KeyDigest digest{};
  double rate = 0;      ///< requests a second, 0 = any number
  int64_t expires = 0;  ///< seconds since 1970, 0 = never
};

/// The keys of a file: `name role sha256:HEX [rate=100/s] [expires=2027-01-01]` a line.
class KeyFile {
 public:
  /// Data Error naming file and line. The file must not be readable by others (mode 0600).
  static KeyFile read(const std::filesystem::path& path);
  static KeyFile parse(std::string_view text, const std::string& where);

  size_t size() const { return keys_.size(); }
  /// Compares with every entry, so that the time does not tell which was near.
  const Key* find(std::string_view key, int64_t now) const;

 private:
  std::vector<Key> keys_;
};

/// Takes one request from the rate of a key; false when there is none left. Thread-safe.
class RateLimits {
 public:
  bool take(const Key& key, double now);

 private:
  struct Bucket {
    std::string name;
    double level = 0, at = 0;
  };
  std::mutex mutex_;
  std::vector<Bucket> buckets_;
};

/// A new key and its line for the file. Prefix tnk_, 32 random bytes in base64url.
struct NewKey {
  std::string key, line;
};
NewKey make_key(const std::string& name, Role role, const std::string& rate);

std::string_view role_name(Role role);
/// Usage Error naming the roles.
Role role_of(std::string_view name);

}  // namespace truenext::serve
