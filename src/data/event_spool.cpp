// SPDX-License-Identifier: Apache-2.0
#include "data/event_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace truenext {
namespace {

int open_unnamed(const std::filesystem::path& folder) {
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) {  // not every file system knows unnamed files
    std::string name = (folder / ".truenext-events-XXXXXX").string();
    file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) ::unlink(name.c_str());
  }
  check_data(file >= 0, "{}: cannot create a temporary file there: {}", folder.string(),
             std::strerror(errno));
  return file;
}

}  // namespace

EventSpool::EventSpool(std::filesystem::path folder, uint64_t memory_bytes)
    : folder_(std::move(folder)), memory_bytes_(memory_bytes) {}

EventSpool::~EventSpool() {
  if (file_ >= 0) ::close(file_);
}

EventSpool::EventSpool(EventSpool&& other) noexcept
    : folder_(std::move(other.folder_)),
      memory_bytes_(other.memory_bytes_),
      file_(std::exchange(other.file_, -1)),
      on_disk_(std::exchange(other.on_disk_, 0)),
      size_(std::exchange(other.size_, 0)),
      in_memory_(std::move(other.in_memory_)),
      block_(std::move(other.block_)) {}

EventSpool& EventSpool::operator=(EventSpool&& other) noexcept {
  EventSpool moved(std::move(other));
  std::swap(folder_, moved.folder_);
  std::swap(memory_bytes_, moved.memory_bytes_);
  std::swap(file_, moved.file_);
  std::swap(on_disk_, moved.on_disk_);
  std::swap(size_, moved.size_);
  std::swap(in_memory_, moved.in_memory_);
  std::swap(block_, moved.block_);
  return *this;
}

void EventSpool::finish_block() {
  const uint64_t block_bytes = kBlockEvents * sizeof(EventRecord);
  if (file_ < 0 && (in_memory_.size() + 1) * block_bytes <= memory_bytes_) {
    in_memory_.push_back(std::exchange(block_, {}));
    block_.reserve(kBlockEvents);
    return;
  }
  if (file_ < 0) file_ = open_unnamed(folder_);
  for (auto& block : in_memory_) {
    spill(block);
    block = {};
  }
  in_memory_.clear();
  spill(block_);
  block_.clear();
}

void EventSpool::spill(std::span<const EventRecord> events) {
  const char* data = reinterpret_cast<const char*>(events.data());
  size_t left = events.size_bytes();
  while (left > 0) {
    const ssize_t n = ::write(file_, data, left);
    if (n < 0 && errno == EINTR) continue;
    check_data(n > 0, "{}: cannot write temporary events there: {}", folder_.string(),
               std::strerror(errno));
    data += n;
    left -= static_cast<size_t>(n);
  }
  on_disk_ += static_cast<int64_t>(events.size());
}

int64_t EventSpool::read_back(int64_t first, std::vector<EventRecord>& buffer) const {
  buffer.resize(static_cast<size_t>(std::min<int64_t>(kBlockEvents, on_disk_ - first)));
  char* data = reinterpret_cast<char*>(buffer.data());
  size_t left = buffer.size() * sizeof(EventRecord);
  auto at = static_cast<off_t>(first * static_cast<int64_t>(sizeof(EventRecord)));
  while (left > 0) {
    const ssize_t n = ::pread(file_, data, left, at);
    if (n < 0 && errno == EINTR) continue;
    check_data(n > 0, "{}: cannot read the temporary events back: {}", folder_.string(),
               n < 0 ? std::strerror(errno) : "the file is shorter than what was written");
    data += n;
    at += n;
    left -= static_cast<size_t>(n);
  }
  return static_cast<int64_t>(buffer.size());
}

}  // namespace truenext
