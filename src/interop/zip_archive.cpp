// SPDX-License-Identifier: Apache-2.0
// Layout: PKWARE's APPNOTE. End record: last 22 bytes plus a comment of at most 65535.
#include "interop/zip_archive.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace truenext {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kCentralBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr size_t kMaxComment = 65535;
constexpr uint16_t kEncrypted = 1;

template <typename T>
T load(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

std::string_view text_at(std::span<const std::byte> bytes, size_t offset, size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + offset, size};
}

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xedb88320u : 0u);
    table[i] = value;
  }
  return table;
}

uint32_t crc32(std::span<const std::byte> bytes) {
  static constexpr auto table = crc_table();
  uint32_t crc = ~0u;
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<uint32_t>(byte)) & 0xff];
  }
  return ~crc;
}

/// Offset of the end record, searched from the back as the comment's length is not known.
size_t find_end_record(std::span<const std::byte> bytes, const std::string& where) {
  check_data(bytes.size() >= kEndBytes, "{}: {} bytes: not a ZIP file", where, bytes.size());
  const size_t last = bytes.size() - kEndBytes;
  const size_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (load<uint32_t>(bytes, at) == kEndSignature &&
        at + kEndBytes + load<uint16_t>(bytes, at + 20) == bytes.size()) {
      return at;
    }
  }
  fail_data("{}: a ZIP file without its end: it was cut; copy it again", where);
}

}  // namespace

ZipArchive::ZipArchive(const std::filesystem::path& path) : path_(path), file_(path) {
  const std::string where = path.string();
  const std::span<const std::byte> bytes = file_.bytes();
  const size_t end = find_end_record(bytes, where);
  const uint16_t disk = load<uint16_t>(bytes, end + 4);
  const uint16_t count = load<uint16_t>(bytes, end + 10);
  const uint32_t size = load<uint32_t>(bytes, end + 12);
  const uint32_t offset = load<uint32_t>(bytes, end + 16);
  check_data(count != 0xffff && size != 0xffffffff && offset != 0xffffffff,
             "{}: a ZIP64 archive; only archives below 4 GiB are read", where);
  check_data(disk == 0 && load<uint16_t>(bytes, end + 8) == count,
             "{}: a ZIP archive in several parts is not read", where);
  check_data(offset <= end && size <= end - offset,
             "{}: the ZIP directory ({} bytes at {}) lies outside the file: cut or damaged", where,
             size, offset);
  read_directory(bytes.subspan(offset, size), count, offset);
}

void ZipArchive::read_directory(std::span<const std::byte> directory, size_t count,
                                size_t data_end) {
  const std::string where = path_.string();
  const std::span<const std::byte> data = file_.bytes().first(data_end);
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    check_data(directory.size() - at >= kCentralBytes &&
                   load<uint32_t>(directory, at) == kCentralSignature,
               "{}: entry {} of the ZIP directory is damaged", where, i);
    const std::span<const std::byte> record = directory.subspan(at);
    const size_t name_bytes = load<uint16_t>(record, 28);
    const size_t all_bytes =
        kCentralBytes + name_bytes + load<uint16_t>(record, 30) + load<uint16_t>(record, 32);
    check_data(record.size() >= all_bytes, "{}: entry {} of the ZIP directory is cut", where, i);
    const std::string name(text_at(record, kCentralBytes, name_bytes));
    const std::string place = fmt::format("{}: entry {}", where, name);
    const uint32_t size = load<uint32_t>(record, 24);
    const uint32_t local = load<uint32_t>(record, 42);
    check_data((load<uint16_t>(record, 8) & kEncrypted) == 0, "{}: encrypted", place);
    check_data(load<uint16_t>(record, 10) == 0 && load<uint32_t>(record, 20) == size,
               "{}: compressed; PyTorch stores its entries uncompressed", place);
    check_data(size != 0xffffffff && local != 0xffffffff, "{}: ZIP64 entries are not read", place);
    check_data(data.size() >= kLocalBytes && local <= data.size() - kLocalBytes &&
                   load<uint32_t>(data, local) == kLocalSignature,
               "{}: its local header at {} is not there: the file is damaged", place, local);
    const size_t begin = size_t{local} + kLocalBytes + load<uint16_t>(data, local + 26) +
                         load<uint16_t>(data, local + 28);
    check_data(begin <= data.size() && size <= data.size() - begin,
               "{}: {} bytes at {} lie outside the file: cut or damaged", place, size, begin);
    const Entry entry{data.subspan(begin, size), load<uint32_t>(record, 16)};
    check_data(entries_.emplace(name, entry).second, "{}: occurs twice", place);
    at += all_bytes;
  }
}

const ZipArchive::Entry& ZipArchive::find(const std::string& name) const {
  const auto found = entries_.find(name);
  check_data(found != entries_.end(), "{}: entry {} is missing", path_.string(), name);
  return found->second;
}

std::span<const std::byte> ZipArchive::read(const std::string& name) const {
  const Entry& entry = find(name);
  check_data(crc32(entry.bytes) == entry.crc,
             "{}: entry {}: the checksum does not fit: the file is damaged, or was saved with "
             "checksums turned off",
             path_.string(), name);
  return entry.bytes;
}

std::string ZipArchive::find_in_top_folder(const std::string& name) const {
  std::string found;
  for (const auto& [full, entry] : entries_) {
    const size_t slash = full.find('/');
    if (slash == std::string::npos || full.substr(slash + 1) != name) continue;
    check_data(found.empty(), "{}: both {} and {}: one top folder expected", path_.string(), found,
               full);
    found = full;
  }
  return found;
}

}  // namespace truenext
