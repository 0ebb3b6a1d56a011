// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// A column of the source that became part of the events.
struct TakenColumn {
  std::string role;    ///< user, item, time or value
  std::string name;    ///< by the header, the key, or "field 2"
  std::string sample;  ///< its text in the first row; empty until there is one
};

/// What was taken of a source for what, and on which evidence. It depends on the input and the
/// options alone.
struct SourceAccount {
  std::string why;                     ///< why the format is this one
  std::vector<TakenColumn> columns;    ///< in the order user, item, time, value; what there is
  std::vector<std::string> also_fits;  ///< other readings, a phrase each, with the option to choose
  std::vector<std::string> unused;     ///< names of columns that nothing reads
  std::vector<std::string> passed_over;  ///< lines before the events, a phrase each
  std::vector<std::string> warnings;     ///< what was guessed, a sentence each
  /// Whether the format promises the order of its lines (then missing times are no surprise).
  bool ordered_by_format = false;
};

nlohmann::ordered_json account_json(const SourceAccount& account);

/// `user "userId" = 17, item "itemId" = 501, no time, no value`, every text excerpt().
std::string columns_text(const SourceAccount& account);

/// Texts of a file as a message may show them, in quotes: "a", "b".
std::string shown_names(const std::vector<std::string>& names);

}  // namespace truenext
