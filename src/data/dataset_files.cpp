// SPDX-License-Identifier: Apache-2.0
#include "data/dataset_files.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/hash.h"

namespace upnext {
namespace {

/// Bytes on their way into a hash: little-endian numbers, and texts with their length before them.
class Canonical {
 public:
  void add_number(int64_t number) { append(&number, sizeof(number)); }
  void add_text(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    append(&size, sizeof(size));
    append(text.data(), text.size());
  }
  void move_to(Fingerprint& hash) {
    hash.add(std::span<const std::byte>(bytes_));
    bytes_.clear();
  }

 private:
  void append(const void* data, size_t size) {
    const size_t at = bytes_.size();
    bytes_.resize(at + size);
    std::memcpy(bytes_.data() + at, data, size);
  }
  std::vector<std::byte> bytes_;
};

}  // namespace

std::string events_fingerprint(const IdFile& users, const IdFile& items,
                               JaggedView<int32_t> histories, std::span<const int64_t> times) {
  Fingerprint hash;
  Canonical bytes;
  for (const int32_t user : users.sorted()) {
    bytes.add_text(users.raw(user));
    bytes.add_number(histories.row_size(user));
    for (int64_t at = histories.offsets[user]; at < histories.offsets[user + 1]; ++at) {
      bytes.add_text(items.raw(histories.values[at]));
      if (!times.empty()) bytes.add_number(times[at]);
    }
    bytes.move_to(hash);
  }
  return hash.hex();
}

std::string split_fingerprint(const std::string& events, const IdFile& users,
                              std::span<const SplitPoint> split) {
  Fingerprint hash;
  Canonical bytes;
  bytes.add_text(events);
  for (const int32_t user : users.sorted()) {
    const SplitPoint& cut = split[user];
    for (const int64_t at : {cut.train_end, cut.valid_begin, cut.valid_end, cut.test_begin,
                             cut.test_end}) {
      bytes.add_number(at);
    }
  }
  bytes.move_to(hash);
  return hash.hex();
}

nlohmann::ordered_json report_json(const PrepareReport& report) {
  return {{"format", report.format},
          {"lines_skipped", report.lines_skipped},
          {"rounded_times", report.rounded_times},
          {"events_read", report.events_read},
          {"events_below_value", report.events_below_value},
          {"duplicates", report.duplicates},
          {"repeats_dropped", report.repeats_dropped},
          {"events_filtered", report.events_filtered},
          {"filter_passes", report.filter_passes},
          {"users", report.users},
          {"items", report.items},
          {"events", report.events},
          {"ties", report.ties},
          {"users_with_ties", report.users_with_ties},
          {"repeated_pairs", report.repeated_pairs},
          {"time_travel", report.time_travel},
          {"users_without_valid", report.users_without_valid},
          {"users_without_test", report.users_without_test},
          {"titled_items", report.titled_items},
          {"attributes", report.attributes}};
}

}  // namespace upnext
