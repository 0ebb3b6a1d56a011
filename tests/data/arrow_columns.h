// SPDX-License-Identifier: Apache-2.0
// Columns in all types that the reader of Arrow streams takes, and the same as the text of a CSV.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/arrow_frame.h"

namespace truenext::test {

struct ArrowTestColumn {
  std::vector<std::string> csv;
  /// Rows [begin, end) as an array with so many other values before them.
  std::function<FrameArray(size_t begin, size_t end, int64_t offset)> part;
};

template <typename T, typename From>
std::vector<std::optional<T>> taken(const std::vector<From>& values, size_t begin, size_t end) {
  std::vector<std::optional<T>> part;
  for (size_t i = begin; i < end; ++i) part.push_back(static_cast<T>(values[i]));
  return part;
}

template <typename From>
FrameArray numbers_of(const std::string& format, const std::vector<From>& values, size_t begin,
                      size_t end, int64_t offset) {
  const auto as = [&](auto sample) {
    return number_array(format, taken<decltype(sample)>(values, begin, end), offset);
  };
  if (format == "c") return as(int8_t{});
  if (format == "C") return as(uint8_t{});
  if (format == "s") return as(int16_t{});
  if (format == "S") return as(uint16_t{});
  if (format == "I") return as(uint32_t{});
  if (format == "L") return as(uint64_t{});
  if (format == "f") return as(float{});
  if (format == "g") return as(double{});
  if (format == "i" || format == "tdD" || format == "d:9,0,32") return as(int32_t{});
  if (format == "d:38,0" || format == "d:38,0,128") return as(__int128{});
  return as(int64_t{});
}

/// Whole numbers, moments and decimals.
inline ArrowTestColumn numbers(const std::string& format, const std::vector<int64_t>& values,
                               std::vector<std::string> csv = {}) {
  if (csv.empty()) {
    for (const int64_t value : values) csv.push_back(std::to_string(value));
  }
  return {std::move(csv), [=](size_t begin, size_t end, int64_t offset) {
            return numbers_of(format, values, begin, end, offset);
          }};
}

inline ArrowTestColumn reals(const std::string& format, const std::vector<double>& values,
                             std::vector<std::string> csv) {
  return {std::move(csv), [=](size_t begin, size_t end, int64_t offset) {
            return numbers_of(format, values, begin, end, offset);
          }};
}

inline ArrowTestColumn texts(const std::string& format, const std::vector<std::string>& values) {
  return {values, [=](size_t begin, size_t end, int64_t offset) {
            return text_array(format, taken<std::string>(values, begin, end), offset);
          }};
}

inline ArrowTestColumn truths(const std::vector<int>& values, std::vector<std::string> csv) {
  return {std::move(csv), [=](size_t begin, size_t end, int64_t offset) {
            return bit_array(taken<int>(values, begin, end), offset);
          }};
}

/// The same values, the last first, by a dictionary that has them in order.
inline ArrowTestColumn dictionary_of(const std::string& format, const ArrowTestColumn& values) {
  const size_t count = values.csv.size();
  std::vector<int64_t> indices;
  for (size_t i = 0; i < count; ++i) indices.push_back(static_cast<int64_t>(count - 1 - i));
  return {{values.csv.rbegin(), values.csv.rend()}, [=](size_t begin, size_t end, int64_t offset) {
            FrameArray array = numbers_of(format, indices, begin, end, offset);
            array.dictionary = std::make_shared<FrameArray>(values.part(0, count, 3));
            return array;
          }};
}

}  // namespace truenext::test
