// SPDX-License-Identifier: Apache-2.0
#include "inference/safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kMaxRank = 8;
constexpr uint64_t kMaxExtent = uint64_t{1} << 48;

DType parse_dtype(const std::string& name, const std::string& where, const std::string& tensor) {
  for (const DType dtype : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}) {
    if (name == dtype_name(dtype)) return dtype;
  }
  fail_data("{}: tensor {} has the type {}; want F32, F64, I32, I64 or U8", where, tensor, name);
}

/// Events of the JSON parser to a header. Nothing is built for input that does not fit, so neither
/// depth nor size of the text can run away.
class HeaderReader {
 public:
  HeaderReader(SafetensorsHeader& header, const std::string& where)
      : header_(header), where_(where) {}

  bool start_object(size_t) {
    if (++depth_ > 2 || in_array_) refuse("objects nested too deeply");
    if (depth_ == 2) seen_ = {};
    return true;
  }
  bool end_object() {
    if (depth_ == 2 && !in_metadata() && !(seen_.dtype && seen_.shape && seen_.range)) {
      refuse("it needs dtype, shape and data_offsets");
    }
    --depth_;
    return true;
  }
  bool start_array(size_t) {
    if (depth_ != 2 || in_array_ || in_metadata() || field_ == "dtype") refuse("a list");
    in_array_ = true;
    range_count_ = 0;
    return true;
  }
  bool end_array() {
    if (field_ == "data_offsets" && range_count_ != 2) refuse("data_offsets needs two numbers");
    in_array_ = false;
    return true;
  }
  bool key(std::string& text) {
    if (depth_ == 1) {
      name_ = text;
      if (in_metadata() ? metadata_seen_ : !header_.tensors.try_emplace(name_).second) {
        refuse("the name occurs twice");
      }
      metadata_seen_ = metadata_seen_ || in_metadata();
    } else {
      field_ = text;
      if (in_metadata() && header_.metadata.contains(field_)) refuse("a key occurs twice");
      if (!in_metadata()) mark_field();
    }
    return true;
  }
  bool string(std::string& text) {
    if (depth_ == 2 && in_metadata()) {
      header_.metadata[field_] = text;
    } else if (depth_ == 2 && field_ == "dtype" && !in_array_) {
      tensor().dtype = parse_dtype(text, where_, name_);
    } else {
      refuse("a text");
    }
    return true;
  }
  bool number_unsigned(uint64_t value) {
    if (!in_array_ || value > kMaxExtent) refuse(fmt::format("the number {}", value));
    if (field_ == "shape") {
      if (tensor().shape.size() == kMaxRank) refuse("more than 8 dimensions");
      tensor().shape.push_back(static_cast<int64_t>(value));
    } else {
      if (range_count_ == 2) refuse("data_offsets needs two numbers");
      tensor().range[range_count_++] = value;
    }
    return true;
  }
  bool number_integer(int64_t value) { refuse(fmt::format("the number {}", value)); }
  bool number_float(double, const std::string& text) { refuse("the number " + text); }
  bool null() { refuse("null"); }
  bool boolean(bool) { refuse("true or false"); }
  bool binary(std::vector<uint8_t>&) { refuse("bytes"); }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
    fail_data("{}: the header is not JSON at its byte {}: the file is damaged", where_, position);
  }

 private:
  struct Seen {
    bool dtype = false, shape = false, range = false;
  };

  bool in_metadata() const { return name_ == "__metadata__"; }
  SafetensorsHeader::Tensor& tensor() { return header_.tensors[name_]; }

  void mark_field() {
    bool* seen = field_ == "dtype"          ? &seen_.dtype
                 : field_ == "shape"        ? &seen_.shape
                 : field_ == "data_offsets" ? &seen_.range
                                            : nullptr;
    if (seen == nullptr || *seen) refuse("key " + field_);
    *seen = true;
  }
  [[noreturn]] void refuse(const std::string& what) const {
    fail_data("{}: header entry \"{}\": unexpected: {}", where_, name_, what);
  }

  SafetensorsHeader& header_;
  const std::string& where_;
  int depth_ = 0;
  bool in_array_ = false;
  bool metadata_seen_ = false;
  size_t range_count_ = 0;
  Seen seen_;
  std::string name_, field_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& where) {
  SafetensorsHeader header;
  // A bare value, an array or a top-level text never reaches the first object.
  check_data(!json.empty() && json.front() == '{', "{}: the header does not begin with {{: {}",
             where, "this is not a safetensors file");
  HeaderReader reader(header, where);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  return header;
}

}  // namespace truenext
