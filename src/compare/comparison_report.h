// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.h"

namespace truenext {

/// Everything a comparison's table and files say.
struct ComparisonReport {
  std::vector<Side> sides;
  ComparisonOptions options;
  std::string result;  ///< "test", "valid", ...
  std::vector<Comparison> comparisons;
};

/// For the terminal, at most 100 columns: a block for each pair, and under it what is random in the
/// test and what follows from that.
std::string comparison_table(const ComparisonReport& report);

/// One line per pair and metric; columns in docs/compare.md.
std::string comparison_csv(const ComparisonReport& report);

/// Indented JSON with a fixed order of keys (docs/compare.md); numbers that do not exist are null.
std::string comparison_json(const ComparisonReport& report);

/// "0.0123", "<.0001"
std::string p_text(double p);

/// A field of a CSV line, in quotes where it must be.
std::string csv_field(const std::string& text);
/// A number with all its digits, nothing for one that does not exist.
std::string csv_number(double value);

}  // namespace truenext
