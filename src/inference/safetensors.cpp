// SPDX-License-Identifier: Apache-2.0
#include "inference/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "inference/safetensors_header.h"

namespace truenext {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian, so are we");

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own library
constexpr size_t kAlignment = 8;

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// Bytes of the tensor, or a data Error when the product leaves 64 bits.
uint64_t checked_bytes(const SafetensorsHeader::Tensor& tensor, const std::string& where) {
  uint64_t bytes = dtype_size(tensor.dtype);
  for (const int64_t extent : tensor.shape) {
    check_data(!__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes),
               "{}: the shape {} is impossibly large", where, shape_text(tensor.shape));
  }
  return bytes;
}

/// Bytes of a tensor of this shape.
uint64_t shape_bytes(DType dtype, std::span<const int64_t> shape) {
  uint64_t bytes = dtype_size(dtype);
  for (const int64_t extent : shape) bytes *= static_cast<uint64_t>(extent);
  return bytes;
}

/// The ranges must cover the data from first to last byte, once.
void check_cover(const SafetensorsHeader& header, uint64_t data_bytes, const std::string& where) {
  std::vector<std::pair<std::array<uint64_t, 2>, const std::string*>> ranges;
  for (const auto& [name, tensor] : header.tensors) {
    const std::string place = fmt::format("{}: tensor {}", where, name);
    const auto [begin, end] = tensor.range;
    check_data(begin <= end && end <= data_bytes,
               "{}: bytes {} to {} lie outside the data of {} bytes: the file is cut or damaged",
               place, begin, end, data_bytes);
    const uint64_t bytes = checked_bytes(tensor, place);
    check_data(end - begin == bytes, "{}: {} bytes for the shape {} of {}, expected {}", place,
               end - begin, shape_text(tensor.shape), dtype_name(tensor.dtype), bytes);
    ranges.push_back({tensor.range, &name});
  }
  std::sort(ranges.begin(), ranges.end());
  uint64_t covered = 0;
  for (const auto& [range, name] : ranges) {
    check_data(range[0] == covered, "{}: tensor {} begins at byte {}, the one before ends at {}",
               where, *name, range[0], covered);
    covered = range[1];
  }
  check_data(covered == data_bytes, "{}: {} bytes after the last tensor belong to none", where,
             data_bytes - covered);
}

template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, int32_t>) return DType::i32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::i64;
  return DType::u8;
}

}  // namespace

std::string_view dtype_name(DType dtype) {
  static constexpr std::string_view names[] = {"F32", "F64", "I32", "I64", "U8"};
  return names[static_cast<int>(dtype)];
}

size_t dtype_size(DType dtype) {
  static constexpr size_t sizes[] = {4, 8, 4, 8, 1};
  return sizes[static_cast<int>(dtype)];
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  read(file_.bytes());
}

SafetensorsFile::SafetensorsFile(MemoryFile memory)
    : path_(memory.name), owned_(std::move(memory.owned)) {
  std::span<const std::byte> bytes = owned_.empty() ? memory.bytes : owned_;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment != 0) {
    owned_.assign(bytes.begin(), bytes.end());
    bytes = owned_;
  }
  read(bytes);
}

void SafetensorsFile::read(std::span<const std::byte> bytes) {
  content_ = bytes;
  const std::string where = path_.string();
  uint64_t header_bytes = 0;
  check_data(bytes.size() >= sizeof(header_bytes), "{}: {} bytes: not a safetensors file", where,
             bytes.size());
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  const uint64_t rest = bytes.size() - sizeof(header_bytes);
  check_data(header_bytes <= std::min(kMaxHeaderBytes, rest),
             "{}: claims a header of {} bytes in a file of {}: cut, damaged or not a safetensors "
             "file",
             where, header_bytes, bytes.size());
  const std::string_view json(reinterpret_cast<const char*>(bytes.data()) + sizeof(header_bytes),
                              header_bytes);
  SafetensorsHeader header = parse_safetensors_header(json, where);
  const std::span<const std::byte> data = bytes.subspan(sizeof(header_bytes) + header_bytes);
  check_cover(header, data.size(), where);
  metadata_ = std::move(header.metadata);
  for (auto& [name, tensor] : header.tensors) {
    const auto [begin, end] = tensor.range;
    const std::span<const std::byte> values = data.subspan(begin, end - begin);
    const auto address = reinterpret_cast<uintptr_t>(values.data());
    check_data(address % dtype_size(tensor.dtype) == 0,
               "{}: tensor {} is not aligned to its type; write the file anew with a current "
               "safetensors library",
               where, name);
    tensors_[name] = {tensor.dtype, std::move(tensor.shape), values};
  }
}

