// SPDX-License-Identifier: Apache-2.0
#include "cli/recommend_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/terminal_text.h"

namespace truenext::cli {

std::string list_table(const std::string& score, const std::vector<ListRow>& rows,
                       bool probabilities) {
  size_t width = 4;
  bool titles = false;  // many catalogues have none
  for (const ListRow& row : rows) {
    width = std::max(width, printable(row.item).size());
    titles = titles || !row.title.empty();
  }
  std::string text = fmt::format("{:>4}  {:<{}}  {:>9}{}{}\n", "rank", "item", width, score,
                                 probabilities ? "  probability" : "", titles ? "  title" : "");
  for (const ListRow& row : rows) {
    std::string column;
    if (probabilities) {
      const auto& p = row.probability;
      column = fmt::format("  {:>11}", p ? fmt::format("{:.5f}", *p) : "-");
    }
    text += fmt::format("{:>4}  {:<{}}  {:>9.4f}{}{}{}\n", row.rank, printable(row.item), width,
                        row.score, column, titles ? "  " : "", printable(row.title));
  }
  return text;
}

}  // namespace truenext::cli
