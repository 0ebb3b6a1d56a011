// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace truenext {

/// A stream of bytes. Memory does not depend on the size of the input.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes into `out`; 0 only at the end of the input. Data Error naming the file when
  /// it cannot be read or its compressed form is damaged or ends early.
  virtual size_t read(char* out, size_t size) = 0;
};

/// Opens a file, or standard input for "-". gzip (RFC 1952, several members) and Zstandard (RFC
/// 8878, several frames) are told by their first bytes, whatever the name, and unpacked on the way.
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

}  // namespace truenext