const StoredTensor& SafetensorsFile::find(const std::string& name, DType dtype) const {
  const auto found = tensors_.find(name);
  check_data(found != tensors_.end(), "{}: tensor {} is missing", path_.string(), name);
  check_data(found->second.dtype == dtype, "{}: tensor {} has the type {}, expected {}",
             path_.string(), name, dtype_name(found->second.dtype), dtype_name(dtype));
  return found->second;
}

std::span<const float> SafetensorsFile::floats(const std::string& name,
                                               std::span<const int64_t> shape) const {
  const StoredTensor& tensor = find(name, DType::f32);
  check_data(std::ranges::equal(tensor.shape, shape), "{}: tensor {} has the shape {}, expected {}",
             path_.string(), name, shape_text(tensor.shape), shape_text(shape));
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

template <typename T>
std::span<const T> SafetensorsFile::vector(const std::string& name) const {
  const StoredTensor& tensor = find(name, dtype_of<T>());
  check_data(tensor.shape.size() == 1, "{}: tensor {} has the shape {}, expected a vector",
             path_.string(), name, shape_text(tensor.shape));
  return {reinterpret_cast<const T*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(T)};
}

template std::span<const float> SafetensorsFile::vector(const std::string&) const;
template std::span<const double> SafetensorsFile::vector(const std::string&) const;
template std::span<const int32_t> SafetensorsFile::vector(const std::string&) const;
template std::span<const int64_t> SafetensorsFile::vector(const std::string&) const;
template std::span<const uint8_t> SafetensorsFile::vector(const std::string&) const;

void SafetensorsWriter::add(std::string name, DType dtype, std::vector<int64_t> shape,
                            std::span<const std::byte> bytes) {
  entries_.push_back({std::move(name), dtype, std::move(shape), bytes, {}});
}

void SafetensorsWriter::add_stream(std::string name, std::vector<int64_t> shape, Source source) {
  entries_.push_back({std::move(name), DType::f32, std::move(shape), {}, std::move(source)});
}

void SafetensorsWriter::add_floats(std::string name, std::vector<int64_t> shape,
                                   std::span<const float> values) {
  add(std::move(name), DType::f32, std::move(shape), std::as_bytes(values));
}

void SafetensorsWriter::set_metadata(std::string key, std::string value) {
  metadata_[std::move(key)] = std::move(value);
}

std::string SafetensorsWriter::header(const std::vector<const Entry*>& order) const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metadata_) json["__metadata__"][key] = value;
  uint64_t offset = 0;
  std::set<std::string> names;
  for (const Entry* entry : order) {
    const uint64_t bytes = shape_bytes(entry->dtype, entry->shape);
    check_data(entry->source || bytes == entry->bytes.size(),
               "tensor {}: {} bytes do not fill the shape {}", entry->name, entry->bytes.size(),
               shape_text(entry->shape));
    check_data(names.insert(entry->name).second && entry->name != "__metadata__",
               "tensor {}: the name is taken", entry->name);
    json[entry->name] = {{"dtype", dtype_name(entry->dtype)},
                         {"shape", entry->shape},
                         {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

void SafetensorsWriter::write_stream(const Entry& entry, AtomicFile& file) {
  uint64_t written = 0;
  entry.source([&](std::span<const std::byte> bytes) {
    file.write(bytes);
    written += bytes.size();
  });
  check_data(written == shape_bytes(entry.dtype, entry.shape),
             "tensor {}: {} bytes do not fill the shape {}", entry.name, written,
             shape_text(entry.shape));
}

void SafetensorsWriter::write(const std::filesystem::path& path) const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return dtype_size(a->dtype) > dtype_size(b->dtype);
  });
  const std::string text = header(order);
  const uint64_t header_bytes = text.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(text);
  for (const Entry* entry : order) {
    if (entry->source) {
      write_stream(*entry, file);
    } else {
      file.write(entry->bytes);
    }
  }
  file.commit();
}

}  // namespace truenext
