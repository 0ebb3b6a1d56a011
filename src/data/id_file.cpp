// SPDX-License-Identifier: Apache-2.0
#include "data/id_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace truenext {
namespace {

static_assert(std::endian::native == std::endian::little, "dataset files are little-endian");

constexpr char kMagic[8] = {'U', 'P', 'X', 'I', 'D', 'S', '0', '1'};

struct Header {
  char magic[8];
  int64_t count;
  int64_t text_bytes;
  int64_t sorted_count;  // count, or 0
};

uint64_t padded(uint64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

}  // namespace

void write_id_file(const std::filesystem::path& path, int64_t count,
                   const std::function<std::string_view(int64_t)>& text, bool searchable) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.count = count;
  header.sorted_count = searchable ? count : 0;
  std::vector<int64_t> offsets{0};
  offsets.reserve(static_cast<size_t>(count) + 1);
  for (int64_t id = 0; id < count; ++id) {
    offsets.push_back(offsets.back() + static_cast<int64_t>(text(id).size()));
  }
  header.text_bytes = offsets.back();
  std::vector<int32_t> sorted(static_cast<size_t>(header.sorted_count));
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](int32_t a, int32_t b) { return text(a) < text(b); });

  AtomicFile file(path);
  file.write_array(std::span<const Header>(&header, 1));
  file.write_array(std::span<const int64_t>(offsets));
  for (int64_t id = 0; id < count; ++id) file.write(text(id));
  const auto bytes = static_cast<uint64_t>(header.text_bytes);
  file.write(std::string(padded(bytes) - bytes, '\0'));
  file.write_array(std::span<const int32_t>(sorted));
  file.commit();
}

IdFile::IdFile(const std::filesystem::path& path, int64_t count, bool searchable) : file_(path) {
  const std::string name = path.string();
  const std::span<const std::byte> bytes = file_.bytes();
  Header header{};
  check_data(bytes.size() >= sizeof(header), "{}: {} bytes are too few: the file is truncated",
             name, bytes.size());
  std::memcpy(&header, bytes.data(), sizeof(header));
  check_data(std::memcmp(header.magic, kMagic, sizeof(kMagic)) == 0, "{}: not a file of ids", name);
  check_data(header.count == count && header.sorted_count == (searchable ? count : 0),
             "{}: {} ids, want {} as in dataset.json: the file is damaged", name, header.count,
             count);
  count_ = static_cast<size_t>(count);
  const uint64_t table = (count_ + 1) * sizeof(int64_t);
  const auto text_bytes = static_cast<uint64_t>(header.text_bytes);
  check_data(text_bytes <= bytes.size() &&
                 bytes.size() == sizeof(header) + table + padded(text_bytes) +
                                     static_cast<uint64_t>(header.sorted_count) * sizeof(int32_t),
             "{}: {} bytes do not fit its header: the file is truncated or damaged", name,
             bytes.size());
  const std::byte* at = bytes.data() + sizeof(header);
  offsets_ = {reinterpret_cast<const int64_t*>(at), count_ + 1};
  text_ = reinterpret_cast<const char*>(at + table);
  sorted_ = {reinterpret_cast<const int32_t*>(at + table + padded(text_bytes)),
             static_cast<size_t>(header.sorted_count)};
  check_data(offsets_.front() == 0 && offsets_.back() == header.text_bytes &&
                 std::is_sorted(offsets_.begin(), offsets_.end()),
             "{}: the offsets do not ascend: the file is damaged", name);
  for (size_t i = 0; i < sorted_.size(); ++i) {
    const bool in_range = sorted_[i] >= 0 && sorted_[i] < count;
    check_data(in_range && (i == 0 || raw(sorted_[i - 1]) < raw(sorted_[i])),
               "{}: the order of the ids is wrong: the file is damaged", name);
  }
}

std::optional<int32_t> IdFile::find(std::string_view wanted) const {
  const auto at =
      std::lower_bound(sorted_.begin(), sorted_.end(), wanted,
                       [&](int32_t id, std::string_view text) { return raw(id) < text; });
  if (at == sorted_.end() || raw(*at) != wanted) return std::nullopt;
  return *at;
}

}  // namespace truenext
