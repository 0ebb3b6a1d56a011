// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/events.h"

namespace truenext {

/// How much of an input is looked at to judge it.
inline constexpr size_t kSampleBytes = size_t{64} << 10;

/// The first lines of `text` (at most 20), blank ones left out, without a last one that may be cut
/// off because the text has kSampleBytes.
std::vector<std::string_view> first_lines(std::string_view text);

/// A format, and on what evidence it was taken.
struct FormatChoice {
  const ReaderInfo* format = nullptr;
  std::string why;
  std::vector<std::string> also_fits;  ///< other formats that read the input
  std::vector<std::string> warnings;

  void write_into(SourceAccount& account) const;
};

/// The first format that the input proves; else the only one that is possible, with a warning. Data
/// Error that names the candidates with their reasons when several are possible, and what speaks
/// against which format when none is.
FormatChoice choose_format(const InputSample& sample);

/// A line cut at blanks and tabs.
std::vector<std::string> tokens_of(std::string_view line);
/// Whether the first of the rows looks like names above the others: usual names of user and item,
/// or words in a column that otherwise has numbers (or texts with digits) only.
bool begins_with_names(const std::vector<std::vector<std::string>>& rows,
                       const ReaderOptions& options);

}  // namespace truenext
