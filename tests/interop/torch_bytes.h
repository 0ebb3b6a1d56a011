// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace truenext {

/// Little-endian bytes of a number.
template <typename T>
std::string number_bytes(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

inline std::string float_bytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline uint32_t plain_crc32(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0u);
  }
  return ~crc;
}

/// One entry of a hand-made ZIP file. The fields say what the directory claims.
struct ZipEntry {
  std::string name, bytes;
  uint16_t flags = 0x0808;  ///< data descriptor, UTF-8: as PyTorch writes
  uint16_t method = 0;
  int64_t claimed_size = -1;  ///< -1 = the truth
  int64_t claimed_offset = -1;
  uint32_t crc_error = 0;
};

/// As PyTorch does: no sizes in the local headers, padding in an extra field.
inline std::string zip_bytes(const std::vector<ZipEntry>& entries,
                             const std::string& comment = "") {
  std::string file, directory;
  for (const ZipEntry& entry : entries) {
    const uint32_t offset = static_cast<uint32_t>(file.size());
    const auto name_size = static_cast<uint16_t>(entry.name.size());
    const uint16_t extra = 7;
    file += number_bytes<uint32_t>(0x04034b50) + number_bytes<uint16_t>(0) +
            number_bytes(entry.flags) + number_bytes(entry.method) + std::string(16, '\0') +
            number_bytes(name_size) + number_bytes(extra) + entry.name + std::string(extra, 'Z') +
            entry.bytes;
    const uint32_t size = entry.claimed_size >= 0 ? static_cast<uint32_t>(entry.claimed_size)
                                                  : static_cast<uint32_t>(entry.bytes.size());
    const uint32_t local =
        entry.claimed_offset >= 0 ? static_cast<uint32_t>(entry.claimed_offset) : offset;
    directory += number_bytes<uint32_t>(0x02014b50) + number_bytes<uint32_t>(0) +
                 number_bytes(entry.flags) + number_bytes(entry.method) + std::string(4, '\0') +
                 number_bytes(plain_crc32(entry.bytes) ^ entry.crc_error) + number_bytes(size) +
                 number_bytes(size) + number_bytes(name_size) + std::string(12, '\0') +
                 number_bytes(local) + entry.name;
  }
  const auto count = static_cast<uint16_t>(entries.size());
  const auto at = static_cast<uint32_t>(file.size());
  return file + directory + number_bytes<uint32_t>(0x06054b50) + number_bytes<uint32_t>(0) +
         number_bytes(count) + number_bytes(count) +
         number_bytes(static_cast<uint32_t>(directory.size())) + number_bytes(at) +
         number_bytes(static_cast<uint16_t>(comment.size())) + comment;
}

// ---- pickles ---------------------------------------------------------------------------------

inline std::string pickle_text(const std::string& text) {
  return fmt::format("X{}{}", number_bytes(static_cast<uint32_t>(text.size())), text);
}
inline std::string pickle_int(int64_t value) {
  if (value >= INT32_MIN && value <= INT32_MAX) {
    return fmt::format("J{}", number_bytes(static_cast<int32_t>(value)));
  }
  return fmt::format("\x8a\x08{}", number_bytes(value));
}
inline std::string pickle_float(double value) {
  std::string bytes = number_bytes(value);
  return "G" + std::string(bytes.rbegin(), bytes.rend());
}
inline std::string pickle_tuple(const std::vector<std::string>& items) {
  std::string text = "(";
  for (const std::string& item : items) text += item;
  return text + "t";
}
inline std::string pickle_ints(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(pickle_int(value));
  return pickle_tuple(items);
}
inline const std::string kOrderedDictPickle = "ccollections\nOrderedDict\n)R";

/// `part`: what stands behind the count in files of PyTorch before 1.6, "N" for a whole storage.
inline std::string pickle_storage(const std::string& key, int64_t count,
                                  const std::string& type = "ctorch\nFloatStorage\n",
                                  const std::string& part = "") {
  return pickle_tuple({pickle_text("storage"), type, pickle_text(key), pickle_text("cuda:0"),
                       pickle_int(count), part}) +
         "Q";
}
inline std::string pickle_tensor(const std::string& storage, int64_t offset,
                                 const std::vector<int64_t>& shape,
                                 const std::vector<int64_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n" +
         pickle_tuple({storage, pickle_int(offset), pickle_ints(shape), pickle_ints(strides),
                       "\x89", kOrderedDictPickle}) +
         "R";
}
/// A dict as a value: keys and values, both pickled.
inline std::string pickle_pairs(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string text = "}(";
  for (const auto& [key, value] : entries) text += key + value;
  return text + "u";
}
/// A whole state dict of named values.
inline std::string pickle_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string text = "\x80\x02" + kOrderedDictPickle + "(";
  for (const auto& [name, value] : entries) text += pickle_text(name) + value;
  // BUILD with an attribute dict that holds _metadata, as modules write.
  return text + "u}" + pickle_text("_metadata") + kOrderedDictPickle + "sb.";
}

/// A checkpoint as training loops write it: `model` under `key`, beside an Adam with the tensor
/// `moments`, counters and a metric.
inline std::string pickle_training(const std::string& key, const std::string& model,
                                   const std::string& moments) {
  const std::string state = pickle_pairs(
      {{pickle_int(0),
        pickle_pairs({{pickle_text("step"), pickle_int(7)}, {pickle_text("exp_avg"), moments}})}});
  const std::string group =
      pickle_pairs({{pickle_text("lr"), pickle_float(1e-3)},
                    {pickle_text("betas"), pickle_tuple({pickle_float(0.9), pickle_float(0.999)})},
                    {pickle_text("foreach"), "N"},
                    {pickle_text("params"), "](" + pickle_int(0) + "e"}});
  const std::string optimizer = pickle_pairs(
      {{pickle_text("state"), state}, {pickle_text("param_groups"), "](" + group + "e"}});
  return "\x80\x02" +
         pickle_pairs({{pickle_text("epoch"), pickle_int(12)},
                       {pickle_text("optimizer_state_dict"), optimizer},
                       {pickle_text(key), model},
                       {pickle_text("NDCG@10"), pickle_float(0.1075)}}) +
         ".";
}

/// A checkpoint file with this pickle and these storages.
inline std::string torch_file(const std::string& pickle,
                              const std::vector<std::vector<float>>& storages,
                              const std::string& folder = "archive/") {
  std::vector<ZipEntry> entries = {{folder + "data.pkl", pickle}, {folder + "version", "3\n"}};
  for (size_t i = 0; i < storages.size(); ++i) {
    entries.push_back({folder + "data/" + std::to_string(i), float_bytes(storages[i])});
  }
  return zip_bytes(entries);
}

// ---- the stream of PyTorch before 1.6 ----------------------------------------------------------

/// The pieces of such a file, in their order.
struct TorchStream {
  std::string magic = std::string("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", 15);
  std::string protocol = "\x80\x02M\xe9\x03.";
  std::string machine = "\x80\x02}" + pickle_text("little_endian") + "\x88s.";
  std::string dict;
  std::vector<std::string> keys;
  std::string storages;

  void add_storage(const std::string& key, const std::vector<float>& values) {
    keys.push_back(key);
    storages += number_bytes(static_cast<int64_t>(values.size())) + float_bytes(values);
  }
  std::string key_list() const {
    std::string text = "\x80\x02](";
    for (const std::string& key : keys) text += pickle_text(key);
    return text + "e.";
  }
  std::string bytes() const { return magic + protocol + machine + dict + key_list() + storages; }
};

}  // namespace truenext
