// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/attributes.h"
#include "support/test_files.h"

namespace truenext::test {

inline constexpr std::string_view kItems[] = {"1", "2", "x y", "4"};

inline ItemLookup items() {
  const auto find = [](std::string_view id) -> std::optional<int32_t> {
    const auto at = std::find(std::begin(kItems), std::end(kItems), id);
    if (at == std::end(kItems)) return std::nullopt;
    return static_cast<int32_t>(at - std::begin(kItems));
  };
  return {std::size(kItems), [](int64_t item) { return kItems[item]; }, find};
}

/// "1: a b; 2: c" for the items that have attributes.
inline std::string shown(const ItemAttributes& attributes) {
  std::vector<std::string> parts;
  for (int64_t item = 0; item < attributes.rows.size(); ++item) {
    std::vector<std::string_view> names;
    for (const int32_t id : attributes.rows.row(item)) names.push_back(attributes.ids.raw(id));
    if (!names.empty()) parts.push_back(fmt::format("{}: {}", kItems[item], fmt::join(names, " ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

inline AttributeOptions columns(const char* names, const char* separator = "") {
  AttributeOptions options;
  options.columns = names;
  options.separator = separator;
  return options;
}

inline AttributeOptions named(std::optional<std::string> item, std::optional<std::string> attribute,
                              const char* separator = "") {
  AttributeOptions options;
  options.item_column = std::move(item);
  options.attribute_column = std::move(attribute);
  options.separator = separator;
  return options;
}

class AttributeFile : public testing::Test {
 protected:
  ItemAttributes read(const std::string& name, std::string_view text,
                      const AttributeOptions& options = {}) const {
    return read_attributes(folder_.write(name, text), options, items());
  }
  TemporaryFolder folder_;
};

}  // namespace truenext::test
