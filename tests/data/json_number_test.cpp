// SPDX-License-Identifier: Apache-2.0
#include "data/json_number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace truenext {
namespace {

struct Case {
  std::string text;
  std::optional<int64_t> number;  ///< nothing: refused
};

TEST(WholeNumber, IsTakenOnlyWhereItFits) {
  for (const Case& c : {Case{"0", 0}, Case{"-7", -7}, Case{"9223372036854775807", INT64_MAX},
                        Case{"-9223372036854775808", INT64_MIN}, Case{"9223372036854775808", {}},
                        Case{"1e30", {}}, Case{"-1e30", {}}, Case{"3.0", {}}, Case{"0.5", {}},
                        Case{"true", {}}, Case{"null", {}}, Case{"\"3\"", {}}, Case{"[3]", {}}}) {
    const auto json = nlohmann::json::parse(c.text);
    if (c.number) {
      EXPECT_EQ(whole_number(json), *c.number) << c.text;
    } else {
      EXPECT_THROW(whole_number(json), nlohmann::json::exception) << c.text;
    }
  }
}

}  // namespace
}  // namespace truenext
