// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace truenext {

enum class DType { f32, f64, i32, i64, u8 };

/// The name in a file, "F32" and so on.
std::string_view dtype_name(DType dtype);
/// Bytes of one element.
size_t dtype_size(DType dtype);

/// One tensor of a safetensors file: borrowed bytes, row-major, little-endian.
struct StoredTensor {
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

/// The bytes of a file that are in memory already.
struct MemoryFile {
  std::span<const std::byte> bytes;  ///< whoever lends them keeps them as they are
  std::vector<std::byte> owned;      ///< instead of `bytes`, unless empty
  std::string name = "(memory)";     ///< begins the messages, as a path does

  std::span<const std::byte> view() const { return owned.empty() ? bytes : std::span(owned); }
};

/// A mapped safetensors file (u64 header length, JSON header, data). Opening checks every size and
/// range before anything is used; it never executes anything. Data Error naming file and tensor.
/// Stricter than the format: the five types above only, every tensor aligned to its type.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// The same of bytes in memory. Lent bytes are used where they lie; if that is not aligned to 8,
  /// as a file's are, they are copied.
  explicit SafetensorsFile(MemoryFile memory);

  /// The name, of a file in memory.
  const std::filesystem::path& path() const { return path_; }
  /// The whole file.
  std::span<const std::byte> content() const { return content_; }
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Data Error when absent, of another type or shape.
  std::span<const float> floats(const std::string& name, std::span<const int64_t> shape) const;
  /// The values of a vector of any length. Data Error when absent, of another type or rank.
  template <typename T>
  std::span<const T> vector(const std::string& name) const;

 private:
  void read(std::span<const std::byte> bytes);
  const StoredTensor& find(const std::string& name, DType dtype) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::vector<std::byte> owned_;
  std::span<const std::byte> content_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Tensors to be written; the bytes are borrowed until write(). Data comes without gaps, as the
/// format wants: widest type first and in the order of adding within a type, which aligns all.
class SafetensorsWriter {
 public:
  void add(std::string name, DType dtype, std::vector<int64_t> shape,
           std::span<const std::byte> bytes);
  void add_floats(std::string name, std::vector<int64_t> shape, std::span<const float> values);
  /// Float32 values that are not all in memory: while the file is written `source` hands them over
  /// in order, a piece at a time.
  using Sink = std::function<void(std::span<const std::byte>)>;
  using Source = std::function<void(const Sink&)>;
  void add_stream(std::string name, std::vector<int64_t> shape, Source source);
  void set_metadata(std::string key, std::string value);
  /// Atomic; the same content gives the same bytes.
  void write(const std::filesystem::path& path) const;

 private:
  struct Entry {
    std::string name;
    DType dtype;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
    Source source;  ///< instead of bytes
  };
  static void write_stream(const Entry& entry, AtomicFile& file);
  std::string header(const std::vector<const Entry*>& order) const;

  std::vector<Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace truenext
