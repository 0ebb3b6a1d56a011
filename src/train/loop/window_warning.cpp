// SPDX-License-Identifier: Apache-2.0
#include "train/loop/window_warning.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace truenext {
namespace {

constexpr double kWorthAWarning = 0.25;

}  // namespace

OutsideWindow outside_window(const Dataset& dataset, const BatchOptions& options) {
  OutsideWindow outside;
  for (const SplitPoint& split : dataset.splits()) {
    if (split.train_end < 2) continue;
    const int64_t positions = split.train_end - 1;
    const int64_t over = std::max<int64_t>(0, positions - options.max_length);
    ++outside.users;
    outside.cut_users += over > 0 ? 1 : 0;
    outside.positions += positions;
    if (options.window == TrainingWindow::newest) outside.lost_positions += over;
  }
  return outside;
}

std::string window_warning(const OutsideWindow& outside, int64_t max_length) {
  const double share = static_cast<double>(outside.lost_positions) /
                       static_cast<double>(std::max<int64_t>(1, outside.positions));
  if (share <= kWorthAWarning) return "";
  return fmt::format(
      "only the newest {} items of a history are ever trained on: {} of {} users have more, and "
      "{} of {} positions ({:.0f} %) are never an input; a larger model.max_length takes them in, "
      "and train.window = \"random\" draws another stretch of long histories in every epoch",
      max_length, outside.cut_users, outside.users, outside.lost_positions, outside.positions,
      100 * share);
}

void warn_of_lost_positions(const Dataset& dataset, const BatchOptions& options) {
  const std::string text = window_warning(outside_window(dataset, options), options.max_length);
  if (!text.empty()) log_warning("{}", text);
}

}  // namespace truenext
