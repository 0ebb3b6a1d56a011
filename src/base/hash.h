// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace truenext {

/// Streaming 128-bit fingerprint (XXH3) of bytes, as 32 hexadecimal digits. Not cryptographic: it
/// tells datasets apart, it does not prove who made them.
class Fingerprint {
 public:
  Fingerprint();
  ~Fingerprint();
  void add(std::span<const std::byte> bytes);
  template <typename T>
  void add_values(std::span<const T> values) {
    add(std::as_bytes(values));
  }
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// XXH3 of a text in 64 bits: the same everywhere.
uint64_t text_hash(std::string_view text);

}  // namespace truenext
