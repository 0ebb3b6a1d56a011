// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

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

}  // namespace truenext
