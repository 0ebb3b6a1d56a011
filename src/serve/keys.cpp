// SPDX-License-Identifier: Apache-2.0
#include "serve/keys.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/error.h"
#include "base/file.h"

namespace truenext::serve {
namespace {

constexpr std::array<std::string_view, 4> kRoles{"none", "read", "write", "admin"};

KeyDigest digest_of(std::string_view key) {
  KeyDigest digest;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return digest;
}

std::string hex(const KeyDigest& digest) {
  std::string text;
  for (const uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

KeyDigest read_digest(std::string_view text, const std::string& where) {
  constexpr std::string_view kPrefix = "sha256:";
  KeyDigest digest;
  bool ok = text.starts_with(kPrefix) && text.size() == kPrefix.size() + 2 * digest.size();
  for (size_t i = 0; ok && i < digest.size(); ++i) {
    const char* begin = text.data() + kPrefix.size() + 2 * i;
    ok = std::from_chars(begin, begin + 2, digest[i], 16).ptr == begin + 2;
  }
  check_data(ok, "{}: want sha256: and 64 hexadecimal digits (truenext serve --new-key NAME)",
             where);
  return digest;
}

double read_rate(std::string_view text, const std::string& where) {
  double rate = 0;
  const bool per_second = text.ends_with("/s");
  if (per_second) text.remove_suffix(2);
  const auto end = std::from_chars(text.data(), text.data() + text.size(), rate);
  check_data(per_second && end.ec == std::errc() && end.ptr == text.data() + text.size() &&
                 rate > 0 && rate <= 1e9,
             "{}: want rate=N/s", where);
  return rate;
}

int64_t read_day(const std::string& text, const std::string& where) {
  std::tm day{};
  const char* end = strptime(text.c_str(), "%Y-%m-%d", &day);
  check_data(end != nullptr && *end == '\0', "{}: want expires=YYYY-MM-DD", where);
  return timegm(&day);
}

Key read_line(const std::vector<std::string>& words, const std::string& where) {
  check_data(words.size() >= 3, "{}: want NAME ROLE sha256:HEX", where);
  Key key;
  key.name = words[0];
  const auto role = std::find(kRoles.begin() + 1, kRoles.end(), words[1]);
  check_data(role != kRoles.end(), "{}: role \"{}\" is unknown, want read, write or admin", where,
             words[1]);
  key.role = static_cast<Role>(role - kRoles.begin());
  key.digest = read_digest(words[2], where);
  for (size_t i = 3; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with("rate=")) {
      key.rate = read_rate(std::string_view(word).substr(5), where);
    } else if (word.starts_with("expires=")) {
      key.expires = read_day(word.substr(8), where);
    } else {
      fail_data("{}: \"{}\" is unknown, want rate=N/s or expires=YYYY-MM-DD", where, word);
    }
  }
  return key;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const size_t end = line.find_first_of(" \t\r");
    if (end != 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return words;
}

std::string base64url(const std::array<uint8_t, 32>& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) text += kDigits[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kDigits[bits << (6 - held) & 63];
  return text;
}

}  // namespace

std::string_view role_name(Role role) {
  return kRoles[static_cast<size_t>(role)];
}

Role role_of(std::string_view name) {
  const auto found = std::find(kRoles.begin() + 1, kRoles.end(), name);
  check_usage(found != kRoles.end(), "--role {}: want read, write or admin", name);
  return static_cast<Role>(found - kRoles.begin());
}

KeyFile KeyFile::read(const std::filesystem::path& path) {
  const std::string text = read_file(path, uint64_t{1} << 20);
  struct stat info {};
  check_data(::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) == 0,
             "{}: others may read the keys; chmod 600 {}", path.string(), path.string());
  return parse(text, path.string());
}

KeyFile KeyFile::parse(std::string_view text, const std::string& where) {
  KeyFile file;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::vector<std::string> words = words_of(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (words.empty() || words[0].starts_with("#")) continue;
    const std::string line = fmt::format("{}:{}", where, number);
    Key key = read_line(words, line);
    for (const Key& other : file.keys_) {
      check_data(other.name != key.name, "{}: the name {} stands twice", line, key.name);
    }
    file.keys_.push_back(std::move(key));
  }
  check_data(!file.keys_.empty(), "{}: holds no key; truenext serve --new-key NAME makes one",
             where);
  return file;
}

const Key* KeyFile::find(std::string_view key, int64_t now) const {
  const KeyDigest digest = digest_of(key);
  const Key* found = nullptr;
  for (const Key& each : keys_) {
    const bool same = CRYPTO_memcmp(digest.data(), each.digest.data(), digest.size()) == 0;
    if (same && (each.expires == 0 || now < each.expires)) found = &each;
  }
  return found;
}

bool RateLimits::take(const Key& key, double now) {
  if (key.rate <= 0) return true;
  const std::lock_guard lock(mutex_);
  auto bucket = std::find_if(buckets_.begin(), buckets_.end(),
                             [&](const Bucket& each) { return each.name == key.name; });
  const double most = std::max(1.0, key.rate);  // a burst of one second
  if (bucket == buckets_.end()) {
    buckets_.push_back({key.name, most, now});
    bucket = buckets_.end() - 1;
  }
  bucket->level = std::min(most, bucket->level + (now - bucket->at) * key.rate);
  bucket->at = now;
  if (bucket->level < 1) return false;
  bucket->level -= 1;
  return true;
}

NewKey make_key(const std::string& name, Role role, const std::string& rate) {
  check_usage(!name.empty() && words_of(name).size() == 1 && words_of(name)[0] == name &&
                  name.find('\n') == std::string::npos && name.front() != '#',
              "--new-key \"{}\": want a name without blanks", name);
  std::array<uint8_t, 32> bytes;
  check_data(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1,
             "the system gives no random bytes for a key");
  NewKey made;
  made.key = "tnk_" + base64url(bytes);
  made.line = fmt::format("{} {} sha256:{}", name, role_name(role), hex(digest_of(made.key)));
  if (!rate.empty()) {
    (void)read_rate(rate, "--rate " + rate);
    made.line += " rate=" + rate;
  }
  return made;
}

}  // namespace truenext::serve
