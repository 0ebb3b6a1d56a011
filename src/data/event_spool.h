// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/full_time.h"

namespace truenext {

/// An event with interned ids.
struct EventRecord {
  int32_t user = 0;
  int32_t item = 0;
  TimeOrder time = 0;
  float value = 1;
};

/// A list of events that is written once and read in order any number of times. It lies in memory
/// up to a limit, and from there on in an unnamed file in `folder`, which vanishes with the spool
/// or with the process, whatever ends it.
class EventSpool {
 public:
  EventSpool(std::filesystem::path folder, uint64_t memory_bytes);
  ~EventSpool();
  EventSpool(EventSpool&& other) noexcept;
  EventSpool& operator=(EventSpool&& other) noexcept;

  void add(const EventRecord& event) {
    if (block_.size() == kBlockEvents) finish_block();
    block_.push_back(event);
    ++size_;
  }
  int64_t size() const { return size_; }

  /// Calls body(std::span<const EventRecord>) on consecutive stretches of the list.
  template <typename Body>
  void for_each_block(Body&& body) const {
    std::vector<EventRecord> buffer;
    for (int64_t at = 0; at < on_disk_;) {
      at += read_back(at, buffer);
      body(std::span<const EventRecord>(buffer));
    }
    for (const auto& block : in_memory_) body(std::span<const EventRecord>(block));
    body(std::span<const EventRecord>(block_));
  }
  template <typename Body>
  void for_each(Body&& body) const {
    for_each_block([&](std::span<const EventRecord> block) {
      for (const EventRecord& event : block) body(event);
    });
  }

 private:
  static constexpr size_t kBlockEvents = size_t{1} << 16;  // 1.5 MiB

  void finish_block();
  void spill(std::span<const EventRecord> events);
  int64_t read_back(int64_t first, std::vector<EventRecord>& buffer) const;

  std::filesystem::path folder_;
  uint64_t memory_bytes_;
  int file_ = -1;
  int64_t on_disk_ = 0;
  int64_t size_ = 0;
  std::vector<std::vector<EventRecord>> in_memory_;
  std::vector<EventRecord> block_;
};

}  // namespace truenext
