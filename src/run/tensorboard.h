// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace truenext {

/// Scalars for TensorBoard: records of length, masked CRC32C, payload (an `Event` protobuf), masked
/// CRC32C, appended to one events file in the run folder.
class TensorBoardWriter {
 public:
  /// Opens `folder`/events.out.tfevents.truenext for appending; starts it anew when `fresh`.
  TensorBoardWriter(const std::filesystem::path& folder, bool fresh);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  void scalar(const std::string& tag, int64_t step, float value);
  /// Bytes written so far: a checkpoint remembers it, a resumed run cuts the file there.
  uint64_t size() const { return size_; }
  void cut(uint64_t size);

 private:
  void record(const std::string& payload);
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

/// CRC-32C (Castagnoli) of the bytes.
uint32_t crc32c(const void* data, size_t size);

}  // namespace truenext
