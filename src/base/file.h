// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace truenext {

/// Whole file as bytes. Refuses files above `max_bytes` before memory is taken.
std::string read_file(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{1} << 32);

/// Read-only mapping of a file, shared between processes. Empty files give an empty span.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// The bytes as an array of T; the size must be a multiple of sizeof(T), else an Error.
  template <typename T>
  std::span<const T> as(const char* what) const {
    check_multiple(sizeof(T), what);
    return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
  }

 private:
  void check_multiple(size_t size, const char* what) const;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// Writes all bytes, in several pieces where the system takes less at a time. Data Error with the
/// system's reason, naming `path`.
void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path);

/// A file that appears under its name only when it is complete: written to a temporary name in the
/// same folder, fsync, rename, fsync of the folder. Destroyed without commit() it leaves nothing.
/// A link is followed; a device or a pipe (/dev/null, /dev/stdout) is written to as it is.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  template <typename T>
  void write_array(std::span<const T> values) {
    write(std::as_bytes(values));
  }
  uint64_t bytes_written() const { return written_; }
  void commit();

 private:
  void flush();
  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< empty for what cannot be replaced: a device, a pipe
  int descriptor_ = -1;
  uint64_t written_ = 0;
  std::string buffer_;
};

void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// mkdir -p with an Error that names the folder.
void make_folder(const std::filesystem::path& path);

}  // namespace truenext
