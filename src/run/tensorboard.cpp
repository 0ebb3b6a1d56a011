// SPDX-License-Identifier: Apache-2.0
#include "run/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace truenext {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

uint32_t masked_crc(const void* data, size_t size) {
  const uint32_t crc = crc32c(data, size);
  return std::rotr(crc, 15) + 0xA282EAD8u;
}

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_bytes(std::string& out, char tag, const std::string& bytes) {
  out.push_back(tag);
  put_varint(out, bytes.size());
  out += bytes;
}

double now_seconds() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace

uint32_t crc32c(const void* data, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ kCrcTable[(crc ^ bytes[i]) & 0xFF];
  return ~crc;
}

TensorBoardWriter::TensorBoardWriter(const std::filesystem::path& folder, bool fresh)
    : path_(folder / "events.out.tfevents.truenext") {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_TRUNC : 0);
  descriptor_ = ::open(path_.c_str(), flags, 0644);
  check_data(descriptor_ >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  size_ = static_cast<uint64_t>(::lseek(descriptor_, 0, SEEK_END));
  if (size_ > 0) return;
  std::string event;  // wall_time = field 1, file_version = field 3
  event.push_back(0x09);
  put(event, now_seconds());
  put_bytes(event, 0x1A, "brain.Event:2");
  record(event);
}

TensorBoardWriter::~TensorBoardWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void TensorBoardWriter::scalar(const std::string& tag, int64_t step, float value) {
  std::string entry;  // Summary.Value: tag = 1, simple_value = 2
  put_bytes(entry, 0x0A, tag);
  entry.push_back(0x15);
  put(entry, value);
  std::string summary;
  put_bytes(summary, 0x0A, entry);
  std::string event;  // Event: wall_time = 1, step = 2, summary = 5
  event.push_back(0x09);
  put(event, now_seconds());
  event.push_back(0x10);
  put_varint(event, static_cast<uint64_t>(step));
  put_bytes(event, 0x2A, summary);
  record(event);
}

void TensorBoardWriter::cut(uint64_t size) {
  if (size >= size_) return;
  check_data(::ftruncate(descriptor_, static_cast<off_t>(size)) == 0, "{}: cannot shorten: {}",
             path_.string(), std::strerror(errno));
  size_ = size;
}

void TensorBoardWriter::record(const std::string& payload) {
  std::string out;
  put(out, static_cast<uint64_t>(payload.size()));
  put(out, masked_crc(out.data(), sizeof(uint64_t)));
  out += payload;
  put(out, masked_crc(payload.data(), payload.size()));
  write_all(descriptor_, out, path_);
  size_ += out.size();
}

}  // namespace truenext
