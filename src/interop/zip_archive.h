// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "base/file.h"

namespace truenext {

/// A mapped ZIP file of *stored* (uncompressed) entries, as PyTorch writes them. Sizes come from
/// the central directory; local headers only tell where an entry's bytes begin. Compressed,
/// encrypted, split and ZIP64 archives are refused. Data Error naming file and entry.
class ZipArchive {
 public:
  explicit ZipArchive(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  bool contains(const std::string& name) const { return entries_.contains(name); }
  /// Size in bytes. Data Error when absent.
  uint64_t size(const std::string& name) const { return find(name).bytes.size(); }
  /// The bytes, after their CRC-32 was compared. Data Error when absent or damaged.
  std::span<const std::byte> read(const std::string& name) const;
  /// The only entry whose name without its top folder is `name`; empty when there is none.
  std::string find_in_top_folder(const std::string& name) const;

 private:
  struct Entry {
    std::span<const std::byte> bytes;
    uint32_t crc = 0;
  };
  const Entry& find(const std::string& name) const;
  void read_directory(std::span<const std::byte> directory, size_t count, size_t data_end);

  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace truenext
